/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "assume.h"
#include "policy.h"

#define WATCH_DEFAULT_S	    5
#define FORGOTTEN_DEFAULT_S 300

/* Options without a short form have a number of their own. */
enum {
	OPT_CHECK_CAPS = 256,
	OPT_ENFORCE,
	OPT_PREFLIGHT,
	OPT_EXPLAIN,
	OPT_ENFORCED,
	OPT_ASSUME,
	OPT_RESERVE,
	OPT_AMEND,
	OPT_DRY_RUN,
	OPT_ACT,
	OPT_POLICY,
	OPT_OPENMETRICS,
	OPT_NO_NAMES,
	OPT_SORT,
	OPT_COLOUR,
	OPT_FORGOTTEN,
};

enum argument { NO_ARGUMENT, REQUIRED, OPTIONAL };

static const struct {
	const char *heading; /* begins a group; the rest is empty then */
	const char *name;
	int code;
	enum argument has;
	const char *argument;
	const char *help;
} table[] = {
	{ .heading = "What to show" },
	{ NULL, "all", 'a', NO_ARGUMENT, NULL,
	  "every domain: ports by kind, cap, limit, what is left" },
	{ NULL, "summary", 's', NO_ARGUMENT, NULL,
	  "one domain (0): limits, kinds, peers, a map of its table" },
	{ NULL, "by-peer", 'p', NO_ARGUMENT, NULL, "one domain (0): ports by peer, all of them" },
	{ NULL, "domain", 'd', REQUIRED, "DOMAIN",
	  "one domain by name or number: as --summary, and every port" },
	{ NULL, "check-caps", OPT_CHECK_CAPS, NO_ARGUMENT, NULL,
	  "does every domain keep its cap and the policy?" },
	{ NULL, "watch", 'w', OPTIONAL, "SECONDS",
	  "again and again (5), and when a domain comes or goes" },
	{ .heading = "Will it fit" },
	{ NULL, "preflight", OPT_PREFLIGHT, NO_ARGUMENT, NULL,
	  "would the domains of these xl.cfg files start? A folder means all in it" },
	{ NULL, "copies", 'n', REQUIRED, "N", "so many of each (1)" },
	{ NULL, "explain", OPT_EXPLAIN, NO_ARGUMENT, NULL,
	  "show what each domain costs, and the arithmetic" },
	{ NULL, "assume", OPT_ASSUME, REQUIRED, "LIST",
	  "for a host that is not there: key=value,… (below)" },
	{ NULL, "reserve", OPT_RESERVE, REQUIRED, "N", "ports of domain 0 to leave free (16)" },
	{ NULL, "enforced", OPT_ENFORCED, NO_ARGUMENT, NULL,
	  "whoever creates them sets the policy's caps, as xencreate does" },
	{ .heading = "Caps" },
	{ NULL, "policy", OPT_POLICY, REQUIRED, "FILE", "instead of " POLICY_PATH },
	{ NULL, "amend", OPT_AMEND, NO_ARGUMENT, NULL,
	  "write the policy's max_event_channels into these xl.cfg files" },
	{ NULL, "dry-run", OPT_DRY_RUN, NO_ARGUMENT, NULL,
	  "with --amend, --enforce, --act: only say what would be done" },
	{ NULL, "act", OPT_ACT, NO_ARGUMENT, NULL,
	  "with --check-caps or --all: do what the policy says about domains over soft" },
	{ NULL, "enforce", OPT_ENFORCE, NO_ARGUMENT, NULL,
	  "set the policy's caps on living domains (hypervisors up to 4.11)" },
	{ .heading = "How to show it" },
	{ NULL, "json", 'j', NO_ARGUMENT, NULL, "for programs" },
	{ NULL, "openmetrics", OPT_OPENMETRICS, NO_ARGUMENT, NULL,
	  "for a node exporter's text collector" },
	{ NULL, "output", 'o', REQUIRED, "FILE", "into a file, replaced as a whole" },
	{ NULL, "sort", OPT_SORT, REQUIRED, "KEY", "--all by domid, name, ports, left or dom0" },
	{ NULL, "colour", OPT_COLOUR, REQUIRED, "WHEN", "auto, always or never" },
	{ NULL, "no-names", OPT_NO_NAMES, NO_ARGUMENT, NULL, "do not ask xenstore" },
	{ NULL, "forgotten", OPT_FORGOTTEN, REQUIRED, "SECONDS",
	  "with --watch: a port that waits so long is a finding (300)" },
	{ NULL, "help", 'h', NO_ARGUMENT, NULL, "this text" },
	{ NULL, "version", 'V', NO_ARGUMENT, NULL, "name and version" },
};

#define N_TABLE (sizeof(table) / sizeof(table[0]))

