/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of what comes in, queueing of what goes out, and what belongs to a client. */
#include "protocol/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "model/txn.h"
#include "protocol/dispatch.h"
#include "protocol/protocol.h"
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
	snprintf(conn->home, sizeof(conn->home), "/local/domain/%u", (uint16_t)subject->domid);
}

void conn_drop_txns(struct conn *conn)
{
	while (!LIST_EMPTY(&conn->txns)) {
		struct txn *txn = LIST_FIRST(&conn->txns);

		LIST_REMOVE(txn, own);
		txn_free(txn);
	}
}

static void touch(struct conn *conn)
{
	const struct protocol *protocol = conn->protocol;

	if (conn->record.id && !conn->record.is_touched)
		protocol->observer->touched(protocol->observer_ctx, conn);
}

void conn_reset(struct conn *conn)
{
	const struct protocol *protocol = conn->protocol;

	if (conn->record.id)
		protocol->observer->reset(protocol->observer_ctx, conn, true);
	watch_remove_all(conn->protocol->watches, &conn->watcher);
	conn_drop_txns(conn);
	conn_sent(conn, conn->out.n_bytes);
	free(conn->in);
	conn->in = NULL;
	conn->in_len = 0;
}

int conn_consume(struct conn *conn, const char *data, uint32_t len)
{
	uint32_t used = 0;

	while (len - used >= WIRE_HEADER_SIZE && !conn->is_dead) {
		struct xsd_sockmsg head;

		memcpy(&head, data + used, sizeof(head));
		if (head.len > WIRE_PAYLOAD_MAX)
			return -EPROTO;
		if (len - used - WIRE_HEADER_SIZE < head.len)
			break;
		used += WIRE_HEADER_SIZE;
		dispatch(conn, head.type, head.req_id, head.tx_id, data + used, head.len);
		used += head.len;
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
	touch(conn);
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
	quota_charge(conn->watcher.account, QUOTA_MEMORY, WIRE_HEADER_SIZE + len);
	conn->watcher.account->stats.bytes_out += WIRE_HEADER_SIZE + len;
	if (was_empty)
		conn->transport->wake(conn);
	touch(conn);
	return room + WIRE_HEADER_SIZE;
}

void conn_sent(struct conn *conn, uint32_t len)
{
	outq_drop(&conn->out, &conn->protocol->pool, len);
	conn->record.out_start += len;
	quota_discharge(conn->watcher.account, QUOTA_MEMORY, len);
}

void conn_event(void *ctx, struct watch *watch, const char *path, uint32_t len, void *cause)
{
	struct watcher *watcher = watch->watcher;
	struct conn *conn = (struct conn *)((char *)watcher - offsetof(struct conn, watcher));
	uint32_t payload_len = len + 1 + watch->token_len + 1;
	char *payload;

	(void)ctx, (void)cause;
	/* An event that does not fit a message cannot be sent at all. */
	if (payload_len > WIRE_PAYLOAD_MAX || conn->is_dead)
		return;
	watcher->account->stats.n_events_lost++;
	if (!quota_check_more(watcher->account, QUOTA_MEMORY, WIRE_HEADER_SIZE + payload_len))
		return;
	payload = conn_message(conn, WIRE_WATCH_EVENT, 0, 0, payload_len);
	if (!payload)
		return;
	watcher->account->stats.n_events_lost--;
	watcher->account->stats.n_events++;
	memcpy(payload, path, len);
	payload[len] = '\0';
	memcpy(payload + len + 1, watch_token(watch), watch->token_len + 1u);
	if (trace_is_on(&conn->protocol->trace, TRACE_IO))
		trace_message(&conn->protocol->trace, "OUT", conn, watcher->subject.domid,
			      WIRE_WATCH_EVENT, payload, payload_len);
}

struct txn *conn_find_txn(const struct conn *conn, uint32_t id)
{
	struct txn *txn;

	LIST_FOREACH (txn, &conn->txns, own)
		if (txn->id == id)
			return txn;
	return NULL;
}
