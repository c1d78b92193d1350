/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options by getopt_long; sizes with a suffix. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_LOG = 256,
	OPT_LOG_DIR,
	OPT_JOURNAL,
	OPT_PID_FILE,
	OPT_REPLACE_ESCAPE,
	OPT_RUN_DIR,
	OPT_LOG_SIZE,
	OPT_LOG_COUNT,
	OPT_MEMORY_CAP,
	OPT_RATE_LIMIT,
	OPT_STATS,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "interactive", no_argument, NULL, 'i' },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "log-dir", required_argument, NULL, OPT_LOG_DIR },
	{ "journal", required_argument, NULL, OPT_JOURNAL },
	{ "pid-file", required_argument, NULL, OPT_PID_FILE },
	{ "timestamp", required_argument, NULL, 't' },
	{ "overflow-data", required_argument, NULL, 'o' },
	{ "replace-escape", no_argument, NULL, OPT_REPLACE_ESCAPE },
	{ "run-dir", required_argument, NULL, OPT_RUN_DIR },
	{ "log-size", required_argument, NULL, OPT_LOG_SIZE },
	{ "log-count", required_argument, NULL, OPT_LOG_COUNT },
	{ "memory-cap", required_argument, NULL, OPT_MEMORY_CAP },
	{ "rate-limit", required_argument, NULL, OPT_RATE_LIMIT },
	{ "stats", optional_argument, NULL, OPT_STATS },
	{ NULL, 0, NULL, 0 },
};

static const struct options defaults = {
	.log_dir = "/var/log/xen/console",
	.run_dir = "/run/xen",
	.log_size_bytes = 16u << 20,
	.log_count = 4,
	.memory_cap_bytes = 256u << 20,
	.rate_bytes_per_s = 8u << 20,
};

int options_size(const char *text, uint64_t *bytes)
{
	static const char suffixes[] = "KMG";
	unsigned long long n;
	const char *suffix;
	char *end;
	int shift = 0;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix || end[1])
			return -EINVAL;
		shift = 10 * (int)(suffix - suffixes + 1);
	}
	if (n > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = (uint64_t)n << shift;
	return 0;
}

/* none, guest, hv or all; "none" clears only where the stock daemon clears. */
static void set_which(const char *word, bool *guest, bool *hv, bool none_clears)
{
	if (!strcmp(word, "all"))
		*guest = *hv = true;
	else if (!strcmp(word, "guest"))
		*guest = true;
	else if (!strcmp(word, "hv"))
		*hv = true;
	else if (!strcmp(word, "none") && none_clears)
		*guest = *hv = false;
}

static int set_size(const char *program, const char *name, const char *text, bool none,
		    uint64_t *bytes)
{
	if (none && !strcmp(text, "none")) {
		*bytes = 0;
		return 0;
	}
	if (options_size(text, bytes) == 0)
		return 0;
	fprintf(stderr, "%s: --%s wants a size like 64K or 16M%s, not %s\n", program, name,
		none ? ", or none" : "", text);
	return -EINVAL;
}

static int set_count(const char *program, const char *text, uint32_t *count)
{
	uint64_t n;

	if (options_size(text, &n) == 0 && n <= 1000) {
		*count = (uint32_t)n;
		return 0;
	}
	fprintf(stderr, "%s: --log-count wants a number up to 1000: not %s\n", program, text);
	return -EINVAL;
}

static int set_overflow(const char *word, bool *keep)
{
	if (!strcmp(word, "keep"))
		*keep = true;
	else if (!strcmp(word, "discard"))
		*keep = false;
	return 0;
}

static int set_stats(const char *program, const char *format, const char **stats)
{
	if (!format)
		format = "text";
	if (strcmp(format, "text") != 0 && strcmp(format, "openmetrics") != 0) {
		fprintf(stderr, "%s: --stats prints text or openmetrics, not %s\n", program,
			format);
		return -EINVAL;
	}
	*stats = format;
	return 0;
}

