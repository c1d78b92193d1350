/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line and the environment say. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"
#include "model/quota.h"
#include "protocol/access.h"

struct options {
	int argc; /* as we were called; for a live update */
	char **argv;
	bool live_update; /* take over from the program that was in this process before */
	bool foreground;
	bool output_pid;
	bool no_domain_init; /* sockets only: no hypervisor is asked for anything */
	bool keep_orphans;
	bool no_access_log;
	bool test_eagain;     /* one commit in three is refused */
	bool config_test;     /* say whether the configuration makes sense, and end */
	bool no_state;	      /* nothing outlives the daemon */
	bool fresh;	      /* begin with an empty store, whatever was saved */
	bool recover;	      /* use what is left of a damaged state */
	const char *pid_file; /* NULL: only the one in the run directory */
	const char *trace_file;
	const char *kva_path;
	const char *port_path;
	const char *read_only_path;   /* NULL: there is no such socket */
	struct access_options access; /* to: NULL: no access log */
	struct sink_options log;      /* of the daemon; to: NULL: stderr or syslog */
	enum log_level log_level;
	struct sink *log_sink; /* borrowed from main(): where the log goes; NULL: elsewhere */
	char run_dir[96];
	char socket_path[108];
	char state_dir[128];
	uint32_t watch_timeout_s;
	uint32_t ring_scan_s;	   /* 0: never */
	uint32_t n_unknown;	   /* keys in the configuration file that nobody knows */
	uint32_t journal_bytes;	   /* 0: as persist.h says */
	char *config;		   /* owned: text of the configuration file; others point into it */
	const char *trace_control; /* "+switch" or "-switch" */
	bool set[2][QUOTA_N];	   /* [0] hard, [1] soft: given on the command line */
	uint32_t limit[2][QUOTA_N];
};

/**
 * options_parse() - read the command line
 *
 * Return: -1 to go on, or the status to exit with: help was printed (0), or a complaint (2).
 */
int options_parse(struct options *options, int argc, char **argv);

void options_deinit(struct options *options);

/** options_number() - read a decimal number below 2^32 - 1; false if @text is none */
bool options_number(const char *text, uint32_t *out);

#endif
