/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of xenconsoled: the stock daemon's options, and ours. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum options_action {
	OPTIONS_RUN,	 /* serve consoles */
	OPTIONS_STATS,	 /* --stats: ask the daemon that runs */
	OPTIONS_HELP,	 /* --help */
	OPTIONS_VERSION, /* --version */
	OPTIONS_INVALID, /* a complaint has been printed */
};

struct options {
	bool verbose;
	bool foreground;
	bool log_guest, log_hv;
	bool journal_guest, journal_hv;
	bool stamp_guest, stamp_hv;
	bool keep_overflow;
	bool replace_escape;
	const char *log_dir;  /* borrowed from argv or static, as all strings here */
	const char *pid_file; /* NULL: none was given */
	const char *run_dir;
	uint64_t log_size_bytes; /* a log that has grown beyond this is rotated; 0: never */
	uint32_t log_count;	 /* rotated files that are kept */
	uint64_t memory_cap_bytes;
	uint64_t rate_bytes_per_s; /* per guest; 0: no limit */
	const char *stats;	   /* OPTIONS_STATS: "text" or "openmetrics" */
};

/**
 * options_parse() - read the command line
 * @options: out: filled in for OPTIONS_RUN and OPTIONS_STATS
 *
 * As in the stock daemon, an unknown word after --log, --timestamp or --overflow-data changes
 * nothing, and --log, --journal and --timestamp add up over several uses.
 */
enum options_action options_parse(struct options *options, int argc, char **argv);

/** options_usage() - the text of --help, on standard output. */
void options_usage(const char *program);

/**
 * options_size() - read "64K", "16M", "2G" or a plain number of bytes
 *
 * Return: 0 or -EINVAL.
 */
int options_size(const char *text, uint64_t *bytes);

#endif
