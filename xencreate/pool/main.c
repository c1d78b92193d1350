/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getopt_long again: most options of a creation mean nothing to a pool. */
#include "config.h"

#include "pool/main.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"
#include "pool/figures.h"
#include "pool/pool.h"
#include "pool/take.h"

#define SIZE_DEFAULT	  4
#define SIZE_MAX_	  1000
#define RATE_DEFAULT	  20
#define SETTLE_DEFAULT_MS 200
#define HEADROOM_DEFAULT  64
#define IN_FLIGHT_DEFAULT 2
#define TIMEOUT_DEFAULT_S 60
#define SCRIPTS_AT_A_TIME 4
#define STATUS_GOOD	  0
#define STATUS_REFUSED	  4

enum {
	OPT_NAME = 256,
	OPT_SIZE,
	OPT_RATE,
	OPT_SETTLE,
	OPT_HEADROOM,
	OPT_LIFETIME,
	OPT_KEEP,
	OPT_SOCKET,
	OPT_STATUS,
	OPT_DRAIN,
	OPT_RESIZE,
	OPT_OPENMETRICS,
	OPT_JSON,
	OPT_PLACE,
	OPT_KEEP_FREE,
	OPT_IN_FLIGHT,
	OPT_WORKERS,
	OPT_TIMEOUT,
	OPT_NO_PREFLIGHT,
	OPT_POLICY,
	OPT_PROVE_CAPS,
};

static const char pool_help[] =
	"Usage: xencreate pool [OPTION]... CONFIG\n"
	"       xencreate pool --status|--drain|--resize=N [OPTION]... NAME\n"
	"Keep domains ready that are made by CONFIG, whole and paused, for --from-pool.\n"
	"\n"
	"      --name=NAME       what the pool is called (as the CONFIG calls its domain)\n"
	"      --size=N          so many are to be ready (4)\n"
	"      --rate=N          begin at most N a second, 0: as fast as it goes (20)\n"
	"      --settle=MS       begin none while the last was taken less than so long ago (200)\n"
	"      --headroom=MIB    memory of the host that is left alone (64)\n"
	"      --lifetime=S      one that was ready for so long is made anew (0: never)\n"
	"      --keep            when it ends, leave the domains to the next process\n"
	"      --socket=PATH     where takers come (/run/xencreate/NAME.sock)\n"
	"      --place=HOW       pin, spread or free, as for a batch (free)\n"
	"      --keep-free=CPUS  run none of them there: 0-1,4\n"
	"      --max-in-flight=N at most N on their way at a time (2)\n"
	"      --workers=N       worker processes (1, or 0 on a domain 0 with one CPU)\n"
	"      --timeout=S       seconds to wait for the store and a console (60)\n"
	"      --no-preflight    begin even if the host has not enough of something for all of them\n"
	"      --policy=FILE     limits on event channels (/etc/xen/event-channels.conf, if it is there)\n"
	"      --prove-caps=WHICH try whether the hypervisor keeps these limits: first, all or none (first)\n"
	"      --status          say how the pool NAME is\n"
	"      --json            in one JSON object\n"
	"      --openmetrics     as metrics\n"
	"      --drain           have the pool NAME end, and its domains removed\n"
	"      --resize=N        have the pool NAME keep N ready from now on\n"
	"  -v, --verbose         say more; twice: what the Xen libraries say\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit status: 0 all is well, 4 the pool could not be begun, or there is none.\n";

static const struct option pool_options[] = {
	{ "name", required_argument, NULL, OPT_NAME },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "headroom", required_argument, NULL, OPT_HEADROOM },
	{ "lifetime", required_argument, NULL, OPT_LIFETIME },
	{ "keep", no_argument, NULL, OPT_KEEP },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "place", required_argument, NULL, OPT_PLACE },
	{ "keep-free", required_argument, NULL, OPT_KEEP_FREE },
	{ "max-in-flight", required_argument, NULL, OPT_IN_FLIGHT },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "no-preflight", no_argument, NULL, OPT_NO_PREFLIGHT },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "prove-caps", required_argument, NULL, OPT_PROVE_CAPS },
	{ "status", no_argument, NULL, OPT_STATUS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "openmetrics", no_argument, NULL, OPT_OPENMETRICS },
	{ "drain", no_argument, NULL, OPT_DRAIN },
	{ "resize", required_argument, NULL, OPT_RESIZE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct command {
	struct pool_options pool;
	bool status, drain, json, openmetrics;
	long resize; /* -1: not asked for */
	unsigned int verbosity;
};

/* The options that are a number: which, in what bounds, and where it goes, in what unit. */
static bool take_number(struct command *command, int letter, const char *name, const char *argument)
{
	struct pool_options *pool = &command->pool;
	const struct {
		int letter;
		unsigned long max;
		uint64_t unit, *to;
	} rows[] = {
		{ OPT_SETTLE, 3600000, 1000, &pool->refill.quiet_us },
		{ OPT_HEADROOM, 1UL << 30, 1024, &pool->refill.headroom_kib },
		{ OPT_LIFETIME, 31536000, 1000000, &pool->lifetime_us },
		{ OPT_TIMEOUT, 86400, 1000, &pool->batch.timeout_ms },
	};
	unsigned long value = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].letter != letter)
			continue;
		if (!options_number(name, argument, 0, rows[i].max, &value))
			return false;
		*rows[i].to = value * rows[i].unit;
		return true;
	}
	if (!options_number(name, argument, letter == OPT_IN_FLIGHT,
			    letter == OPT_WORKERS ? 64 : SIZE_MAX_, &value))
		return false;
	if (letter == OPT_SIZE)
		pool->refill.size = value;
	else if (letter == OPT_RATE)
		pool->refill.interval_us = value ? 1000000 / value : 0;
	else if (letter == OPT_IN_FLIGHT)
		pool->refill.max_in_flight = value;
	else if (letter == OPT_WORKERS)
		pool->batch.n_workers = (unsigned int)value;
	else
		command->resize = (long)value;
	return true;
}

