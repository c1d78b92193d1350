/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TRANSACTION_START and TRANSACTION_END. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/quota.h"
#include "model/txn.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"

/* Guests' are counted by their account. */
static bool may_begin(const struct conn *conn)
{
	const struct txn *txn;
	uint32_t n = 1;

	if (!conn->watcher.account->exempt)
		return true;
	LIST_FOREACH (txn, &conn->txns, own)
		n++;
	return quota_check_client(conn->watcher.account, QUOTA_CLIENT_TRANSACTIONS, n);
}

int op_transaction_start(struct request *req)
{
	struct conn *conn = req->conn;
	struct txn *txn;
	int r;

	if (req->txn)
		return -EBUSY;
	if (!may_begin(conn))
		return -ENOSPC;
	/* Zero means none. */
	while (!conn->next_txid || conn_find_txn(conn, conn->next_txid))
		conn->next_txid++;
	/* Who lost a conflict may have to wait for others with the first thing it does. */
	r = (conn->contender ? txn_new_later : txn_new)(&txn, conn->protocol->store,
							conn->watcher.account, conn->next_txid);
	if (r < 0)
		return r;
	conn->next_txid++;
	r = dispatch_answer_number(req, txn->id);
	if (r < 0) {
		txn_free(txn);
		return r;
	}
	if (LIST_EMPTY(&conn->txns))
		conn->txns_since_ms =
			(uint32_t)conn->protocol->host->now_ms(conn->protocol->host_ctx);
	LIST_INSERT_HEAD(&conn->txns, txn, own);
	if (trace_is_on(&conn->protocol->trace, TRACE_OBJ))
		trace_object(&conn->protocol->trace, true, "transaction", txn);
	if (conn->record.id)
		conn->protocol->observer->txn_begun(conn->protocol->observer_ctx, conn, txn->id);
	return 0;
}

static int commit(struct request *req, struct txn *txn)
{
	struct protocol *protocol = req->conn->protocol;
	struct stats *stats = &req->conn->watcher.account->stats;
	int r = -EAGAIN;

	if (!protocol->test_eagain || ++protocol->n_commits % 3)
		r = txn_commit(txn, protocol->watches, req);
	stats->n_commits += r == 0;
	stats->n_conflicts += r == -EAGAIN;
	if (trace_is_on(&protocol->trace, TRACE_OBJ) && (r == 0 || r == -EAGAIN))
		trace_commit(&protocol->trace, req->conn, txn->id, r == 0);
	return r;
}

int op_transaction_end(struct request *req)
{
	struct protocol *protocol = req->conn->protocol;
	const char *text = dispatch_string(req);
	struct txn *txn = req->txn;
	int r = 0;

	if (!text || (strcmp(text, "T") != 0 && strcmp(text, "F") != 0))
		return -EINVAL;
	if (!txn)
		return -ENOENT;
	if (req->conn->record.id)
		protocol->observer->txn_ended(protocol->observer_ctx, req->conn, txn->id);
	LIST_REMOVE(txn, own);
	req->txn = NULL;
	if (text[0] == 'T')
		r = commit(req, txn);
	contention_leave(req->conn, txn);
	if (r == -EAGAIN && txn->fought_over)
		contention_lost(req->conn, txn->fought_over);
	else if (r == 0 && text[0] == 'T')
		req->conn->n_losses = 0;
	if (trace_is_on(&protocol->trace, TRACE_OBJ))
		trace_object(&protocol->trace, false, "transaction", txn);
	txn_free(txn);
	return r;
}