static int set_long(struct options *options, const char *program, int option, const char *arg)
{
	switch (option) {
	case OPT_LOG:
		set_which(arg, &options->log_guest, &options->log_hv, false);
		return 0;
	case OPT_JOURNAL:
		set_which(arg, &options->journal_guest, &options->journal_hv, false);
		return 0;
	case OPT_LOG_DIR:
		options->log_dir = arg;
		return 0;
	case OPT_PID_FILE:
		options->pid_file = arg;
		return 0;
	case OPT_REPLACE_ESCAPE:
		options->replace_escape = true;
		return 0;
	case OPT_RUN_DIR:
		options->run_dir = arg;
		return 0;
	case OPT_LOG_SIZE:
		return set_size(program, "log-size", arg, true, &options->log_size_bytes);
	case OPT_LOG_COUNT:
		return set_count(program, arg, &options->log_count);
	case OPT_MEMORY_CAP:
		return set_size(program, "memory-cap", arg, false, &options->memory_cap_bytes);
	case OPT_RATE_LIMIT:
		return set_size(program, "rate-limit", arg, true, &options->rate_bytes_per_s);
	case OPT_STATS:
		return set_stats(program, arg, &options->stats);
	default:
		fprintf(stderr, "Try `%s --help' for more information\n", program);
		return -EINVAL;
	}
}

enum options_action options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = defaults;
	optind = 1;
	while ((option = getopt_long(argc, argv, "hVvit:o:", long_options, NULL)) != -1) {
		switch (option) {
		case 'h':
			return OPTIONS_HELP;
		case 'V':
			return OPTIONS_VERSION;
		case 'v':
			options->verbose = true;
			break;
		case 'i':
			options->foreground = true;
			break;
		case 't':
			set_which(optarg, &options->stamp_guest, &options->stamp_hv, true);
			break;
		case 'o':
			set_overflow(optarg, &options->keep_overflow);
			break;
		default:
			if (set_long(options, argv[0], option, optarg) < 0)
				return OPTIONS_INVALID;
		}
	}
	return options->stats ? OPTIONS_STATS : OPTIONS_RUN;
}

void options_usage(const char *program)
{
	printf("Usage: %s [OPTION]...\n"
	       "Serve the consoles of all domains of this Xen host: each gets a pty, and a log if\n"
	       "asked for.\n\n"
	       "  -h, --help                     print this and exit\n"
	       "  -V, --version                  print the version and exit\n"
	       "  -v, --verbose                  also say what is normal; to stderr too\n"
	       "  -i, --interactive              stay in the foreground\n"
	       "      --log=WHICH                write logs: none, guest, hv or all (default none)\n"
	       "      --log-dir=DIR              where (default %s)\n"
	       "      --log-size=SIZE            rotate a log that has grown beyond SIZE (default\n"
	       "                                 16M); none: never\n"
	       "      --log-count=N              keep N rotated files (default 4)\n"
	       "      --journal=WHICH            send lines to the systemd journal: none, guest, hv, all\n"
	       "  -t, --timestamp=WHICH          stamp the lines of these logs: none, guest, hv, all\n"
	       "      --replace-escape           write '.' for ESC into logs\n"
	       "  -o, --overflow-data=HOW        what to do with output that nobody reads: discard\n"
	       "                                 the oldest (default) or keep the guest waiting\n"
	       "      --memory-cap=SIZE          hold at most SIZE of unread output for all guests\n"
	       "                                 together (default 256M)\n"
	       "      --rate-limit=SIZE          take at most SIZE of output per second from one\n"
	       "                                 guest (default 8M); none: no limit\n"
	       "      --pid-file=FILE            our process id, also in DIR/xenconsoled.pid\n"
	       "      --run-dir=DIR              where run-time files live (default %s)\n"
	       "      --stats[=FORMAT]           print what the running daemon has done and exit, as\n"
	       "                                 text (default) or openmetrics\n",
	       program, defaults.log_dir, defaults.run_dir);
}
