/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs to a connection. What was allowed once stays, whatever the limits have become. */
#include <errno.h>
#include <stdio.h>

#include "model/path.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/watch.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "update/restore.h"

int restore_client(struct conn *conn, const struct stream_conn *client, bool head_is_answer)
{
	int r = conn_keep(conn, client->in, client->in_len);

	if (r == 0)
		r = conn_restore_output(conn, client->out, client->out_len, client->partial_len,
					head_is_answer);
	return r;
}

int restore_watch(struct conn *conn, const struct stream_watch *watch)
{
	const struct protocol *protocol = conn->protocol;
	struct quota_account *account = conn->watcher.account;
	bool was_exempt = account->exempt;
	char home[PATH_PREFIX_MAX];
	struct watch *made;
	struct path path;
	int r;

	snprintf(home, sizeof(home), "/local/domain/%u", conn->watcher.subject.domid & 0xffff);
	r = path_parse(&path, &protocol->store->key, home, watch->path, watch->path_len, true);
	if (r < 0)
		return r;
	account->exempt = true;
	r = watch_add(protocol->watches, &conn->watcher, &path, watch->token, watch->depth, &made);
	account->exempt = was_exempt;
	return r;
}