void cmdline_help(FILE *to)
{
	const char *name, *value, *meaning;

	fputs("usage: lsevtchn [DOMID]\n"
	      "       lsevtchn OPTION… [DOMAIN]\n"
	      "       lsevtchn --preflight [OPTION…] CFG…\n"
	      "       lsevtchn --amend [OPTION…] CFG…\n"
	      "\n"
	      "Lists event channels. Without an option it prints what the program of that name\n"
	      "that comes with Xen prints: the ports of one domain.\n",
	      to);
	for (size_t i = 0; i < N_TABLE; i++) {
		int n;

		if (table[i].heading) {
			fprintf(to, "\n%s:\n", table[i].heading);
			continue;
		}
		if (table[i].code < 256)
			n = fprintf(to, "  -%c, --%s", table[i].code, table[i].name);
		else
			n = fprintf(to, "      --%s", table[i].name);
		if (table[i].has)
			n += fprintf(to, table[i].has == OPTIONAL ? "[=%s]" : "=%s",
				     table[i].argument);
		fprintf(to, "%*s%s\n", n < 28 ? 28 - n : 1, "", table[i].help);
	}
	fputs("\nWhat can be assumed (and is, if it is not said):\n", to);
	for (size_t i = 0; (name = assume_key(i, &value, &meaning)); i++) {
		int n = fprintf(to, "  %s=%s", name, value);

		fprintf(to, "%*s%s\n", n < 28 ? 28 - n : 1, "", meaning);
	}
	fputs("\nExit status: 0 fits, nothing found; 1 does not fit, something found; 2 could not\n"
	      "look, cannot be said. Without an option as the stock program: 0 or 1.\n",
	      to);
}

/* A whole number up to @max. */
static int parse_number(const char *option, const char *text, uint64_t max, uint64_t *to)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || number > max) {
		fprintf(stderr, "lsevtchn: --%s: '%s' is no number up to %llu\n", option, text,
			(unsigned long long)max);
		return -EINVAL;
	}
	*to = number;
	return 0;
}

static int parse_colour(enum paint_colour_mode *mode, const char *text)
{
	static const char *const words[] = {
		[PAINT_AUTO] = "auto",
		[PAINT_ALWAYS] = "always",
		[PAINT_NEVER] = "never",
	};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*mode = i;
			return 0;
		}
	}
	fprintf(stderr, "lsevtchn: --colour: '%s': auto, always or never is meant\n", text);
	return -EINVAL;
}

/* Modes exclude each other; the same twice is fine. */
static int set_mode(struct cmdline *cmdline, enum cmdline_mode mode)
{
	if (cmdline->mode != CMDLINE_STOCK && cmdline->mode != mode &&
	    cmdline->mode != CMDLINE_HELP) {
		fputs("lsevtchn: only one of these can be shown: --all, --summary, --by-peer, --domain, --check-caps, "
		      "--enforce, --preflight, --amend\n",
		      stderr);
		return -EINVAL;
	}
	cmdline->mode = mode;
	return 0;
}

static int take_number(struct cmdline *cmdline, int code)
{
	uint64_t number;

	switch (code) {
	case 'n':
		return parse_number("copies", optarg, 1000000, &cmdline->n_copies);
	case OPT_RESERVE:
		if (parse_number("reserve", optarg, UINT32_MAX, &number) < 0)
			return -EINVAL;
		cmdline->reserve = number;
		return 0;
	case OPT_FORGOTTEN:
		if (parse_number("forgotten", optarg, UINT32_MAX, &number) < 0)
			return -EINVAL;
		cmdline->forgotten_s = number;
		return 0;
	default:
		cmdline->watch = true;
		if (!optarg)
			return 0;
		if (parse_number("watch", optarg, 86400, &number) < 0)
			return -EINVAL;
		if (!number) {
			fputs("lsevtchn: --watch: at least one second\n", stderr);
			return -EINVAL;
		}
		cmdline->watch_s = number;
		return 0;
	}
}

static int take_text(struct cmdline *cmdline, int code)
{
	switch (code) {
	case 'd':
		cmdline->domain = optarg;
		return set_mode(cmdline, CMDLINE_DOMAIN);
	case OPT_ASSUME:
		cmdline->assume = optarg;
		return 0;
	case OPT_POLICY:
		cmdline->policy = optarg;
		return 0;
	case 'o':
		cmdline->output = optarg;
		return 0;
	case OPT_COLOUR:
		return parse_colour(&cmdline->colour, optarg);
	default: /* OPT_SORT */
		if (view_sort_parse(&cmdline->sort, optarg) == 0)
			return 0;
		fprintf(stderr,
			"lsevtchn: --sort: '%s': domid, name, ports, left or dom0 is meant\n",
			optarg);
		return -EINVAL;
	}
}

