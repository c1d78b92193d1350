/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record per waiting event, in the order of the queue. It points at the event's bytes there, so
 * comparing and dropping need no copy.
 */
#include "protocol/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "model/hash.h"
#include "model/quota.h"
#include "model/store.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

struct event {
	struct table_link link;
	TAILQ_ENTRY(event) next;
	struct conn *conn;	     /* borrowed: has the backlog that owns us */
	struct backlog_cause *cause; /* counts us; NULL: none */
	const char *payload;	     /* borrowed: in conn's queue */
	uint32_t len;
	uint32_t end; /* position after it, see backlog.queued */
	uint64_t since_ms;
};

struct backlog {
	TAILQ_ENTRY(backlog) all;
	TAILQ_HEAD(, event) events;
	struct conn *conn; /* borrowed: owns us */
	uint32_t sent;	   /* bytes since the backlog began; wraps */
	uint32_t queued;
};

int backlog_set_init(struct backlog_set *set)
{
	TAILQ_INIT(&set->all);
	return table_init(&set->waiting, 16);
}

void backlog_set_deinit(struct backlog_set *set)
{
	table_deinit(&set->waiting);
}

static uint64_t hash_of(const struct conn *conn, const char *payload, uint32_t len)
{
	const struct hash_key *key = &conn->protocol->store->key;

	return hash_bytes(key, hash_fold((uintptr_t)conn ^ key->k[1], key->k[2]), payload, len);
}

static void release_cause(struct backlog_cause *cause)
{
	struct conn *sender = cause ? cause->sender : NULL;

	if (!cause || --cause->n_events)
		return;
	if (sender) {
		LIST_REMOVE(cause, own);
		if (cause->is_answered)
			quota_discharge(sender->watcher.account, QUOTA_OUTSTANDING, 1);
		conn_check_stall(sender);
	}
	free(cause);
}

static void free_event(struct backlog *backlog, struct event *event)
{
	TAILQ_REMOVE(&backlog->events, event, next);
	table_remove(&backlog->conn->protocol->backlogs.waiting, &event->link);
	release_cause(event->cause);
	free(event);
}

static void add(struct backlog *backlog, const char *payload, uint32_t len, uint32_t end,
		struct backlog_cause *cause)
{
	struct conn *conn = backlog->conn;
	struct protocol *protocol = conn->protocol;
	struct event *event = malloc(sizeof(*event));

	/* An event of which nothing is known is still sent. */
	if (!event)
		return;
	*event = (struct event){
		.conn = conn,
		.payload = payload,
		.len = len,
		.end = end,
		.cause = cause,
		.since_ms = protocol->host->now_ms(protocol->host_ctx),
	};
	if (cause)
		cause->n_events++;
	TAILQ_INSERT_TAIL(&backlog->events, event, next);
	table_add(&protocol->backlogs.waiting, &event->link, hash_of(conn, payload, len));
}

static bool is_event(const char *message)
{
	struct xsd_sockmsg head;

	memcpy(&head, message, sizeof(head));
	return head.type == WIRE_WATCH_EVENT;
}

void backlog_begin(struct conn *conn)
{
	struct backlog *backlog = calloc(1, sizeof(*backlog));
	struct outq_at at = { 0 };
	char *message;
	uint32_t len, end = conn->out.head_left;

	if (!backlog)
		return;
	backlog->conn = conn;
	backlog->queued = conn->out.n_bytes;
	TAILQ_INIT(&backlog->events);
	TAILQ_INSERT_TAIL(&conn->protocol->backlogs.all, backlog, all);
	conn->backlog = backlog;
	while (outq_next(&conn->out, &at, &message, &len)) {
		end += len;
		if (is_event(message))
			add(backlog, message + WIRE_HEADER_SIZE, len - WIRE_HEADER_SIZE, end, NULL);
	}
}

void backlog_end(struct conn *conn)
{
	struct backlog *backlog = conn->backlog;

	if (!backlog)
		return;
	while (!TAILQ_EMPTY(&backlog->events))
		free_event(backlog, TAILQ_FIRST(&backlog->events));
	TAILQ_REMOVE(&conn->protocol->backlogs.all, backlog, all);
	conn->backlog = NULL;
	free(backlog);
}

bool backlog_has(const struct conn *conn, const char *payload, uint32_t len)
{
	const struct table *waiting = &conn->protocol->backlogs.waiting;
	uint64_t hash = hash_of(conn, payload, len);
	struct table_link *link;

	for (link = table_first(waiting, hash); link; link = link->next) {
		const struct event *event = (const struct event *)link;

		if (link->hash == hash && event->conn == conn && event->len == len &&
		    memcmp(event->payload, payload, len) == 0)
			return true;
	}
	return false;
}

