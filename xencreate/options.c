/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getopt_long, and the texts of --help. Defaults are stated in xencreate(8) too. */
#include "config.h"

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS_MAX	  8
#define IN_FLIGHT_DEFAULT 64
#define DESTROY_IN_FLIGHT 32
#define SCRIPTS_DEFAULT	  4
#define TIMEOUT_DEFAULT_S 60

enum {
	OPT_NAME = 256,
	OPT_FIRST,
	OPT_WAIT,
	OPT_READY_NODE,
	OPT_PAUSED,
	OPT_PLACE,
	OPT_KEEP_FREE,
	OPT_IN_FLIGHT,
	OPT_WORKERS,
	OPT_SCRIPTS,
	OPT_TIMEOUT,
	OPT_JSON,
	OPT_TIMINGS,
	OPT_PROGRESS,
	OPT_DRY_RUN,
	OPT_NO_PREFLIGHT,
	OPT_POLICY,
	OPT_HAND_OVER,
	OPT_PROVE_CAPS,
	OPT_RESUME,
	OPT_ROLLBACK,
	OPT_ALL,
	OPT_FROM_POOL,
	OPT_SOCKET,
	OPT_VERSION,
};

static const char create_help[] =
	"Usage: xencreate [OPTION]... CONFIG...\n"
	"       xencreate --from-pool=POOL [OPTION]... [CONFIG]\n"
	"       xencreate --resume|--rollback [OPTION]...\n"
	"       xencreate destroy [OPTION]... NAME|DOMID...\n"
	"       xencreate pool [OPTION]... CONFIG\n"
	"Create many Xen domains from xl.cfg files, several at a time.\n"
	"\n"
	"  -n, --copies=N        make N domains of each CONFIG (1)\n"
	"      --name=PATTERN    call them so: %d number, %05d with zeros, %n the CONFIG's name\n"
	"      --first=K         number of the first copy (1)\n"
	"      --wait=WHAT       a domain is done when it is known to the store daemon (store, or none), has a\n"
	"                        console (console, the default), or has said that it is ready (ready)\n"
	"      --ready-node=PATH node below its own folder by which a guest says so (data/ready)\n"
	"      --paused          leave the domains paused\n"
	"      --place=HOW       pin: each vCPU to one CPU; spread: let each prefer one; free: as Xen likes (free)\n"
	"      --keep-free=CPUS  run no domain of the batch there: 0-1,4\n"
	"      --max-in-flight=N at most N on their way at a time (64)\n"
	"      --workers=N       worker processes (as many as CPUs but one, at most 8)\n"
	"      --max-scripts=N   at most N hotplug scripts, or xl, at a time (4)\n"
	"      --timeout=S       seconds to wait for the store, a console, a guest (60)\n"
	"      --dry-run         say what would be made and what it would take, and make nothing\n"
	"      --no-preflight    begin even if the host has not enough of something\n"
	"      --hand-over=WHAT  a CONFIG that asks for what only xl does is made by xl (yes, the default) or refused (no)\n"
	"      --policy=FILE     limits on event channels (/etc/xen/event-channels.conf, if it is there)\n"
	"      --prove-caps=WHICH try whether the hypervisor keeps these limits: on the first domain with each, and\n"
	"                        on every one where it costs nothing (first), on all, or on none\n"
	"      --from-pool=POOL  take domains that the pool of this name has ready, or any pool that serves the CONFIG\n"
	"                        (auto); see xencreate pool --help\n"
	"      --socket=PATH     where the pool is (/run/xencreate/POOL.sock)\n"
	"      --resume          finish batches that were killed\n"
	"      --rollback        remove what batches that were killed left half made; with --all, also the rest\n"
	"      --json            one JSON object per line and event on standard output\n"
	"      --timings=FILE    write the time that each domain spent in each stage\n"
	"      --progress        show progress even if standard error is no terminal\n"
	"  -q, --quiet           no summary, no progress\n"
	"  -v, --verbose         say more; twice: what the Xen libraries say\n"
	"  -h, --help            this text\n"
	"      --version         the version\n"
	"\n"
	"Exit status: 0 all were made, 3 some, 4 none was begun.\n";