static int take(struct cmdline *cmdline, int code)
{
	switch (code) {
	case 'a':
		return set_mode(cmdline, CMDLINE_ALL);
	case 's':
		return set_mode(cmdline, CMDLINE_SUMMARY);
	case 'p':
		return set_mode(cmdline, CMDLINE_BY_PEER);
	case OPT_CHECK_CAPS:
		return set_mode(cmdline, CMDLINE_CHECK_CAPS);
	case OPT_ENFORCE:
		return set_mode(cmdline, CMDLINE_ENFORCE);
	case OPT_PREFLIGHT:
		return set_mode(cmdline, CMDLINE_PREFLIGHT);
	case OPT_AMEND:
		return set_mode(cmdline, CMDLINE_AMEND);
	case OPT_EXPLAIN:
		cmdline->explain = true;
		return 0;
	case OPT_ENFORCED:
		cmdline->enforced = true;
		return 0;
	case OPT_DRY_RUN:
		cmdline->dry_run = true;
		return 0;
	case OPT_ACT:
		cmdline->act = true;
		return 0;
	case OPT_NO_NAMES:
		cmdline->no_names = true;
		return 0;
	case 'j':
		cmdline->format = CMDLINE_JSON;
		return 0;
	case OPT_OPENMETRICS:
		cmdline->format = CMDLINE_OPENMETRICS;
		return 0;
	case 'n':
	case 'w':
	case OPT_RESERVE:
	case OPT_FORGOTTEN:
		return take_number(cmdline, code);
	case 'd':
	case 'o':
	case OPT_ASSUME:
	case OPT_POLICY:
	case OPT_COLOUR:
	case OPT_SORT:
		return take_text(cmdline, code);
	default:
		return -EINVAL;
	}
}

/* What makes no sense together, and what is left over. */
static int check(struct cmdline *cmdline, int argc, char **argv)
{
	bool about_files = cmdline->mode == CMDLINE_PREFLIGHT || cmdline->mode == CMDLINE_AMEND;
	const char *wrong = NULL;

	if (cmdline->mode ==
	    CMDLINE_STOCK) /* a format or --watch alone is about one domain, or about all */
		cmdline->mode = optind < argc ? CMDLINE_SUMMARY : CMDLINE_ALL;
	if (about_files) {
		cmdline->files = argv + optind;
		cmdline->n_files = argc - optind;
		if (!cmdline->n_files)
			wrong = "a configuration is missing";
	} else if (optind < argc) {
		if (cmdline->mode != CMDLINE_SUMMARY && cmdline->mode != CMDLINE_BY_PEER)
			wrong = "nothing more is meant";
		else if (argc - optind > 1)
			wrong = "one domain is meant";
		else
			cmdline->domain = argv[optind];
	}
	if (cmdline->assume && cmdline->mode != CMDLINE_PREFLIGHT)
		wrong = "--assume goes with --preflight";
	if (cmdline->watch && (about_files || cmdline->mode == CMDLINE_ENFORCE))
		wrong = "--watch goes with what shows domains";
	if (about_files && cmdline->format == CMDLINE_OPENMETRICS)
		wrong = "--openmetrics goes with what shows domains";
	if (cmdline->act && cmdline->mode != CMDLINE_CHECK_CAPS && cmdline->mode != CMDLINE_ALL)
		wrong = "--act goes with --check-caps or --all";
	if (!wrong)
		return 0;
	fprintf(stderr, "lsevtchn: %s; --help tells more\n", wrong);
	return -EINVAL;
}

int cmdline_parse(struct cmdline *cmdline, int argc, char **argv)
{
	struct option options[N_TABLE + 1] = { 0 };
	char shorts[3 * N_TABLE + 1] = "";
	size_t n = 0, n_shorts = 0;
	int code;

	*cmdline = (struct cmdline){ .n_copies = 1,
				     .reserve = -1,
				     .watch_s = WATCH_DEFAULT_S,
				     .forgotten_s = FORGOTTEN_DEFAULT_S };
	for (size_t i = 0; i < N_TABLE; i++) {
		if (table[i].heading)
			continue;
		options[n++] = (struct option){ table[i].name, table[i].has, NULL, table[i].code };
		if (table[i].code >= 256)
			continue;
		shorts[n_shorts++] = table[i].code;
		for (unsigned int colons = table[i].has; colons; colons--)
			shorts[n_shorts++] = ':';
	}
	while ((code = getopt_long(argc, argv, shorts, options, NULL)) != -1) {
		if (code == 'h' || code == 'V') {
			cmdline->mode = code == 'h' ? CMDLINE_HELP : CMDLINE_VERSION;
			return 0;
		}
		if (take(cmdline, code) < 0)
			return -EINVAL;
	}
	return check(cmdline, argc, argv);
}
