/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives connections that are there again what they had before. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "model/path.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "model/watch.h"
#include "persist/persist.h"
#include "persist/persist_priv.h"
#include "persist/saved.h"
#include "persist/statedir.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

static int restore_watches(const struct persist *persist, struct conn *conn,
			   const struct saved_client *client)
{
	const struct protocol *protocol = persist->protocol;
	const struct saved_watch *saved;
	struct watch *watch;
	struct path path;
	int r = 0;

	TAILQ_FOREACH (saved, &client->watches, link) {
		r = path_parse(&path, &protocol->store->key, "", saved->text, saved->path_len,
			       true);
		path.skip = saved->skip;
		if (r == 0)
			r = watch_add(protocol->watches, &conn->watcher, &path,
				      saved->text + saved->path_len + 1, saved->depth, &watch);
		if (r < 0)
			break;
	}
	return r;
}

static int restore_txns(const struct persist *persist, struct conn *conn,
			const struct saved_client *client)
{
	for (uint32_t i = 0; i < client->n_txids; i++) {
		struct txn *txn;
		int r = txn_new_lost(&txn, persist->protocol->store, conn->watcher.account,
				     client->txids[i]);

		if (r < 0)
			return r;
		LIST_INSERT_HEAD(&conn->txns, txn, own);
	}
	return 0;
}

/* How much of the message at the front is left when @sent bytes are. */
static int find_head(const struct saved_client *client, uint32_t sent, uint32_t *left,
		     bool *is_answer)
{
	uint32_t at = client->head_left;

	*is_answer = client->head_is_answer;
	while (at < sent) {
		struct xsd_sockmsg head;

		if (client->out_len - at < sizeof(head))
			return -EBADMSG;
		memcpy(&head, client->out + at, sizeof(head));
		*is_answer = head.type != WIRE_WATCH_EVENT;
		at += (uint32_t)sizeof(head) + head.len;
	}
	*left = at - sent;
	return 0;
}

static int restore_streams(struct conn *conn, const struct saved_client *client, uint32_t sent)
{
	struct conn_record *record = &conn->record;
	uint32_t head_left = 0;
	bool head_is_answer = false;
	int r = 0;

	record->out_known = record->out_start + client->out_len - sent;
	/* What is left must not be taken for sent when the next turn is noted. */
	record->is_slow = client->is_slow || sent < client->out_len;
	if (sent < client->out_len)
		r = find_head(client, sent, &head_left, &head_is_answer);
	if (r == 0 && sent < client->out_len)
		r = conn_restore_output(conn, client->out + sent, client->out_len - sent, head_left,
					head_is_answer);
	if (r == 0)
		r = conn_keep(conn, client->in, client->in_len);
	record->has_input = client->in_len;
	return r;
}

int persist_restore_client(struct persist *persist, struct conn *conn,
			   const struct saved_client *client, uint32_t at)
{
	uint32_t sent = client->out_len ? at - client->out_at : 0;
	struct quota_account *account = conn->watcher.account;
	bool was_exempt = account->exempt;
	int r;

	if (sent > client->out_len)
		return -ERANGE;
	persist_keep(persist, conn, client->id, at);
	((struct saved_client *)client)->is_restored = true;
	/* What was allowed once stays, whatever the limits have become. */
	account->exempt = true;
	r = restore_watches(persist, conn, client);
	if (r == 0)
		r = restore_txns(persist, conn, client);
	if (r == 0)
		r = restore_streams(conn, client, sent);
	account->exempt = was_exempt;
	if (r == 0 && persist->is_copy)
		put_client_whole(&persist->sink, conn);
	if (!conn->record.is_touched && !saved_is_quiet(client))
		persist_touch(persist, conn);
	return r;
}

void persist_place_client(struct conn *conn, uint32_t at)
{
	struct conn_record *record = &conn->record;

	assert(!record->is_slow && record->out_start == record->out_known);
	record->out_start = record->out_known = at;
}

bool persist_is_new_id(const struct persist *persist, uint64_t id)
{
	return persist->saved && id >= persist->saved_next_id;
}

void persist_restore_end(struct persist *persist)
{
	const struct saved_client *client;

	if (!persist->saved)
		return;
	TAILQ_FOREACH (client, &persist->saved->clients, link)
		if (!client->is_restored && !persist->is_copy)
			put_client_event(&persist->sink, ENTRY_CLIENT_END, 0, client->id);
	saved_free(persist->saved);
	persist->saved = NULL;
	persist_commit(persist);
	if (persist->is_copy)
		statedir_recovered(persist);
}
