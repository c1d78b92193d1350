/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xencreate-take: what `xencreate --from-pool` does, in a program that loads nothing but the C
 * library. Of a domain that is given in a third of a millisecond the libraries are nine tenths.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/take.h"

#define COPIES_MAX	32751
#define TIMEOUT_DEFAULT 60
#define TIMEOUT_MAX	86400

enum {
	STATUS_ALL = 0,
	STATUS_SOME = 3,
	STATUS_REFUSED = 4,
};

enum {
	OPT_NAME = 256,
	OPT_FIRST,
	OPT_WAIT,
	OPT_PAUSED,
	OPT_TIMEOUT,
	OPT_SOCKET,
	OPT_JSON,
	OPT_VERSION,
};

static const char help[] =
	"Usage: xencreate-take [OPTION]... POOL [CONFIG]\n"
	"Take domains that a pool of xencreate has ready: xencreate --from-pool=POOL without its libraries.\n"
	"\n"
	"  -n, --copies=N        take N (1)\n"
	"      --name=PATTERN    call them so: %d number, %05d with zeros, %n the CONFIG's name\n"
	"      --first=K         number of the first (1)\n"
	"      --wait=WHAT       store, console or ready (console)\n"
	"      --paused          leave the domains paused\n"
	"      --timeout=S       seconds to wait for one to be ready, and for a guest (60)\n"
	"      --socket=PATH     where the pool is (/run/xencreate/POOL.sock)\n"
	"      --json            one JSON object per line and event on standard output\n"
	"  -q, --quiet           no summary\n"
	"  -h, --help            this text\n"
	"      --version         the version\n"
	"\n"
	"Exit status: 0 all were given, 3 some, 4 none was begun.\n";

static const struct option longs[] = {
	{ "copies", required_argument, NULL, 'n' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "first", required_argument, NULL, OPT_FIRST },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "paused", no_argument, NULL, OPT_PAUSED },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static bool number(const char *text, unsigned long min, unsigned long max, unsigned int *out)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < min || value > max) {
		fprintf(stderr, "xencreate-take: \"%s\" is not a number from %lu to %lu\n", text,
			min, max);
		return false;
	}
	*out = (unsigned int)value;
	return true;
}

static bool take_option(struct take_options *options, int letter, unsigned int *timeout_s)
{
	switch (letter) {
	case 'n':
		return number(optarg, 1, COPIES_MAX, &options->n);
	case OPT_FIRST:
		return number(optarg, 0, INT_MAX, &options->first);
	case OPT_TIMEOUT:
		return number(optarg, 1, TIMEOUT_MAX, timeout_s);
	case OPT_NAME:
		options->pattern = optarg;
		return true;
	case OPT_WAIT:
		options->wait = optarg;
		if (!strcmp(optarg, "store") || !strcmp(optarg, "console") ||
		    !strcmp(optarg, "ready"))
			return true;
		fprintf(stderr, "xencreate-take: \"%s\" is none of store, console, ready\n",
			optarg);
		return false;
	case OPT_SOCKET:
		options->socket_path = optarg;
		return true;
	case OPT_PAUSED:
		return options->paused = true;
	case OPT_JSON:
		return options->json = true;
	case 'q':
		return options->quiet = true;
	default:
		return false; /* getopt has said what is wrong */
	}
}

int main(int argc, char **argv)
{
	struct take_options options = { .n = 1, .first = 1, .wait = "console" };
	unsigned int timeout_s = TIMEOUT_DEFAULT;
	int letter;

	signal(SIGPIPE, SIG_IGN);
	while ((letter = getopt_long(argc, argv, "n:qh", longs, NULL)) != -1) {
		if (letter == 'h' || letter == OPT_VERSION) {
			fputs(letter == 'h' ? help
					    : "xencreate-take (xenscale) " PACKAGE_VERSION "\n",
			      stdout);
			return STATUS_ALL;
		}
		if (!take_option(&options, letter, &timeout_s))
			return STATUS_REFUSED;
	}
	if (optind >= argc || optind + 2 < argc) {
		fprintf(stderr, "xencreate-take: a POOL, and maybe a CONFIG; --help says more\n");
		return STATUS_REFUSED;
	}
	options.pool = argv[optind];
	options.config_path = optind + 1 < argc ? argv[optind + 1] : NULL;
	options.timeout_ms = timeout_s * 1000ULL;
	switch (take_run(&options)) {
	case TAKE_ALL:
		return STATUS_ALL;
	case TAKE_SOME:
		return STATUS_SOME;
	case TAKE_NOBODY:
		fprintf(stderr, "xencreate-take: there is no pool for this\n");
		return STATUS_REFUSED;
	default:
		return STATUS_REFUSED;
	}
}
