/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsevtchn: without options what the stock program of that name prints, with options more. A
 * command line that the stock program understood is left to run_stock(), whatever it makes of it.
 */
#include "config.h"

#include <ctype.h>
#include <locale.h>
#include <stdio.h>

#include "cmdline.h"
#include "log.h"
#include "run.h"

/* Options begin with '-'; "-1" was a number to the stock program. */
static bool has_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' && !isdigit((unsigned char)argv[i][1]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	CLEANUP(log_free) struct log *log = NULL;
	struct cmdline cmdline;

	if (!has_options(argc, argv))
		return run_stock(argc > 1 ? argv[1] : NULL);
	setlocale(LC_CTYPE, "");
	if (cmdline_parse(&cmdline, argc, argv) < 0)
		return RUN_UNKNOWN;
	switch (cmdline.mode) {
	case CMDLINE_HELP:
		cmdline_help(stdout);
		return RUN_FINE;
	case CMDLINE_VERSION:
		puts(PACKAGE_STRING);
		return RUN_FINE;
	default:
		break;
	}
	if (log_new(&log, "lsevtchn", cmdline.watch ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		    LOG_TARGET_STDERR) < 0)
		return RUN_UNKNOWN;
	return run_cmdline(&cmdline, log);
}
