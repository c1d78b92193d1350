/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user asks for. One table makes the parser, --help, and what the tests compare man page
 * and completion with. */
#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "paint.h"
#include "view.h"

enum cmdline_mode {
	CMDLINE_STOCK, /* nothing but what the stock program knew */
	CMDLINE_ALL,
	CMDLINE_SUMMARY,
	CMDLINE_BY_PEER,
	CMDLINE_DOMAIN,
	CMDLINE_CHECK_CAPS,
	CMDLINE_ENFORCE,
	CMDLINE_PREFLIGHT,
	CMDLINE_AMEND,
	CMDLINE_HELP,
	CMDLINE_VERSION,
};

enum cmdline_format { CMDLINE_TEXT, CMDLINE_JSON, CMDLINE_OPENMETRICS };

struct cmdline {
	enum cmdline_mode mode;
	enum cmdline_format format;
	const char *domain; /* name or number; NULL: 0 */
	char **files;	    /* of --preflight and --amend; borrowed from argv */
	int n_files;
	uint64_t n_copies;
	bool explain;
	bool enforced; /* the caps of the policy are set by whoever creates the domains */
	const char *assume;
	int64_t reserve; /* ports; -1: as usual */
	bool dry_run;
	bool act;
	const char *policy; /* NULL: the usual file, if it is there */
	const char *output;
	bool no_names;
	enum view_sort sort;
	enum paint_colour_mode colour;
	bool watch;
	unsigned int watch_s;
	unsigned int forgotten_s;
};

/**
 * cmdline_parse() - read the arguments
 *
 * Complaints go to stderr. Return: 0 or -EINVAL.
 */
int cmdline_parse(struct cmdline *cmdline, int argc, char **argv);

/** cmdline_help() - what --help prints. */
void cmdline_help(FILE *to);

#endif
