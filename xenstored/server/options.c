/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of both generations of Xen's own daemon, so that every start script keeps working.
 * Those that mean nothing here are accepted and said to be without effect.
 */
#include "config.h"

#include "server/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/trace.h"
#include "server/conffile.h"

enum {
	OPT_KVA_PATH = 256,
	OPT_PORT_PATH,
	OPT_PRIV_DOMID,
	OPT_MASTER_DOMID,
	OPT_EVENT,
	OPT_TRACE_CONTROL,
	OPT_VERSION,
	OPT_STATE_DIR,
	OPT_NO_STATE,
	OPT_JOURNAL_SIZE,
	OPT_FRESH,
	OPT_RECOVER,
	OPT_RING_SCAN,
	OPT_ACCESS_LOG,
	OPT_NO_ACCESS_LOG,
	OPT_READ_ONLY_SOCKET,
	OPT_CONFIG_FILE,
	OPT_CONFIG_TEST,
	OPT_IGNORED,
};

static const char usage[] =
	"Usage: xenstored [OPTION]...\n"
	"Serves the XenStore to the domains of this host and to programs over a socket.\n"
	"\n"
	"Running:\n"
	"  -N, --no-fork               stay in the foreground\n"
	"  -F, --pid-file FILE         write the process id there, and hold a lock on it\n"
	"  -P, --output-pid            print the process id\n"
	"  -D, --no-domain-init        serve the socket only, without a hypervisor\n"
	"      --kva-path FILE         dom0's ring (default /proc/xen/xsd_kva)\n"
	"      --port-path FILE        its event channel (default /proc/xen/xsd_port)\n"
	"  -K, --keep-orphans          give the nodes of dead domains to dom0, do not remove them\n"
	"      --ring-scan S           look every S seconds whether guests have asked without an event\n"
	"                              (0: never)\n"
	"  -V, --verbose               say more\n"
	"  -T, --trace-file FILE       write every request and answer there\n"
	"      --trace-control [+-]WHAT  switch obj, io, wrl, acc or tdb on or off in it\n"
	"      --access-log TO         write who changes what to a file, which is rotated, or to\n"
	"                              syslog:FACILITY\n"
	"      --no-access-log         not even if the configuration file says so\n"
	"      --read-only-socket FILE serve programs there that only ask\n"
	"      --config-file FILE      read settings in the form of oxenstored.conf\n"
	"      --config-test           say whether options and settings make sense, and which are not\n"
	"                              needed, and exit\n"
	"  -H, --help                  show this and exit\n"
	"      --version               show the version and exit\n"
	"\n"
	"What outlives the daemon, however it ends:\n"
	"      --state-dir DIR         keep it there (default: state in the run directory)\n"
	"      --no-state              keep nothing\n"
	"      --journal-size N        begin a new image when the journal has N bytes (default: the\n"
	"                              size of two images, 4 MiB at least)\n"
	"      --fresh                 set aside what was kept, begin with an empty store\n"
	"      --recover               use what is left of a state that is damaged\n"
	"\n"
	"By \"xenstore-control live-update\" only (xenscale live update, any xenstored of Xen 4.17 or\n"
	"later):\n"
	"  -U, --live-update           take over from the daemon that was in this process before\n"
	"\n"
	"Limits for each guest (0 lifts a limit):\n"
	"  -E, --entry-nb N            nodes (1000)\n"
	"  -S, --entry-size N          bytes of a node (2048)\n"
	"  -W, --watch-nb N            watches (128)\n"
	"  -t, --transaction N         open transactions (10)\n"
	"  -A, --perm-nb N             permissions of a node (5)\n"
	"  -M, --path-max N            bytes of a path (2048)\n"
	"  -Q, --quota WHAT=N          any of: nodes, watches, outstanding, memory, transactions,\n"
	"                              transaction-nodes, node-permissions, path-max, node-size,\n"
	"                              time (microseconds of processing per second; no limit);\n"
	"                              of a program: client-watches (262144),\n"
	"                              client-transactions (1024)\n"
	"  -q, --quota-soft memory=N   warn from there on (2097152)\n"
	"  -w, --timeout watch-event=S drop events that a guest leaves unread for S seconds (20;\n"
	"                              0: never)\n"
	"\n"
	"Accepted for start scripts of Xen's own daemon, without effect here:\n"
	"  -I, --internal-db[=on|off]  -R, --no-recovery\n"
	"      --priv-domid N  --master-domid N  --event N  --restart  --reraise-top-level\n"
	"\n"
	"Environment: XENSTORED_RUNDIR (default /run/xenstored), XENSTORED_PATH (the socket).\n";

