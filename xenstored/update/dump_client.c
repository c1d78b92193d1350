/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections, watches, transactions. The specification has records for what a transaction has
 * touched, but the stock daemons take them for nodes that everybody sees: so these go to a daemon
 * of ours only, in records of our own.
 */
#include <string.h>
#include <sys/uio.h>

#include "model/path.h"
#include "model/txn.h"
#include "model/watch.h"
#include "protocol/conn.h"
#include "update/dump.h"
#include "update/dump_priv.h"

/* Watches are linked youngest first, and are to be written oldest first. */
static void dump_watches(struct writer *writer, const struct conn *conn, uint32_t id)
{
	const struct watch *watch = LIST_FIRST(&conn->watcher.watches);
	const struct watch *last = NULL;

	for (; watch; watch = LIST_NEXT(watch, own))
		last = watch;
	for (watch = last; watch; watch = LIST_PREV(watch, &conn->watcher.watches, watch, own)) {
		struct stream_watch out = {
			.conn = id,
			.path = watch->text + watch->skip,
			.path_len = watch->path_len - (uint32_t)watch->skip,
			.token = watch_token(watch),
			.token_len = watch->token_len,
			.depth = watch->depth,
		};

		writer_watch(writer, &out);
	}
}

void dump_client(struct writer *writer, const struct conn *conn, const struct stream_conn *head,
		 const struct dump_answer *answer)
{
	uint32_t skip = answer ? answer->skip : 0;
	struct stream_conn out = *head;
	struct outq_at at = { 0 };
	struct iovec iov;

	out.in_len = conn->in_len - skip;
	out.out_len = conn->out.n_bytes + (answer ? answer->len : 0);
	out.partial_len = conn->out.n_bytes ? conn->out.head_left : 0;
	writer_conn(writer, &out);
	if (out.in_len)
		writer_bytes(writer, conn->in + skip, out.in_len);
	while (outq_next_bytes(&conn->out, &at, &iov))
		writer_bytes(writer, iov.iov_base, iov.iov_len);
	if (answer)
		writer_bytes(writer, answer->message, answer->len);
	writer_conn_end(writer);
	dump_watches(writer, conn, head->id);
}

static uint32_t place_of(const struct txn_node *tn)
{
	uint32_t place = 0;

	while ((tn = TAILQ_PREV(tn, txn_node_list, sibling)))
		place++;
	return place;
}

static void dump_txn_node(struct writer *writer, const struct txn_node *tn, uint32_t conn,
			  uint32_t txid)
{
	struct stream_perm perms[DUMP_PERMS_MAX];
	struct stream_own_txn_node out = {
		.conn = conn,
		.txid = txid,
		.touched = tn->touched,
		.children_bytes = tn->children_bytes,
		.path = tn->path,
		.path_len = tn->path_len,
		.value = tn->value,
		.value_len = tn->value ? tn->value_len : 0,
	};
	const struct {
		bool is;
		uint32_t flag;
	} flags[] = {
		{ tn->exists, STREAM_TN_EXISTS },
		{ tn->removed, STREAM_TN_REMOVED },
		{ tn->created, STREAM_TN_CREATED },
		{ tn->implied, STREAM_TN_IMPLIED },
		{ tn->fires, STREAM_TN_FIRES },
		{ tn->kind == WATCH_SUBTREE, STREAM_TN_SUBTREE },
		{ tn->value, STREAM_TN_HAS_VALUE },
		{ tn->base, STREAM_TN_HAS_BASE },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		out.flags |= flags[i].is ? flags[i].flag : 0;
	if (tn->created)
		out.place = place_of(tn);
	if (tn->perms)
		out.n_perms = dump_perms(tn->perms, perms);
	writer_own_txn_node(writer, &out, perms);
}

static void dump_own_txn(struct writer *writer, struct txn *txn, uint32_t conn)
{
	bool is_lost = txn->is_lost || txn_is_outdated(txn) || txn_uncut_all(txn) < 0;
	struct stream_own_txn out = {
		.conn = conn,
		.id = txn->id,
		.n_changes = txn->n_changes,
		.n_owned = txn->n_owned,
		.flags = (is_lost ? STREAM_TXN_LOST : 0) | (txn->failed ? STREAM_TXN_FAILED : 0),
	};
	const struct txn_node *tn;

	writer_own_txn(writer, &out);
	if (is_lost)
		return;
	STAILQ_FOREACH (tn, &txn->order, order)
		dump_txn_node(writer, tn, conn, txn->id);
}

void dump_txns(struct writer *writer, const struct conn *conn, uint32_t id, bool own)
{
	struct txn *txn, *last = NULL;

	LIST_FOREACH (txn, &conn->txns, own)
		last = txn;
	for (txn = last; txn; txn = LIST_PREV(txn, &conn->txns, txn, own))
		if (own)
			dump_own_txn(writer, txn, id);
		else
			writer_txn(writer, &(struct stream_txn){ id, txn->id });
}
