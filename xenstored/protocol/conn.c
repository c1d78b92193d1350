/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of what comes in, queueing of what goes out, and what belongs to a client. */
#include "protocol/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "model/txn.h"
#include "protocol/backlog.h"
#include "protocol/dispatch.h"
#include "protocol/protocol.h"
#include "protocol/ticks.h"
#include "protocol/wire.h"

void conn_init(struct conn *conn, struct protocol *protocol, const struct conn_transport *transport,
	       const struct subject *subject, struct quota_account *account)
{
	memset(conn, 0, sizeof(*conn));
	conn->protocol = protocol;
	conn->transport = transport;
	conn->watcher.subject = *subject;
	conn->watcher.account = account;
	conn->next_txid = 1;
	conn->features = WIRE_FEATURES;
	conn->number = ++protocol->n_conns;
	if (trace_is_on(&protocol->trace, TRACE_OBJ))
		trace_conn(&protocol->trace, true, conn);
}

void conn_deinit(struct conn *conn)
{
	struct trace *trace = &conn->protocol->trace;

	conn_reset(conn);
	if (trace_is_on(trace, TRACE_OBJ))
		trace_conn(trace, false, conn);
}

void conn_drop_watches(struct conn *conn)
{
	struct trace *trace = &conn->protocol->trace;
	const struct watch *watch;

	if (trace_is_on(trace, TRACE_OBJ))
		LIST_FOREACH (watch, &conn->watcher.watches, own)
			trace_object(trace, false, "watch", watch);
	watch_remove_all(conn->protocol->watches, &conn->watcher);
}

void conn_drop_txns(struct conn *conn)
{
	struct trace *trace = &conn->protocol->trace;

	contention_forget(conn);
	while (!LIST_EMPTY(&conn->txns)) {
		struct txn *txn = LIST_FIRST(&conn->txns);

		if (trace_is_on(trace, TRACE_OBJ))
			trace_object(trace, false, "transaction", txn);
		LIST_REMOVE(txn, own);
		txn_free(txn);
	}
}

void conn_touch(struct conn *conn)
{
	const struct protocol *protocol = conn->protocol;

	if (conn->record.id && !conn->record.is_touched)
		protocol->observer->touched(protocol->observer_ctx, conn);
}

void conn_reset(struct conn *conn)
{
	struct protocol *protocol = conn->protocol;

	if (protocol->updater == conn)
		protocol->updater = NULL;
	if (conn->record.id)
		protocol->observer->reset(protocol->observer_ctx, conn, true);
	conn_drop_watches(conn);
	conn_drop_txns(conn);
	backlog_end(conn);
	backlog_disown(conn);
	conn_sent(conn, conn->out.n_bytes);
	conn->is_stalled = false;
	free(conn->in);
	conn->in = NULL;
	conn->in_len = 0;
}

/* With this much unsent, no more requests of a program are served. */
#define STALL_BYTES (256 * 1024)
/*
 * The same for guests, if an answer is among it: several rings full. What is beyond what they take
 * must be written down for a restart, and is of no use to them before.
 */
#define STALL_GUEST_BYTES 4096

/*
 * A client that does not take its answers must not make us hold ever more of them. Guests are also
 * held back for events that their requests caused and that others do not take.
 */
static bool may_serve(const struct conn *conn)
{
	const struct quota_account *account = conn->watcher.account;
	uint32_t limit = account->limit[QUOTA_OUTSTANDING];

	if (conn->out.n_bytes >= STALL_BYTES ||
	    ((conn->waiter || conn->contender) && contention_is_waiting(conn)))
		return false;
	if (account->exempt)
		return true;
	if (conn->out.n_bytes >= STALL_GUEST_BYTES && conn->out.n_answers)
		return false;
	if (limit && account->used[QUOTA_OUTSTANDING] >= limit)
		return false;
	/* Only what waits to be sent can become less by waiting. */
	limit = account->limit[QUOTA_MEMORY];
	return !limit || !conn->out.n_bytes || account->used[QUOTA_MEMORY] <= limit;
}

