/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WATCH, UNWATCH, RESET_WATCHES. */
#include <errno.h>
#include <string.h>

#include "model/quota.h"
#include "model/watch.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

static int parse_depth(const struct request *req, const char **strings, uint16_t *depth)
{
	uint32_t n = dispatch_strings(req, strings, 3);
	int d;

	*depth = WATCH_DEPTH_ANY;
	if (n == 2)
		return 0;
	if (n != 3 || !(req->conn->features & WIRE_FEATURE_WATCH_DEPTH))
		return -EINVAL;
	d = dispatch_number(strings[2]);
	if (d < 0)
		return -EINVAL;
	/* No path is deeper than a message is long. */
	*depth = d < WIRE_PAYLOAD_MAX ? (uint16_t)d : WIRE_PAYLOAD_MAX;
	return 0;
}

int op_watch(struct request *req)
{
	struct protocol *protocol = req->conn->protocol;
	struct quota_account *account = req->conn->watcher.account;
	const char *strings[3];
	struct watch *watch;
	struct path path;
	uint16_t depth;
	int r = parse_depth(req, strings, &depth);

	if (r == 0)
		r = dispatch_path(req, strings[0], true, &path);
	if (r == 0 && account->exempt &&
	    !quota_check_client(account, QUOTA_CLIENT_WATCHES, req->conn->watcher.n_watches + 1))
		r = -ENOSPC;
	if (r == 0)
		r = watch_add(protocol->watches, &req->conn->watcher, &path, strings[1], depth,
			      &watch);
	if (r < 0)
		return r;
	if (trace_is_on(&protocol->trace, TRACE_OBJ))
		trace_object(&protocol->trace, true, "watch", watch);
	if (req->conn->record.id)
		protocol->observer->watched(protocol->observer_ctx, req->conn, watch);
	r = dispatch_answer_ok(req);
	if (r < 0) {
		if (req->conn->record.id)
			protocol->observer->unwatched(protocol->observer_ctx, req->conn, &path,
						      strings[1]);
		watch_remove(protocol->watches, &req->conn->watcher, &path, strings[1]);
		return r;
	}
	/* The first event says that the watch stands; it follows its OK whatever the node is. */
	conn_event(protocol, watch, path.text + path.skip, path.len - path.skip, NULL);
	return 0;
}

int op_unwatch(struct request *req)
{
	struct protocol *protocol = req->conn->protocol;
	const struct watch *watch;
	const char *strings[2];
	struct path path;
	int r;

	if (dispatch_strings(req, strings, 2) != 2)
		return -EINVAL;
	r = dispatch_path(req, strings[0], true, &path);
	if (r == 0 && trace_is_on(&protocol->trace, TRACE_OBJ)) {
		watch = watch_get(protocol->watches, &req->conn->watcher, &path, strings[1]);
		if (watch)
			trace_object(&protocol->trace, false, "watch", watch);
	}
	if (r == 0)
		r = watch_remove(protocol->watches, &req->conn->watcher, &path, strings[1]);
	if (r == 0 && req->conn->record.id)
		protocol->observer->unwatched(protocol->observer_ctx, req->conn, &path, strings[1]);
	return r;
}

int op_reset_watches(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;

	if (req->conn->record.id)
		protocol->observer->reset(protocol->observer_ctx, req->conn, false);
	conn_drop_watches(req->conn);
	/* The request may have been in one of them. */
	req->txn = NULL;
	conn_drop_txns(req->conn);
	return 0;
}