static const char destroy_help[] =
	"Usage: xencreate destroy [OPTION]... NAME|DOMID...\n"
	"Destroy domains, several at a time, and all that the store has of them.\n"
	"NAME may hold the wildcards * ? [...].\n"
	"\n"
	"      --all             every domain but dom0\n"
	"      --max-in-flight=N at most N at a time (32)\n"
	"      --workers=N       worker processes (as many as CPUs but one, at most 8)\n"
	"      --max-scripts=N   at most N hotplug scripts, or xl, at a time (4)\n"
	"      --timeout=S       seconds to wait for the store daemon (60)\n"
	"      --json            one JSON object per line and event on standard output\n"
	"      --timings=FILE    write the time that each domain took\n"
	"      --progress        show progress even if standard error is no terminal\n"
	"  -q, --quiet           no summary, no progress\n"
	"  -v, --verbose         say more; twice: what the Xen libraries say\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit status: 0 all are gone, 3 some, 4 none was begun.\n";

static const struct option create_options[] = {
	{ "copies", required_argument, NULL, 'n' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "first", required_argument, NULL, OPT_FIRST },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "ready-node", required_argument, NULL, OPT_READY_NODE },
	{ "paused", no_argument, NULL, OPT_PAUSED },
	{ "place", required_argument, NULL, OPT_PLACE },
	{ "keep-free", required_argument, NULL, OPT_KEEP_FREE },
	{ "max-in-flight", required_argument, NULL, OPT_IN_FLIGHT },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "max-scripts", required_argument, NULL, OPT_SCRIPTS },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "no-preflight", no_argument, NULL, OPT_NO_PREFLIGHT },
	{ "hand-over", required_argument, NULL, OPT_HAND_OVER },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "prove-caps", required_argument, NULL, OPT_PROVE_CAPS },
	{ "from-pool", required_argument, NULL, OPT_FROM_POOL },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "resume", no_argument, NULL, OPT_RESUME },
	{ "rollback", no_argument, NULL, OPT_ROLLBACK },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "timings", required_argument, NULL, OPT_TIMINGS },
	{ "progress", no_argument, NULL, OPT_PROGRESS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const struct option destroy_options[] = {
	{ "all", no_argument, NULL, OPT_ALL },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "max-in-flight", required_argument, NULL, OPT_IN_FLIGHT },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "max-scripts", required_argument, NULL, OPT_SCRIPTS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "timings", required_argument, NULL, OPT_TIMINGS },
	{ "progress", no_argument, NULL, OPT_PROGRESS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

bool options_number(const char *option, const char *text, unsigned long min, unsigned long max,
		    unsigned long *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || value < min || value > max) {
		fprintf(stderr, "xencreate: %s%s: \"%s\" is not a number from %lu to %lu\n",
			option[1] ? "--" : "-", option, text, min, max);
		return false;
	}
	*out = value;
	return true;
}

static bool wait_of_name(const char *name, enum job_wait *wait)
{
	static const struct {
		const char *name;
		enum job_wait wait;
	} names[] = {
		{ "none", JOB_WAIT_STORE },
		{ "store", JOB_WAIT_STORE },
		{ "console", JOB_WAIT_CONSOLE },
		{ "ready", JOB_WAIT_READY },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i].name, name)) {
			*wait = names[i].wait;
			return true;
		}
	}
	fprintf(stderr, "xencreate: --wait: \"%s\" is none of store, console, ready, none\n", name);
	return false;
}

