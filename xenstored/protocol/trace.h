/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file in which every request, answer and event is written, for those who look for a culprit.
 * What is written is chosen by switches: "io" messages, "obj" connections, watches and transactions
 * that come and go; the names of Xen's own daemon that have nothing to say here (wrl, acc, tdb) are
 * known and stay silent. The access log (access.h) hears of the same things.
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

struct access;
struct conn;

struct trace {
	unsigned int switches; /* bits of enum trace_switch */
	unsigned int heard;    /* the same: of these somebody wants to hear */
	int fd;		       /* -1: closed */
	char *path;	       /* owned; NULL: never named */
	struct access *access; /* owned; NULL: none */
};

static inline bool trace_is_on(const struct trace *trace, enum trace_switch which)
{
	return trace->heard & 1u << which;
}

/** trace_init() - closed, with the switches that are on by default: obj and io */
void trace_init(struct trace *trace);
void trace_deinit(struct trace *trace);

/** trace_open() - write to @path from now on (NULL: as before); 0 or what open() says */
int trace_open(struct trace *trace, const char *path);
void trace_close(struct trace *trace);
/** trace_set_switch() - "+name" or "-name"; 0 or -EINVAL */
int trace_set_switch(struct trace *trace, const char *text);

/** trace_log_access() - tell @access, too, which is owned from then on */
void trace_log_access(struct trace *trace, struct access *access);

enum trace_way { TRACE_IN, TRACE_OUT };

/** trace_message() - write one, if trace_is_on() for TRACE_IO; @tx_id: its transaction, or 0 */
void trace_message(struct trace *trace, enum trace_way way, const struct conn *conn, uint32_t tx_id,
		   uint32_t type, const char *payload, uint32_t len);

/* For these trace_is_on() has been asked for TRACE_OBJ. */

/** trace_object() - something was made or is gone */
void trace_object(struct trace *trace, bool made, const char *what, const void *object);
/** trace_conn() - the same for a client */
void trace_conn(struct trace *trace, bool made, const struct conn *conn);

/** trace_commit() - a transaction was committed, or refused because of a conflict */
void trace_commit(struct trace *trace, const struct conn *conn, uint32_t tx_id, bool committed);

#endif
