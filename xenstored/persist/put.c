/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function per kind of entry: how long it is, and what stands in it. */
#include "persist/put.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>

#include "model/node.h"
#include "model/path.h"
#include "model/txn.h"
#include "model/watch.h"
#include "persist/journal.h"
#include "protocol/conn.h"

/* Output goes in entries of this many bytes at most, so that each fits a chunk. */
#define OUTPUT_MAX 32768
#define IOV_BATCH  64

static void *begin(const struct put_sink *sink, uint16_t type, uint16_t flags, uint64_t len)
{
	uint32_t padded = (uint32_t)ENTRY_PAD(len);
	struct journal_gap *gap = sink->gap;
	char *room;

	if (gap && padded <= (size_t)(gap->end - gap->at)) {
		room = gap->at;
		gap->at += padded;
	} else {
		room = sink->room(sink->ctx, padded);
		if (!room)
			return NULL;
	}
	memset(room + padded - 8, 0, 8);
	*(struct entry *)room = (struct entry){ padded, type, flags };
	return room;
}

static void copy_perms(struct entry_perm *to, const struct perms *perms)
{
	for (uint32_t i = 0; i < perms->n; i++)
		to[i] = (struct entry_perm){ perms->list[i].domid, perms->list[i].rights,
					     perms->list[i].stale, 0 };
}

void put_node(const struct put_sink *sink, const struct node *node)
{
	const struct perms *perms = node->perms;
	struct entry_node *e = begin(sink, ENTRY_NODE, 0,
				     sizeof(*e) + perms->n * sizeof(e->perms[0]) + node->name_len +
					     (uint64_t)node->value_len);
	char *text;

	if (!e)
		return;
	e->id = node->created;
	e->parent = node->parent ? node->parent->created : 0;
	e->n_perms = perms->n;
	e->name_len = node->name_len;
	e->value_len = node->value_len;
	copy_perms(e->perms, perms);
	text = (char *)(e->perms + perms->n);
	memcpy(text, node->text, node->name_len);
	memcpy(text + node->name_len, node->value, node->value_len);
}

void put_value(const struct put_sink *sink, const struct node *node)
{
	struct entry_value *e =
		begin(sink, ENTRY_VALUE, 0,
		      offsetof(struct entry_value, value) + (uint64_t)node->value_len);

	if (!e)
		return;
	e->id = node->created;
	e->value_len = node->value_len;
	memcpy(e->value, node->value, node->value_len);
}

void put_perms(const struct put_sink *sink, const struct node *node)
{
	const struct perms *perms = node->perms;
	struct entry_perms *e =
		begin(sink, ENTRY_PERMS, 0, sizeof(*e) + perms->n * (uint64_t)sizeof(e->perms[0]));

	if (!e)
		return;
	e->id = node->created;
	e->n_perms = perms->n;
	e->spare = 0;
	copy_perms(e->perms, perms);
}

static void put_name(const struct put_sink *sink, uint16_t type, uint16_t flags, uint64_t id)
{
	struct entry_name *e = begin(sink, type, flags, sizeof(*e));

	if (e)
		e->id = id;
}

void put_remove(const struct put_sink *sink, const struct node *top)
{
	put_name(sink, ENTRY_REMOVE, 0, top->created);
}

void put_quota(const struct put_sink *sink, uint32_t domid, enum quota_item item, bool soft,
	       uint32_t limit)
{
	struct entry_quota *e = begin(sink, ENTRY_QUOTA, 0, sizeof(*e));

	if (!e)
		return;
	e->domid = domid;
	e->item = (uint16_t)item;
	e->soft = soft;
	e->limit = limit;
	e->spare = 0;
}

void put_domain(const struct put_sink *sink, const struct entry_domain *domain)
{
	struct entry_domain *e = begin(sink, ENTRY_DOMAIN, 0, sizeof(*e));
	uint32_t len = sizeof(*e);

	if (!e)
		return;
	*e = *domain;
	e->entry = (struct entry){ len, ENTRY_DOMAIN, domain->entry.flags };
}

void put_domain_end(const struct put_sink *sink, uint32_t domid)
{
	struct entry_domain_end *e = begin(sink, ENTRY_DOMAIN_END, 0, sizeof(*e));

	if (!e)
		return;
	e->domid = domid;
	e->spare = 0;
}

void put_client(const struct put_sink *sink, const struct conn *conn)
{
	bool is_socket = !conn->transport->taken;
	struct entry_client *e =
		begin(sink, ENTRY_CLIENT, is_socket ? ENTRY_CLIENT_SOCKET : 0, sizeof(*e));

	if (!e)
		return;
	e->id = conn->record.id;
	e->domid = conn->watcher.subject.domid;
	e->spare = 0;
}

void put_client_event(const struct put_sink *sink, uint16_t type, uint16_t flags, uint64_t id)
{
	put_name(sink, type, flags, id);
}

void put_gap(const struct put_sink *sink)
{
	put_name(sink, ENTRY_GAP, 0, 0);
}