static bool proof_of_name(const char *name, enum proof_which *prove)
{
	static const char *const names[] = {
		[PROOF_FIRST] = "first",
		[PROOF_ALL] = "all",
		[PROOF_NONE] = "none",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], name)) {
			*prove = (enum proof_which)i;
			return true;
		}
	}
	fprintf(stderr, "xencreate: --prove-caps: \"%s\" is none of first, all, none\n", name);
	return false;
}

/* A node below the domain's folder: no way out of it. */
static bool relative_node(const char *path)
{
	if (*path && *path != '/' && !strstr(path, "..") && strlen(path) < 200)
		return true;
	fprintf(stderr, "xencreate: --ready-node: \"%s\" is no path below a domain's folder\n",
		path);
	return false;
}

unsigned int options_workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN) - 1;

	return n < 0 ? 0 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned int)n;
}

static void defaults(struct options *options, size_t max_in_flight)
{
	*options = (struct options){
		.n_copies = 1,
		.first = 1,
		.batch = {
			.n_workers = options_workers(),
			.max_in_flight = max_in_flight,
			.max_scripts = SCRIPTS_DEFAULT,
			.wait = JOB_WAIT_CONSOLE,
			.ready_node = OPTIONS_READY_NODE,
			.timeout_ms = TIMEOUT_DEFAULT_S * 1000,
			.progress = isatty(STDERR_FILENO),
		},
	};
}

/* The options that are a number. Returns whether it was fine. */
static bool take_number(struct options *options, int letter, const char *name, const char *argument)
{
	unsigned long value = 0;
	bool good;

	switch (letter) {
	case 'n':
		good = options_number(name, argument, 1, 32751, &value);
		options->n_copies = (unsigned int)value;
		return good;
	case OPT_FIRST:
		good = options_number(name, argument, 0, INT_MAX, &value);
		options->first = (unsigned int)value;
		return good;
	case OPT_IN_FLIGHT:
		good = options_number(name, argument, 1, 4096, &value);
		options->batch.max_in_flight = value;
		return good;
	case OPT_WORKERS:
		good = options_number(name, argument, 0, 64, &value);
		options->batch.n_workers = (unsigned int)value;
		return good;
	case OPT_SCRIPTS:
		good = options_number(name, argument, 1, 1024, &value);
		options->batch.max_scripts = value;
		return good;
	case OPT_TIMEOUT:
		good = options_number(name, argument, 1, 86400, &value);
		options->batch.timeout_ms = value * 1000;
		return good;
	default:
		return false; /* getopt has said what is wrong */
	}
}

static bool taken(int r, const char *name, const char *argument, const char *what)
{
	if (r < 0)
		fprintf(stderr, "xencreate: --%s: \"%s\" %s\n", name, argument, what);
	return !r;
}

bool options_batch_word(struct batch_options *batch, const char *name, const char *argument)
{
	if (!strcmp(name, "place"))
		return taken(place_mode_of(&batch->place.mode, argument), name, argument,
			     "is none of free, pin, spread");
	if (!strcmp(name, "keep-free"))
		return taken(cpus_parse(&batch->place.keep_free, argument), name, argument,
			     "is no set of CPUs");
	return proof_of_name(argument, &batch->prove);
}

/* The options that are a word. */
static bool take_word(struct options *options, int letter, const char *name, const char *argument)
{
	switch (letter) {
	case OPT_NAME:
		options->pattern = argument;
		return true;
	case OPT_WAIT:
		return wait_of_name(argument, &options->batch.wait);
	case OPT_READY_NODE:
		options->batch.ready_node = argument;
		return relative_node(argument);
	case OPT_PLACE:
	case OPT_KEEP_FREE:
	case OPT_PROVE_CAPS:
		return options_batch_word(&options->batch, name, argument);
	case OPT_FROM_POOL:
		options->from_pool = argument;
		return true;
	case OPT_SOCKET:
		options->socket_path = argument;
		return true;
	case OPT_TIMINGS:
		options->batch.timings_path = argument;
		return true;
	case OPT_POLICY:
		options->policy_path = argument;
		return true;
	case OPT_HAND_OVER:
		options->no_hand_over = !strcmp(argument, "no");
		return taken(!options->no_hand_over && strcmp(argument, "yes") ? -EINVAL : 0, name,
			     argument, "is neither yes nor no");
	default:
		return take_number(options, letter, name, argument);
	}
}