static const struct option long_options[] = {
	{ "no-domain-init", no_argument, NULL, 'D' },
	{ "entry-nb", required_argument, NULL, 'E' },
	{ "pid-file", required_argument, NULL, 'F' },
	{ "help", no_argument, NULL, 'H' },
	{ "internal-db", optional_argument, NULL, 'I' },
	{ "keep-orphans", no_argument, NULL, 'K' },
	{ "no-fork", no_argument, NULL, 'N' },
	{ "output-pid", no_argument, NULL, 'P' },
	{ "entry-size", required_argument, NULL, 'S' },
	{ "trace-file", required_argument, NULL, 'T' },
	{ "no-recovery", no_argument, NULL, 'R' },
	{ "verbose", no_argument, NULL, 'V' },
	{ "watch-nb", required_argument, NULL, 'W' },
	{ "transaction", required_argument, NULL, 't' },
	{ "perm-nb", required_argument, NULL, 'A' },
	{ "path-max", required_argument, NULL, 'M' },
	{ "quota", required_argument, NULL, 'Q' },
	{ "quota-soft", required_argument, NULL, 'q' },
	{ "timeout", required_argument, NULL, 'w' },
	{ "live-update", no_argument, NULL, 'U' },
	{ "kva-path", required_argument, NULL, OPT_KVA_PATH },
	{ "port-path", required_argument, NULL, OPT_PORT_PATH },
	{ "priv-domid", required_argument, NULL, OPT_PRIV_DOMID },
	{ "master-domid", required_argument, NULL, OPT_MASTER_DOMID },
	{ "event", required_argument, NULL, OPT_EVENT },
	{ "trace-control", required_argument, NULL, OPT_TRACE_CONTROL },
	{ "access-log", required_argument, NULL, OPT_ACCESS_LOG },
	{ "no-access-log", no_argument, NULL, OPT_NO_ACCESS_LOG },
	{ "read-only-socket", required_argument, NULL, OPT_READ_ONLY_SOCKET },
	{ "ring-scan", required_argument, NULL, OPT_RING_SCAN },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "no-state", no_argument, NULL, OPT_NO_STATE },
	{ "journal-size", required_argument, NULL, OPT_JOURNAL_SIZE },
	{ "fresh", no_argument, NULL, OPT_FRESH },
	{ "recover", no_argument, NULL, OPT_RECOVER },
	{ "config-file", required_argument, NULL, OPT_CONFIG_FILE },
	{ "config-test", no_argument, NULL, OPT_CONFIG_TEST },
	{ "restart", no_argument, NULL, OPT_IGNORED },
	{ "reraise-top-level", no_argument, NULL, OPT_IGNORED },
	{ NULL, 0, NULL, 0 },
};

bool options_number(const char *text, uint32_t *out)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *end || end == text || text[0] == '-' || v >= UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool set_limit(struct options *options, bool soft, enum quota_item item, const char *text)
{
	options->set[soft][item] = true;
	return options_number(text, &options->limit[soft][item]);
}

/* "what=n" */
static bool set_quota(struct options *options, bool soft, const char *text)
{
	static const struct {
		const char *name;
		enum quota_item item;
	} other_names[] = {
		{ "permissions", QUOTA_NODE_PERMS },
		{ "path-length", QUOTA_PATH },
	};
	const char *eq = strchr(text, '=');
	size_t len = eq ? (size_t)(eq - text) : 0;

	if (!eq)
		return false;
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		if (strlen(quota_names[i].name) == len &&
		    strncmp(quota_names[i].name, text, len) == 0)
			return (!soft || i == QUOTA_MEMORY) && set_limit(options, soft, i, eq + 1);
	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++)
		if (!soft && strlen(other_names[i].name) == len &&
		    strncmp(other_names[i].name, text, len) == 0)
			return set_limit(options, soft, other_names[i].item, eq + 1);
	return false;
}

