/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open transactions. Nothing that one has touched has changed since it began (dump_client.c has
 * marked it as lost otherwise), so that it may just as well have begun now: its snapshot is one of
 * now, and none of the past has to be carried over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/path.h"
#include "model/perms.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "update/restore.h"

/* A node that a transaction has made, to be linked below its parent in the right order. */
struct made {
	struct txn *txn;
	struct txn_node *parent;
	struct txn_node *tn;
	uint32_t place;
};

struct reopening {
	const struct restore *restore;
	const struct idmap *conns;
	struct made *made; /* owned */
	uint32_t n_made;
	uint32_t n_room;
};

static int refuse(const struct reopening *reopening, const char *why)
{
	log_error(reopening->restore->log, "live update: a transaction %s", why);
	return -EBADMSG;
}

static int reopen(struct conn *conn, uint32_t id, uint32_t flags, struct txn **out)
{
	int r = txn_new_lost(out, conn->protocol->store, conn->watcher.account, id);

	if (r < 0)
		return r;
	(*out)->is_lost = flags & STREAM_TXN_LOST;
	(*out)->failed = flags & STREAM_TXN_FAILED;
	LIST_INSERT_HEAD(&conn->txns, *out, own);
	return 0;
}

static int reopen_any(struct reopening *reopening, uint32_t conn_id, uint32_t id, uint32_t flags,
		      struct txn **out)
{
	struct conn *conn = idmap_get(reopening->conns, conn_id);

	*out = NULL;
	if (!conn || conn->is_dead)
		return 0; /* its ring could not be served again */
	if (!id || conn_find_txn(conn, id))
		return refuse(reopening, "has no number of its own");
	if (id >= conn->next_txid)
		conn->next_txid = id + 1;
	return reopen(conn, id, flags, out);
}

static int note_made(struct reopening *reopening, struct txn *txn, struct txn_node *tn,
		     uint32_t place)
{
	if (reopening->n_made == reopening->n_room) {
		uint32_t n = reopening->n_room * 2 + 64;
		struct made *made = reallocarray(reopening->made, n, sizeof(*made));

		if (!made)
			return -ENOMEM;
		reopening->made = made;
		reopening->n_room = n;
	}
	reopening->made[reopening->n_made++] =
		(struct made){ .txn = txn, .tn = tn, .place = place };
	return 0;
}

static int set_contents(struct protocol *protocol, const struct reader *reader,
			const struct stream_own_txn_node *in, struct txn *txn, struct txn_node *tn)
{
	uint32_t n_changes = txn->n_changes;
	int r = 0;

	if (in->flags & STREAM_TN_HAS_VALUE)
		r = txn_write(txn, tn, in->value, in->value_len);
	/* It has been counted. */
	txn->n_changes = n_changes;
	if (r == 0 && in->n_perms)
		r = restore_perms(protocol, reader, in->perms, in->n_perms, &tn->perms);
	return r;
}

/* Names of the children that a transaction has made or removed: what is far beyond cannot be. */
#define BYTES_MAX (INT32_MAX / 2)

/* Does it fit what is there, and itself? */
static bool is_sound(const struct stream_own_txn_node *in, const struct txn_node *tn)
{
	bool exists = in->flags & STREAM_TN_EXISTS, created = in->flags & STREAM_TN_CREATED;
	bool removed = in->flags & STREAM_TN_REMOVED;

	if (!(in->flags & STREAM_TN_HAS_BASE) != !tn->base || in->value_len > NODE_VALUE_MAX)
		return false;
	if (removed && (!tn->base || !tn->base->parent))
		return false;
	if (in->children_bytes > BYTES_MAX || in->children_bytes < -BYTES_MAX)
		return false;
	if (created)
		return exists && in->n_perms && (in->flags & STREAM_TN_HAS_VALUE) &&
		       (!tn->base || removed) && tn->path_len > 1;
	return exists == (tn->base && !removed);
}