static void put_watch_text(const struct put_sink *sink, uint16_t type, uint64_t client,
			   uint16_t depth, uint16_t skip, const char *path, uint16_t path_len,
			   const char *token, uint16_t token_len)
{
	struct entry_watch *e = begin(sink, type, 0, sizeof(*e) + path_len + (uint64_t)token_len);

	if (!e)
		return;
	e->client = client;
	e->depth = depth;
	e->skip = skip;
	e->path_len = path_len;
	e->token_len = token_len;
	memcpy(e->text, path, path_len);
	memcpy(e->text + path_len, token, token_len);
}

void put_watch(const struct put_sink *sink, uint64_t client, const struct watch *watch)
{
	put_watch_text(sink, ENTRY_WATCH, client, watch->depth, watch->skip, watch->text,
		       watch->path_len, watch_token(watch), watch->token_len);
}

void put_unwatch(const struct put_sink *sink, uint64_t client, const struct path *path,
		 const char *token)
{
	put_watch_text(sink, ENTRY_UNWATCH, client, 0, 0, path->text, (uint16_t)path->len, token,
		       (uint16_t)strlen(token));
}

void put_txn(const struct put_sink *sink, uint16_t type, uint64_t client, uint32_t txid)
{
	struct entry_txn *e = begin(sink, type, 0, sizeof(*e));

	if (!e)
		return;
	e->client = client;
	e->txid = txid;
	e->spare = 0;
}

static struct entry_stream *begin_stream(const struct put_sink *sink, uint16_t type, uint16_t flags,
					 uint64_t client, uint32_t at, uint32_t n_bytes)
{
	struct entry_stream *e = begin(sink, type, flags, sizeof(*e) + (uint64_t)n_bytes);

	if (!e)
		return NULL;
	e->client = client;
	e->at = at;
	e->n_bytes = n_bytes;
	return e;
}

void put_stream(const struct put_sink *sink, uint16_t type, uint64_t client, uint32_t at,
		const char *bytes, uint32_t n_bytes)
{
	struct entry_stream *e = begin_stream(sink, type, 0, client, at, n_bytes);

	if (e && n_bytes)
		memcpy(e->bytes, bytes, n_bytes);
}

void put_slow(const struct put_sink *sink, uint16_t flags, const struct conn *conn)
{
	const struct conn_record *record = &conn->record;
	struct entry_stream *e;

	if (conn->out.head_left && conn->out.head_is_answer)
		flags |= ENTRY_SLOW_ANSWER;
	e = begin_stream(sink, ENTRY_SLOW, flags, record->id, record->out_start, 0);
	if (e)
		e->n_bytes = conn->out.head_left;
}

/* Copies @len bytes that begin @skip bytes into the queue. */
static void copy_output(char *to, const struct outq *outq, uint32_t skip, uint32_t len)
{
	struct outq_at at = { 0 };
	struct iovec iov;

	while (len && outq_next_bytes(outq, &at, &iov)) {
		uint32_t n;

		if (skip >= iov.iov_len) {
			skip -= (uint32_t)iov.iov_len;
			continue;
		}
		n = (uint32_t)iov.iov_len - skip;
		if (n > len)
			n = len;
		memcpy(to, (const char *)iov.iov_base + skip, n);
		to += n;
		len -= n;
		skip = 0;
	}
	assert(!len);
}

void put_output(const struct put_sink *sink, const struct conn *conn, uint32_t at)
{
	uint32_t skip = at - conn->record.out_start;
	uint32_t left = conn->out.n_bytes - skip;

	while (left) {
		uint32_t n = left < OUTPUT_MAX ? left : OUTPUT_MAX;
		struct entry_stream *e =
			begin_stream(sink, ENTRY_OUTPUT, 0, conn->record.id, at, n);

		if (!e)
			return;
		copy_output(e->bytes, &conn->out, skip, n);
		at += n;
		skip += n;
		left -= n;
	}
}

/* Watches are linked youngest first, and are to be written oldest first. */
static void put_watches(const struct put_sink *sink, const struct conn *conn)
{
	const struct watch *watch = LIST_FIRST(&conn->watcher.watches);
	const struct watch *last = NULL;

	for (; watch; watch = LIST_NEXT(watch, own))
		last = watch;
	for (watch = last; watch; watch = LIST_PREV(watch, &conn->watcher.watches, watch, own))
		put_watch(sink, conn->record.id, watch);
}

void put_client_whole(const struct put_sink *sink, const struct conn *conn)
{
	const struct conn_record *record = &conn->record;
	const struct txn *txn;

	put_client(sink, conn);
	put_watches(sink, conn);
	LIST_FOREACH (txn, &conn->txns, own)
		put_txn(sink, ENTRY_TXN, record->id, txn->id);
	if (conn->in_len)
		put_stream(sink, ENTRY_INPUT, record->id, 0, conn->in, conn->in_len);
	if (!conn->out.n_bytes)
		return;
	put_slow(sink, 0, conn);
	put_output(sink, conn, record->out_start);
}