static bool set_timeout(struct options *options, const char *text)
{
	static const char name[] = "watch-event=";

	return strncmp(text, name, sizeof(name) - 1) == 0 &&
	       options_number(text + sizeof(name) - 1, &options->watch_timeout_s);
}

/* Options that carry a limit. */
static bool limit_option(struct options *options, int c, const char *arg)
{
	switch (c) {
	case 'E':
		return set_limit(options, false, QUOTA_NODES, arg);
	case 'S':
		return set_limit(options, false, QUOTA_NODE_SIZE, arg);
	case 'W':
		return set_limit(options, false, QUOTA_WATCHES, arg);
	case 't':
		return set_limit(options, false, QUOTA_TRANSACTIONS, arg);
	case 'A':
		return set_limit(options, false, QUOTA_NODE_PERMS, arg);
	case 'M':
		return set_limit(options, false, QUOTA_PATH, arg);
	case 'Q':
		return set_quota(options, false, arg);
	case 'q':
		return set_quota(options, true, arg);
	default:
		return set_timeout(options, arg);
	}
}

/* A live update puts another folder in its place, under its own name: that has to be the last part.
 */
static bool set_state_dir(struct options *options, const char *arg)
{
	char *dir = options->state_dir;
	size_t len = (size_t)snprintf(dir, sizeof(options->state_dir), "%s", arg);

	if (len >= sizeof(options->state_dir))
		return false;
	while (len > 1 && (dir[len - 1] == '/' || (dir[len - 1] == '.' && dir[len - 2] == '/')))
		dir[--len] = '\0';
	return true;
}

static bool state_option(struct options *options, int c, const char *arg)
{
	switch (c) {
	case OPT_STATE_DIR:
		return set_state_dir(options, arg);
	case OPT_NO_STATE:
		options->no_state = true;
		return true;
	case OPT_JOURNAL_SIZE:
		return options_number(arg, &options->journal_bytes);
	case OPT_FRESH:
		options->fresh = true;
		return true;
	case OPT_RECOVER:
		options->recover = true;
		return true;
	default:
		return false;
	}
}

static bool log_option(struct options *options, int c, char *arg)
{
	switch (c) {
	case 'T':
		options->trace_file = arg;
		return true;
	case OPT_TRACE_CONTROL:
		options->trace_control = arg;
		return trace_set_switch(&(struct trace){ .fd = -1 }, arg) == 0;
	case OPT_ACCESS_LOG:
		options->access.sink.to = arg;
		return sink_is_known(arg);
	case OPT_NO_ACCESS_LOG:
		options->no_access_log = true;
		return true;
	default:
		return false;
	}
}

/* Returns false for one that is unknown. */
static bool plain_option(struct options *options, int c, char *arg)
{
	switch (c) {
	case 'D':
		options->no_domain_init = true;
		return true;
	case 'F':
		options->pid_file = arg;
		return true;
	case 'K':
		options->keep_orphans = true;
		return true;
	case 'N':
		options->foreground = true;
		return true;
	case 'P':
		options->output_pid = true;
		return true;
	case 'V':
		options->log_level = LOG_LEVEL_DEBUG;
		return true;
	case OPT_KVA_PATH:
		options->kva_path = arg;
		return true;
	case OPT_PORT_PATH:
		options->port_path = arg;
		return true;
	case 'U':
		options->live_update = true;
		return true;
	case 'I':
	case 'R':
	case OPT_PRIV_DOMID:
	case OPT_MASTER_DOMID:
	case OPT_EVENT:
	case OPT_IGNORED:
		return true;
	case OPT_READ_ONLY_SOCKET:
		options->read_only_path = arg;
		return *arg && strlen(arg) < sizeof(options->socket_path);
	case OPT_RING_SCAN:
		return options_number(arg, &options->ring_scan_s);
	case OPT_CONFIG_TEST:
		options->config_test = true;
		return true;
	default:
		return false;
	}
}