static int reopen_node(struct reopening *reopening, const struct reader *reader,
		       const struct stream_own_txn_node *in)
{
	struct conn *conn = idmap_get(reopening->conns, in->conn);
	struct txn *txn = conn ? conn_find_txn(conn, in->txid) : NULL;
	struct quota_account *account;
	struct txn_node *tn;
	struct path path;
	uint32_t n_before;
	bool was_exempt;
	int r;

	if (!conn || conn->is_dead)
		return 0;
	if (!txn || txn->is_lost)
		return refuse(reopening, "is not there, but has nodes");
	if (path_parse(&path, &txn->store->key, "", in->path, in->path_len, true) < 0)
		return refuse(reopening, "has a node with a bad path");
	n_before = txn->n_nodes;
	account = txn->account;
	was_exempt = account->exempt;
	account->exempt = true;
	r = txn_touch(txn, &path, path.n_levels, in->touched & (TXN_READ | TXN_PARENT | TXN_LIST),
		      &tn);
	if (r == 0 && n_before != txn->n_nodes)
		r = set_contents(conn->protocol, reader, in, txn, tn);
	account->exempt = was_exempt;
	if (r == -EBADMSG)
		return refuse(reopening, "has a node that is nobody's");
	if (r < 0)
		return r;
	if (n_before == txn->n_nodes || !is_sound(in, tn))
		return refuse(reopening, "has a node that does not fit the store");
	tn->exists = in->flags & STREAM_TN_EXISTS;
	tn->removed = in->flags & STREAM_TN_REMOVED;
	tn->created = in->flags & STREAM_TN_CREATED;
	tn->implied = in->flags & STREAM_TN_IMPLIED;
	tn->fires = in->flags & STREAM_TN_FIRES;
	tn->kind = in->flags & STREAM_TN_SUBTREE ? WATCH_SUBTREE : WATCH_EXACT;
	tn->children_bytes = in->children_bytes;
	return tn->created ? note_made(reopening, txn, tn, in->place) : 0;
}

static int reopen_record(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct reopening *reopening = ctx;
	struct txn *txn;
	int r;

	switch (record->type) {
	case STREAM_TXN:
		/* What it has seen and done nobody knows. */
		return reopen_any(reopening, record->txn.conn, record->txn.id, STREAM_TXN_LOST,
				  &txn);
	case STREAM_OWN_TXN:
		r = reopen_any(reopening, record->own_txn.conn, record->own_txn.id,
			       record->own_txn.flags, &txn);
		if (r == 0 && txn && abs(record->own_txn.n_owned / 2) > (int)TXN_NODES_MAX)
			return refuse(reopening, "owns more than there can be");
		if (r == 0 && txn) {
			txn->n_changes = record->own_txn.n_changes;
			txn->n_owned = record->own_txn.n_owned;
		}
		return r;
	case STREAM_OWN_TXN_NODE:
		return reopen_node(reopening, reader, &record->own_txn_node);
	default:
		return 0;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct made *ma = a, *mb = b;

	return ma->place < mb->place ? -1 : ma->place > mb->place;
}

/* A parent must be there for the transaction before its child can be linked. */
static int link_made(struct reopening *reopening)
{
	if (reopening->n_made)
		qsort(reopening->made, reopening->n_made, sizeof(*reopening->made), by_place);
	for (uint32_t i = 0; i < reopening->n_made; i++) {
		struct made *made = &reopening->made[i];
		struct txn_node *parent;
		struct path path;
		int r = path_parse(&path, &made->txn->store->key, "", made->tn->path,
				   made->tn->path_len, true);

		if (r == 0 && !path.special)
			r = txn_touch(made->txn, &path, path.n_levels - 1, 0, &parent);
		if (r == -ENOMEM)
			return r;
		if (r < 0 || path.special || !parent->exists)
			return refuse(reopening, "has made a node without a parent");
		made->tn->parent = parent;
		TAILQ_INSERT_TAIL(&parent->children, made->tn, sibling);
	}
	return 0;
}

int restore_txns(const struct restore *restore, const struct idmap *conns)
{
	struct reopening reopening = { .restore = restore, .conns = conns };
	int r = restore_walk(restore, reopen_record, &reopening);

	if (r == 0)
		r = link_made(&reopening);
	free(reopening.made);
	return r;
}