static bool take(struct options *options, int letter, const char *name, const char *argument)
{
	const struct {
		int letter;
		bool *flag;
	} flags[] = {
		{ OPT_PAUSED, &options->batch.paused },
		{ OPT_JSON, &options->batch.json },
		{ OPT_PROGRESS, &options->batch.progress },
		{ OPT_DRY_RUN, &options->dry_run },
		{ OPT_NO_PREFLIGHT, &options->no_preflight },
		{ OPT_RESUME, &options->resume },
		{ OPT_ROLLBACK, &options->rollback },
		{ OPT_ALL, &options->all },
		{ 'q', &options->batch.quiet },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].letter != letter)
			continue;
		*flags[i].flag = true;
		options->batch.progress &= !options->batch.quiet;
		return true;
	}
	if (letter == 'v') {
		options->verbosity++;
		return true;
	}
	return take_word(options, letter, name, argument);
}

static enum options_outcome read_all(struct options *options, int argc, char **argv,
				     const char *letters, const struct option *longs,
				     const char *help)
{
	int letter, index = 0;

	optind = 1;
	while ((letter = getopt_long(argc, argv, letters, longs, &index)) != -1) {
		if (letter == 'h') {
			fputs(help, stdout);
			return OPTIONS_DONE;
		}
		if (letter == OPT_VERSION) {
			printf("xencreate (xenscale) %s\n", PACKAGE_VERSION);
			return OPTIONS_DONE;
		}
		if (!take(options, letter,
			  letter < 256 ? (char[]){ (char)letter, '\0' } : longs[index].name,
			  optarg))
			return OPTIONS_WRONG;
	}
	options->arguments = argv + optind;
	options->n_arguments = (size_t)(argc - optind);
	return OPTIONS_GO;
}

static bool check_create(const struct options *options)
{
	bool recovering = options->resume || options->rollback;

	if (options->resume && options->rollback)
		fprintf(stderr, "xencreate: either --resume or --rollback\n");
	else if (recovering && options->n_arguments)
		fprintf(stderr,
			"xencreate: --resume and --rollback know the CONFIGs from the journal\n");
	else if (options->all && !options->rollback)
		fprintf(stderr, "xencreate: --all belongs to --rollback\n");
	else if (options->socket_path && !options->from_pool)
		fprintf(stderr, "xencreate: --socket belongs to --from-pool\n");
	else if (options->from_pool && (recovering || options->n_arguments > 1))
		fprintf(stderr, "xencreate: --from-pool takes domains of one CONFIG\n");
	else if (!recovering && !options->from_pool && !options->n_arguments)
		fprintf(stderr, "xencreate: no CONFIG is given; --help says how to use this\n");
	else
		return true;
	return false;
}

enum options_outcome options_create(struct options *options, int argc, char **argv)
{
	enum options_outcome outcome;

	defaults(options, IN_FLIGHT_DEFAULT);
	outcome = read_all(options, argc, argv, "n:qvh", create_options, create_help);
	if (outcome == OPTIONS_GO && !check_create(options))
		return OPTIONS_WRONG;
	return outcome;
}

enum options_outcome options_destroy(struct options *options, int argc, char **argv)
{
	enum options_outcome outcome;

	defaults(options, DESTROY_IN_FLIGHT);
	outcome = read_all(options, argc, argv, "qvh", destroy_options, destroy_help);
	if (outcome == OPTIONS_GO && options->all == !!options->n_arguments) {
		fprintf(stderr, "xencreate: destroy: either --all or the domains to destroy\n");
		return OPTIONS_WRONG;
	}
	return outcome;
}