static bool set_paths(struct options *options)
{
	const char *run_dir = getenv("XENSTORED_RUNDIR");
	const char *socket_path = getenv("XENSTORED_PATH");
	int n;

	n = snprintf(options->run_dir, sizeof(options->run_dir), "%s",
		     run_dir && *run_dir ? run_dir : "/run/xenstored");
	if (n >= (int)sizeof(options->run_dir))
		return false;
	if (socket_path && *socket_path)
		n = snprintf(options->socket_path, sizeof(options->socket_path), "%s", socket_path);
	else
		n = snprintf(options->socket_path, sizeof(options->socket_path), "%s/socket",
			     options->run_dir);
	snprintf(options->state_dir, sizeof(options->state_dir), "%s/state", options->run_dir);
	return n < (int)sizeof(options->socket_path);
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], word))
			return true;
	return false;
}

/*
 * What has been said is wrong. Xen's daemon calls the next one without a trial, and cannot take
 * back the store that it has given away: then a slip in an argument must not end it. Of a trial,
 * the last line is what the operator gets to see.
 *
 * Return: an exit status, or -1: go on.
 */
static int wrong(int argc, char **argv)
{
	if (has_word(argc, argv, "--config-test"))
		return 2;
	if (has_word(argc, argv, "-U") || has_word(argc, argv, "--live-update")) {
		fprintf(stderr, "xenstored: ignored: there is a store to take over\n");
		return -1;
	}
	fprintf(stderr, "xenstored: --help lists the options\n");
	return 2;
}

/* A test says of each setting what becomes of it, unless it is the trial before a live update. */
static bool explains(int argc, char **argv)
{
	return has_word(argc, argv, "--config-test") && !has_word(argc, argv, "-U") &&
	       !has_word(argc, argv, "--live-update");
}

int options_parse(struct options *options, int argc, char **argv)
{
	int c;

	*options = (struct options){
		.argc = argc,
		.argv = argv,
		.kva_path = "/proc/xen/xsd_kva",
		.port_path = "/proc/xen/xsd_port",
		.watch_timeout_s = 20,
		.log_level = LOG_LEVEL_INFO,
		/* What oxenstored's are. */
		.access = { .sink = { .n_files = 20, .n_lines = 13215, .n_chars = 180 } },
		.log = { .n_files = 10, .n_lines = 13215 },
	};
	if (!set_paths(options)) {
		fprintf(stderr, "xenstored: XENSTORED_RUNDIR or XENSTORED_PATH is too long\n");
		return 2;
	}
	while ((c = getopt_long(argc, argv, "DE:F:HI::KNPS:T:RVW:t:A:M:Q:q:w:U", long_options,
				NULL)) != -1) {
		if (c == 'H') {
			fputs(usage, stdout);
			return 0;
		}
		if (c == OPT_VERSION) {
			puts("xenstored (xenscale) " PACKAGE_VERSION);
			return 0;
		}
		if (plain_option(options, c, optarg) || state_option(options, c, optarg) ||
		    log_option(options, c, optarg))
			continue;
		if (c == OPT_CONFIG_FILE) {
			if (conffile_read(options, optarg, explains(argc, argv)) < 0 &&
			    wrong(argc, argv) > 0)
				return 2;
			continue;
		}
		if (c == '?' || !limit_option(options, c, optarg)) {
			if (c != '?')
				fprintf(stderr, "xenstored: bad argument \"%s\"\n", optarg);
			if (wrong(argc, argv) > 0)
				return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "xenstored: unexpected argument \"%s\"\n", argv[optind]);
		if (wrong(argc, argv) > 0)
			return 2;
	}
	if (options->no_access_log)
		options->access.sink.to = NULL;
	/* What there is to take over is tried, too: see main.c. */
	if (!options->config_test || options->live_update)
		return -1;
	return options->n_unknown ? 2 : 0;
}

void options_deinit(struct options *options)
{
	free(options->config);
}
