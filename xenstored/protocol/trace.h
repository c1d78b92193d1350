/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file in which every request, answer and event is written, for those who look for a culprit.
 * What is written is chosen by switches: "io" messages, "obj" connections, watches and transactions
 * that come and go; the names of Xen's own daemon that have nothing to say here (wrl, acc, tdb) are
 * known and stay silent.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

enum trace_switch { TRACE_OBJ, TRACE_IO, TRACE_WRL, TRACE_ACC, TRACE_TDB, TRACE_N };
extern const char *const trace_names[TRACE_N];

/* Relative file names are below this folder. */
#define TRACE_FOLDER "/var/lib/xen/xenstore"

struct trace {
	unsigned int switches; /* bits of enum trace_switch */
	int fd;		       /* -1: closed */
	char *path;	       /* owned; NULL: never named */
};

static inline bool trace_is_on(const struct trace *trace, enum trace_switch which)
{
	return trace->fd >= 0 && (trace->switches & 1u << which);
}

/** trace_init() - closed, with the switches that are on by default: obj and io */
void trace_init(struct trace *trace);
void trace_deinit(struct trace *trace);

/** trace_open() - write to @path from now on (NULL: as before); 0 or what open() says */
int trace_open(struct trace *trace, const char *path);
void trace_close(struct trace *trace);
/** trace_set_switch() - "+name" or "-name"; 0 or -EINVAL */
int trace_set_switch(struct trace *trace, const char *text);

/** trace_message() - write one; @way is IN, OUT or a word of that kind */
void trace_message(struct trace *trace, const char *way, const void *conn, uint32_t domid,
		   uint32_t type, const char *payload, uint32_t len);
/** trace_object() - something was made or is gone */
void trace_object(struct trace *trace, bool made, const char *what, const void *object);

#endif