/* The request that is to blame, if it can be held back at all. */
static struct backlog_cause *blame(struct backlog_cause **cause, struct conn *sender)
{
	if (!cause || !sender || sender->watcher.subject.privileged || sender->is_dead)
		return NULL;
	if (!*cause) {
		*cause = calloc(1, sizeof(**cause));
		if (!*cause)
			return NULL;
		(*cause)->sender = sender;
		/* Events come before the answer, and until that is sent, it is what counts. */
		(*cause)->answer = sender->n_answers + 1;
		LIST_INSERT_HEAD(&sender->causes, *cause, own);
	}
	return *cause;
}

void backlog_answered(struct conn *conn)
{
	uint32_t n_sent = conn->n_answers - conn->out.n_answers;
	struct backlog_cause *cause;

	LIST_FOREACH (cause, &conn->causes, own) {
		if (cause->is_answered || (int32_t)(n_sent - cause->answer) < 0)
			continue;
		cause->is_answered = true;
		quota_charge(conn->watcher.account, QUOTA_OUTSTANDING, 1);
	}
}

void backlog_add(struct conn *conn, const char *payload, uint32_t len, struct backlog_cause **cause,
		 struct conn *sender)
{
	struct backlog *backlog = conn->backlog;

	backlog->queued = backlog->sent + conn->out.n_bytes;
	add(backlog, payload, len, backlog->queued, blame(cause, sender));
}

void backlog_sent(struct conn *conn, uint32_t len)
{
	struct backlog *backlog = conn->backlog;
	struct event *event;

	backlog->sent += len;
	while ((event = TAILQ_FIRST(&backlog->events)) &&
	       (int32_t)(event->end - backlog->sent) <= 0)
		free_event(backlog, event);
}

void backlog_disown(struct conn *conn)
{
	struct backlog_cause *cause;

	while ((cause = LIST_FIRST(&conn->causes))) {
		LIST_REMOVE(cause, own);
		cause->sender = NULL;
		if (cause->is_answered)
			quota_discharge(conn->watcher.account, QUOTA_OUTSTANDING, 1);
	}
}

bool backlog_is_any(const struct protocol *protocol)
{
	return !TAILQ_EMPTY(&protocol->backlogs.all);
}

static bool copy(struct conn *conn, const char *bytes, uint32_t len)
{
	char *to = outq_reserve(&conn->out, &conn->protocol->pool, len);

	if (to)
		memcpy(to, bytes, len);
	return to;
}

/* Copies what is not too old of @former into the queue, which is empty. */
static bool copy_young(struct backlog *backlog, const struct outq *former, uint64_t before_ms)
{
	struct conn *conn = backlog->conn;
	struct event *event = TAILQ_FIRST(&backlog->events), *next;
	uint32_t position = backlog->sent + former->head_left;
	struct outq_at at = { 0 };
	char *message;
	uint32_t len;

	if (former->head_left && !copy(conn, outq_front(former), former->head_left))
		return false;
	while (outq_next(former, &at, &message, &len)) {
		bool is_known;

		position += len;
		is_known = event && event->end == position;
		next = is_known ? TAILQ_NEXT(event, next) : event;
		if (is_known && event->since_ms < before_ms) {
			conn->watcher.account->stats.n_events_lost++;
			free_event(backlog, event);
		} else if (!copy(conn, message, len)) {
			return false;
		} else if (is_known) {
			event->payload = outq_back(&conn->out) - len + WIRE_HEADER_SIZE;
			event->end = backlog->sent + conn->out.n_bytes;
		}
		event = next;
	}
	return true;
}

/* Takes the events that are too old out of the queue, by making it anew without them. */
static void expire(struct backlog *backlog, uint64_t before_ms)
{
	struct conn *conn = backlog->conn;
	struct outq former = conn->out;
	bool ok;

	conn->out = (struct outq){ .head_left = former.head_left,
				   .head_is_answer = former.head_is_answer,
				   .n_answers = former.n_answers };
	ok = copy_young(backlog, &former, before_ms);
	backlog->queued = backlog->sent + conn->out.n_bytes;
	quota_discharge(conn->watcher.account, QUOTA_MEMORY, former.n_bytes - conn->out.n_bytes);
	conn->record.is_rewritten = true;
	outq_clear(&former, &conn->protocol->pool);
	conn_touch(conn);
	if (!ok)
		conn->transport->kill(conn, "no memory for what it is sent");
}

void backlog_expire(struct protocol *protocol, uint64_t timeout_ms)
{
	uint64_t now_ms = protocol->host->now_ms(protocol->host_ctx);
	struct backlog *backlog, *next;

	if (!timeout_ms || now_ms < timeout_ms)
		return;
	TAILQ_FOREACH_SAFE(backlog, &protocol->backlogs.all, all, next)
	{
		const struct event *oldest = TAILQ_FIRST(&backlog->events);

		if (oldest && !backlog->conn->watcher.subject.privileged &&
		    oldest->since_ms < now_ms - timeout_ms)
			expire(backlog, now_ms - timeout_ms);
	}
}
