/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses what is written, and writes it as oxenstored does: date, who, transaction, what. */
#include "protocol/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "model/quota.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

struct access {
	struct sink *sink; /* owned */
	bool reads, txns, special;
};

/* The names that oxenstored gives them, and, for what it does not know, in the same manner. */
static const char *const names[WIRE_N_OPS] = {
	[WIRE_CONTROL] = "debug",
	[WIRE_DIRECTORY] = "directory",
	[WIRE_READ] = "read",
	[WIRE_GET_PERMS] = "getperms",
	[WIRE_WATCH] = "watch",
	[WIRE_UNWATCH] = "unwatch",
	[WIRE_TRANSACTION_START] = "t start",
	[WIRE_TRANSACTION_END] = "t end",
	[WIRE_INTRODUCE] = "introduce",
	[WIRE_RELEASE] = "release",
	[WIRE_GET_DOMAIN_PATH] = "getdomain",
	[WIRE_WRITE] = "write",
	[WIRE_MKDIR] = "mkdir",
	[WIRE_RM] = "rm",
	[WIRE_SET_PERMS] = "setperms",
	[WIRE_WATCH_EVENT] = "w event",
	[WIRE_ERROR] = "error",
	[WIRE_IS_DOMAIN_INTRODUCED] = "is introduced",
	[WIRE_RESUME] = "resume",
	[WIRE_SET_TARGET] = "settarget",
	[WIRE_RESET_WATCHES] = "reset watches",
	[WIRE_DIRECTORY_PART] = "dir part",
	[WIRE_GET_FEATURE] = "getfeat",
	[WIRE_SET_FEATURE] = "setfeat",
	[WIRE_GET_QUOTA] = "getquota",
	[WIRE_SET_QUOTA] = "setquota",
};

int access_new(struct access **out, const struct access_options *options)
{
	CLEANUP(access_free) struct access *access = calloc(1, sizeof(*access));
	int r;

	if (!access)
		return -ENOMEM;
	access->reads = options->reads;
	access->txns = options->txns;
	access->special = options->special;
	r = sink_new(&access->sink, &options->sink);
	if (r < 0)
		return r;
	*out = STEAL(access);
	return 0;
}

void access_free(struct access *access)
{
	if (!access)
		return;
	sink_free(access->sink);
	free(access);
}

int access_reopen(struct access *access)
{
	return sink_reopen(access->sink);
}

/* A payload as one line; @room bytes at @to. */
static size_t put_payload(char *to, size_t room, const char *payload, uint32_t len)
{
	size_t n = 0;

	for (uint32_t i = 0; i < len && n + 5 < room; i++) {
		unsigned char c = (unsigned char)payload[i];

		if (!c)
			to[n++] = ' ';
		else if (c == '\\' || c == '"')
			to[n++] = '\\', to[n++] = (char)c;
		else if (c >= ' ' && c < 0x7f)
			to[n++] = (char)c;
		else if (c == '\n' || c == '\t' || c == '\r' || c == '\b')
			to[n++] = '\\', to[n++] = "btn  r"[c - '\b'];
		else
			n += (size_t)sprintf(to + n, "\\%03u", c);
	}
	return n;
}

static void put(struct access *access, const struct conn *conn, uint32_t tx_id, int priority,
		const char *what, const char *payload, uint32_t len)
{
	char line[WIRE_PAYLOAD_MAX * 4 + 200], date[SINK_DATE_SIZE], who[32];
	int n;

	/* Domains have a number; programs are counted as they come. */
	if (conn->watcher.account == quota_tools(conn->protocol->quota))
		n = snprintf(who, sizeof(who), "A%u", conn->number);
	else
		n = snprintf(who, sizeof(who), "D%u", conn->watcher.subject.domid);
	if (tx_id)
		snprintf(who + n, sizeof(who) - (size_t)n, ".%u", tx_id);
	if (sink_is_syslog(access->sink))
		n = snprintf(line, 200, " %-12s %-9s ", who, what);
	else
		n = snprintf(line, 200, "[%s]  %-12s %-9s ", sink_date(date), who, what);
	n += (int)put_payload(line + n, sizeof(line) - (size_t)n, payload, len);
	sink_put(access->sink, priority, line, (size_t)n);
}

static bool wants_request(const struct access *access, uint32_t type, uint32_t tx_id)
{
	switch (type) {
	case WIRE_READ:
	case WIRE_DIRECTORY:
	case WIRE_DIRECTORY_PART:
	case WIRE_GET_PERMS:
		return access->reads;
	case WIRE_TRANSACTION_START:
		return access->txns;
	case WIRE_TRANSACTION_END:
		return access->txns && tx_id;
	case WIRE_INTRODUCE:
	case WIRE_RELEASE:
	case WIRE_GET_DOMAIN_PATH:
	case WIRE_IS_DOMAIN_INTRODUCED:
	case WIRE_RESUME:
		return access->special;
	default:
		return true;
	}
}

void access_message(struct access *access, const struct conn *conn, bool is_request, uint32_t tx_id,
		    uint32_t type, const char *payload, uint32_t len)
{
	const char *what = type < WIRE_N_OPS && names[type] ? names[type] : "invalid";

	if (is_request) {
		if (wants_request(access, type, tx_id))
			put(access, conn, tx_id, LOG_INFO, what, payload, len);
	} else if (type == WIRE_WATCH_EVENT) {
		put(access, conn, tx_id, LOG_INFO, what, payload, len);
	} else if (type == WIRE_ERROR) {
		/* That something is not there is an answer like another. */
		if (access->reads || strcmp(payload, "ENOENT") != 0)
			put(access, conn, tx_id, LOG_WARNING, what, payload, len);
	}
}

void access_note(struct access *access, const struct conn *conn, uint32_t tx_id,
		 enum access_note note)
{
	static const char *const what[] = {
		[ACCESS_NEW_CONN] = "newconn",
		[ACCESS_END_CONN] = "endconn",
		[ACCESS_COMMIT] = "commit",
		[ACCESS_CONFLICT] = "conflict",
	};

	put(access, conn, tx_id, LOG_DEBUG, what[note], "", 0);
}