static bool take(struct command *command, int letter, const char *name, const char *argument)
{
	struct pool_options *pool = &command->pool;

	switch (letter) {
	case OPT_NAME:
		pool->name = argument;
		return true;
	case OPT_SOCKET:
		pool->socket_path = argument;
		return true;
	case OPT_POLICY:
		pool->policy_path = argument;
		return true;
	case OPT_KEEP:
		return pool->keep = true;
	case OPT_NO_PREFLIGHT:
		return pool->no_preflight = true;
	case OPT_STATUS:
		return command->status = true;
	case OPT_DRAIN:
		return command->drain = true;
	case OPT_JSON:
		return command->json = true;
	case OPT_OPENMETRICS:
		return command->openmetrics = true;
	case OPT_PLACE:
	case OPT_KEEP_FREE:
	case OPT_PROVE_CAPS:
		return options_batch_word(&pool->batch, name, argument);
	case 'v':
		command->verbosity++;
		return true;
	case '?':
		return false; /* getopt has said what is wrong */
	default:
		return take_number(command, letter, name, argument);
	}
}

static void defaults(struct command *command)
{
	unsigned int n_workers = options_workers();

	*command = (struct command){
		.resize = -1,
		.pool = {
			.refill = {
				.size = SIZE_DEFAULT,
				.max_in_flight = IN_FLIGHT_DEFAULT,
				.quiet_us = SETTLE_DEFAULT_MS * 1000,
				.interval_us = 1000000 / RATE_DEFAULT,
				.headroom_kib = HEADROOM_DEFAULT * 1024,
			},
			.batch = {
				.n_workers = n_workers > 1 ? 1 : n_workers,
				.max_scripts = SCRIPTS_AT_A_TIME,
				.ready_node = OPTIONS_READY_NODE,
				.timeout_ms = TIMEOUT_DEFAULT_S * 1000,
			},
		},
	};
}

/* Return: OPTIONS_GO with the one argument that there has to be. */
static enum options_outcome read_options(struct command *command, int argc, char **argv,
					 const char **argument)
{
	int letter, index = 0;

	defaults(command);
	optind = 1;
	while ((letter = getopt_long(argc, argv, "vh", pool_options, &index)) != -1) {
		if (letter == 'h') {
			fputs(pool_help, stdout);
			return OPTIONS_DONE;
		}
		if (!take(command, letter, letter < 256 ? "" : pool_options[index].name, optarg))
			return OPTIONS_WRONG;
	}
	if (command->status + command->drain + (command->resize >= 0) > 1) {
		fprintf(stderr, "xencreate: pool: one of --status, --drain, --resize\n");
		return OPTIONS_WRONG;
	}
	if (optind + 1 != argc) {
		fprintf(stderr,
			"xencreate: pool: one CONFIG, or the NAME of a pool; --help says more\n");
		return OPTIONS_WRONG;
	}
	*argument = argv[optind];
	return OPTIONS_GO;
}

static int show(const struct command *command, const char *status)
{
	int r = 0;

	if (command->openmetrics)
		r = figures_metrics(stdout, status);
	else if (command->json)
		puts(status);
	else
		r = figures_text(stdout, status);
	return r;
}

/* What is said to a pool that runs. */
static int ask(const struct command *command, const char *name)
{
	CLEANUP(free) char *answer = NULL;
	char line[32];
	int r;

	if (command->resize >= 0)
		snprintf(line, sizeof(line), "size\t%ld", command->resize);
	else
		snprintf(line, sizeof(line), "%s", command->status ? "status" : "drain");
	r = take_ask(name, command->pool.socket_path, line, &answer);
	if (!r && command->status)
		r = show(command, answer);
	else if (!r && strcmp(answer, "ok"))
		r = -EPROTO;
	if (r < 0)
		fprintf(stderr, "xencreate: pool %s: %s\n", name,
			r == -ENOENT || r == -ECONNREFUSED ? "there is no such pool"
							   : strerror(-r));
	return r < 0 ? STATUS_REFUSED : STATUS_GOOD;
}

int pool_main(int argc, char **argv)
{
	CLEANUP(log_free) struct log *log = NULL;
	enum options_outcome outcome;
	struct command command;
	const char *argument;

	outcome = read_options(&command, argc, argv, &argument);
	if (outcome != OPTIONS_GO)
		return outcome == OPTIONS_DONE ? STATUS_GOOD : STATUS_REFUSED;
	if (command.status || command.drain || command.resize >= 0)
		return ask(&command, argument);
	command.pool.config_path = argument;
	if (log_new(&log, "xencreate",
		    (enum log_level)(LOG_LEVEL_WARNING +
				     (command.verbosity > 2 ? 2 : command.verbosity)),
		    LOG_TARGET_STDERR) < 0)
		return STATUS_REFUSED;
	return pool_run(&command.pool, log) < 0 ? STATUS_REFUSED : STATUS_GOOD;
}
