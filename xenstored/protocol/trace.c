/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One write() per line, in the form that readers of Xen's own traces know. */
#include "protocol/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocol/access.h"
#include "protocol/conn.h"
#include "protocol/wire.h"

const char *const trace_names[TRACE_N] = {
	[TRACE_OBJ] = "obj", [TRACE_IO] = "io",	  [TRACE_WRL] = "wrl",
	[TRACE_ACC] = "acc", [TRACE_TDB] = "tdb",
};

void trace_init(struct trace *trace)
{
	*trace = (struct trace){ .switches = 1u << TRACE_OBJ | 1u << TRACE_IO, .fd = -1 };
}

void trace_deinit(struct trace *trace)
{
	trace_close(trace);
	free(trace->path);
	trace->path = NULL;
	access_free(trace->access);
	trace->access = NULL;
}

static void listen(struct trace *trace)
{
	trace->heard = trace->fd >= 0 ? trace->switches : 0;
	if (trace->access)
		trace->heard |= 1u << TRACE_IO | 1u << TRACE_OBJ;
}

void trace_close(struct trace *trace)
{
	if (trace->fd >= 0)
		close(trace->fd);
	trace->fd = -1;
	listen(trace);
}

void trace_log_access(struct trace *trace, struct access *access)
{
	access_free(trace->access);
	trace->access = access;
	listen(trace);
}

static void put(struct trace *trace, const char *line, size_t len)
{
	/* A full disk stops the trace, not the daemon. */
	if (write(trace->fd, line, len) < 0 && errno != EINTR)
		trace_close(trace);
}

int trace_open(struct trace *trace, const char *path)
{
	static const char begin[] = "\n***\n";

	if (path) {
		char *full;

		if (path[0] != '/' && mkdir(TRACE_FOLDER, 0755) < 0 && errno != EEXIST)
			return -errno;

		if (asprintf(&full, "%s%s", path[0] == '/' ? "" : TRACE_FOLDER "/", path) < 0)
			return -ENOMEM;
		free(trace->path);
		trace->path = full;
	}
	trace_close(trace);
	if (!trace->path)
		return -EBADF;
	trace->fd = open(trace->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (trace->fd < 0)
		return -errno;
	listen(trace);
	put(trace, begin, sizeof(begin) - 1);
	return 0;
}

int trace_set_switch(struct trace *trace, const char *text)
{
	if (text[0] != '+' && text[0] != '-')
		return -EINVAL;
	for (int i = 0; i < TRACE_N; i++) {
		if (strcmp(text + 1, trace_names[i]) != 0)
			continue;
		if (text[0] == '+')
			trace->switches |= 1u << i;
		else
			trace->switches &= ~(1u << i);
		listen(trace);
		return 0;
	}
	return -EINVAL;
}

static bool writes(const struct trace *trace, enum trace_switch which)
{
	return trace->fd >= 0 && (trace->switches & 1u << which);
}

static void write_message(struct trace *trace, enum trace_way way, const struct conn *conn,
			  uint32_t type, const char *payload, uint32_t len)
{
	char line[WIRE_PAYLOAD_MAX + 200];
	const char *name = wire_op_name(type);
	time_t now = time(NULL);
	struct tm tm;
	int n;

	localtime_r(&now, &tm);
	n = snprintf(line, 200, "io: %s %p (d%u) %04d%02d%02d %02d:%02d:%02d %s (",
		     way == TRACE_IN ? "IN" : "OUT", (const void *)conn,
		     conn->watcher.subject.domid, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		     tm.tm_hour, tm.tm_min, tm.tm_sec, name ? name : "**UNKNOWN**");
	for (uint32_t i = 0; i < len && i < WIRE_PAYLOAD_MAX; i++)
		line[n++] = payload[i] ? payload[i] : ' ';
	line[n++] = ')';
	line[n++] = '\n';
	put(trace, line, (size_t)n);
}

void trace_message(struct trace *trace, enum trace_way way, const struct conn *conn, uint32_t tx_id,
		   uint32_t type, const char *payload, uint32_t len)
{
	if (writes(trace, TRACE_IO))
		write_message(trace, way, conn, type, payload, len);
	if (trace->access)
		access_message(trace->access, conn, way == TRACE_IN, tx_id, type, payload, len);
}

void trace_object(struct trace *trace, bool made, const char *what, const void *object)
{
	char line[100];
	int n = snprintf(line, sizeof(line), "obj: %s %s %p\n", made ? "CREATE" : "DESTROY", what,
			 object);

	if (writes(trace, TRACE_OBJ))
		put(trace, line, (size_t)n);
}

void trace_conn(struct trace *trace, bool made, const struct conn *conn)
{
	trace_object(trace, made, "connection", conn);
	if (trace->access)
		access_note(trace->access, conn, 0, made ? ACCESS_NEW_CONN : ACCESS_END_CONN);
}

void trace_commit(struct trace *trace, const struct conn *conn, uint32_t tx_id, bool committed)
{
	if (trace->access)
		access_note(trace->access, conn, tx_id,
			    committed ? ACCESS_COMMIT : ACCESS_CONFLICT);
}