void conn_check_stall(struct conn *conn)
{
	if (!conn->is_stalled || conn->is_dead || !may_serve(conn))
		return;
	conn->is_stalled = false;
	conn->transport->resume(conn);
}

static bool stalls(struct conn *conn)
{
	if (may_serve(conn))
		return false;
	if (!conn->is_stalled)
		conn->watcher.account->stats.n_stalls++;
	conn->is_stalled = true;
	return true;
}

void conn_flushed(struct conn *conn)
{
	if (conn->backlog && !conn->out.n_bytes)
		backlog_end(conn);
	else if (!conn->backlog && conn->out.n_bytes)
		backlog_begin(conn);
	conn_check_stall(conn);
}

/* Others wait; the rest of what it has sent is served in another turn. */
static bool turn_is_over(struct conn *conn)
{
	uint64_t ends = conn->protocol->turn_ends;

	conn->has_more = ends && ticks_now() >= ends;
	return conn->has_more;
}

int conn_consume(struct conn *conn, const char *data, uint32_t len)
{
	uint32_t used = 0;

	conn->has_more = false;
	while (len - used >= WIRE_HEADER_SIZE && !conn->is_dead) {
		struct xsd_sockmsg head;

		memcpy(&head, data + used, sizeof(head));
		if (head.len > WIRE_PAYLOAD_MAX)
			return -EPROTO;
		if (len - used - WIRE_HEADER_SIZE < head.len || stalls(conn))
			break;
		if (!dispatch(conn, head.type, head.req_id, head.tx_id,
			      data + used + WIRE_HEADER_SIZE, head.len)) {
			conn->is_stalled = true;
			break;
		}
		used += WIRE_HEADER_SIZE + head.len;
		if (used < len && turn_is_over(conn))
			break;
	}
	return (int)used;
}

int conn_keep(struct conn *conn, const char *data, uint32_t len)
{
	char *in;

	if (!len)
		return 0;
	in = malloc(len);
	if (!in)
		return -ENOMEM;
	memcpy(in, data, len);
	conn->in = in;
	conn->in_len = len;
	conn_touch(conn);
	return 0;
}

uint32_t conn_take_kept(struct conn *conn, char *buf)
{
	uint32_t len = conn->in_len;

	if (!len)
		return 0;
	memcpy(buf, conn->in, len);
	free(conn->in);
	conn->in = NULL;
	conn->in_len = 0;
	return len;
}

char *conn_message(struct conn *conn, uint32_t type, uint32_t req_id, uint32_t tx_id, uint32_t len)
{
	struct xsd_sockmsg head = { .type = type, .req_id = req_id, .tx_id = tx_id, .len = len };
	bool was_empty = !conn->out.n_bytes;
	char *room = outq_reserve(&conn->out, &conn->protocol->pool, WIRE_HEADER_SIZE + len);

	if (!room)
		return NULL;
	memcpy(room, &head, sizeof(head));
	if (type != WIRE_WATCH_EVENT) {
		conn->out.n_answers++;
		conn->n_answers++;
		quota_charge(conn->watcher.account, QUOTA_OUTSTANDING, 1);
	}
	quota_charge(conn->watcher.account, QUOTA_MEMORY, WIRE_HEADER_SIZE + len);
	conn->watcher.account->stats.bytes_out += WIRE_HEADER_SIZE + len;
	if (was_empty)
		conn->transport->wake(conn);
	conn_touch(conn);
	return room + WIRE_HEADER_SIZE;
}

/* Queues one message, or the end of one, that was queued before. */
static int restore_message(struct conn *conn, const char *data, uint32_t len, bool is_answer)
{
	struct quota_account *account = conn->watcher.account;
	char *room = outq_reserve(&conn->out, &conn->protocol->pool, len);

	if (!room)
		return -ENOMEM;
	memcpy(room, data, len);
	quota_charge(account, QUOTA_MEMORY, len);
	if (is_answer) {
		conn->out.n_answers++;
		conn->n_answers++;
		quota_charge(account, QUOTA_OUTSTANDING, 1);
	}
	return 0;
}

