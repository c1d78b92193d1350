/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where lines for operators go: a file that is rotated when it has so many lines, or syslog. As
 * oxenstored.conf has it, for the access log and for the daemon's own.
 */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct sink;

struct sink_options {
	const char *to;	  /* a file, or "syslog:FACILITY"; borrowed; NULL: nowhere */
	uint32_t n_files; /* in all: FILE, FILE.1 (younger) …; 0: nothing is written */
	uint32_t n_lines; /* of a file: then another one begins */
	uint32_t n_chars; /* of a line, the rest is cut; 0: any */
};

/** sink_is_known() - can this be a destination? Not whether it can be written */
bool sink_is_known(const char *to);

/**
 * sink_new() - open it
 *
 * A file that is there goes on. What is no plain file is never rotated.
 *
 * Return: 0, -EINVAL (no such facility), -ENOMEM, or what open() says.
 */
int sink_new(struct sink **out, const struct sink_options *options);
void sink_free(struct sink *sink);
DEFINE_CLEANUP(struct sink *, sink_free)

/** sink_is_syslog() - then it adds the date itself */
bool sink_is_syslog(const struct sink *sink);
/** sink_reopen() - somebody has moved the file away: begin it anew; 0 or what open() says */
int sink_reopen(struct sink *sink);
/**
 * sink_put() - write a line; one that cannot be written is lost
 * @priority: of syslog(3), without a facility
 * @line:     @len bytes, without its end
 */
void sink_put(struct sink *sink, int priority, const char *line, size_t len);

/** sink_date() - the time of day (UTC) as oxenstored writes it, into @buf of SINK_DATE_SIZE */
#define SINK_DATE_SIZE 32
const char *sink_date(char *buf);

#endif