int conn_restore_output(struct conn *conn, const char *data, uint32_t len, uint32_t head_left,
			bool head_is_answer)
{
	uint32_t at = head_left;
	int r = 0;

	if (head_left > len)
		return -EBADMSG;
	conn->out.head_left = head_left;
	conn->out.head_is_answer = head_is_answer;
	if (head_left)
		r = restore_message(conn, data, head_left, head_is_answer);
	while (r == 0 && at < len) {
		struct xsd_sockmsg head;

		if (len - at < sizeof(head))
			return -EBADMSG;
		memcpy(&head, data + at, sizeof(head));
		if (head.len > WIRE_PAYLOAD_MAX || len - at - sizeof(head) < head.len)
			return -EBADMSG;
		r = restore_message(conn, data + at, (uint32_t)sizeof(head) + head.len,
				    head.type != WIRE_WATCH_EVENT);
		at += (uint32_t)sizeof(head) + head.len;
	}
	if (len)
		conn->transport->wake(conn);
	return r;
}

void conn_sent(struct conn *conn, uint32_t len)
{
	struct quota_account *account = conn->watcher.account;
	uint32_t n_answers = conn->out.n_answers;

	if (conn->backlog)
		backlog_sent(conn, len);
	outq_drop(&conn->out, &conn->protocol->pool, len);
	conn->record.out_start += len;
	if (conn->record.is_slow)
		conn_touch(conn);
	quota_discharge(account, QUOTA_MEMORY, len);
	quota_discharge(account, QUOTA_OUTSTANDING, n_answers - conn->out.n_answers);
	if (!LIST_EMPTY(&conn->causes))
		backlog_answered(conn);
}

/* Writes what an event says; @payload has room for it. */
static void write_event(char *payload, const struct watch *watch, const char *path, uint32_t len)
{
	memcpy(payload, path, len);
	payload[len] = '\0';
	memcpy(payload + len + 1, watch_token(watch), watch->token_len + 1u);
}

/* Special events are about different domains even where they look the same. */
static bool is_waiting(const struct conn *conn, const struct watch *watch, const char *path,
		       uint32_t len, uint32_t payload_len)
{
	char payload[WIRE_PAYLOAD_MAX];

	if (!conn->backlog || path[0] == '@')
		return false;
	write_event(payload, watch, path, len);
	return backlog_has(conn, payload, payload_len);
}

void conn_event(void *ctx, struct watch *watch, const char *path, uint32_t len, void *cause)
{
	struct watcher *watcher = watch->watcher;
	struct conn *conn = (struct conn *)((char *)watcher - offsetof(struct conn, watcher));
	struct stats *stats = &watcher->account->stats;
	uint32_t payload_len = len + 1 + watch->token_len + 1;
	struct request *req = cause;
	char *payload = NULL;

	(void)ctx;
	/* An event that does not fit a message cannot be sent at all. */
	if (payload_len > WIRE_PAYLOAD_MAX || conn->is_dead)
		return;
	if (is_waiting(conn, watch, path, len, payload_len)) {
		stats->n_events_merged++;
		return;
	}
	if (quota_check_more(watcher->account, QUOTA_MEMORY, WIRE_HEADER_SIZE + payload_len))
		payload = conn_message(conn, WIRE_WATCH_EVENT, 0, 0, payload_len);
	if (!payload) {
		stats->n_events_lost++;
		return;
	}
	stats->n_events++;
	write_event(payload, watch, path, len);
	if (conn->backlog)
		backlog_add(conn, payload, payload_len, req ? &req->cause : NULL,
			    req ? req->conn : NULL);
	if (trace_is_on(&conn->protocol->trace, TRACE_IO))
		trace_message(&conn->protocol->trace, TRACE_OUT, conn, 0, WIRE_WATCH_EVENT, payload,
			      payload_len);
}

struct txn *conn_find_txn(const struct conn *conn, uint32_t id)
{
	struct txn *txn;

	LIST_FOREACH (txn, &conn->txns, own)
		if (txn->id == id)
			return txn;
	return NULL;
}
