/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of operations, and the one place where an errno becomes an answer. */
#include "protocol/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "protocol/conn.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

#define PRIVILEGED 1u  /* only for who is */
#define NO_TXN	   2u  /* the transaction id is not even looked at */
#define CHANGES	   4u  /* something that is to be kept */
#define REMOVES	   8u  /* less is to be kept afterwards */
#define ACTS	   16u /* not for those who only ask */

static const struct {
	const char *name;
	op_fn *fn;
	unsigned int flags;
} ops[WIRE_N_OPS] = {
	[WIRE_CONTROL] = { "CONTROL", op_control, PRIVILEGED | ACTS },
	[WIRE_DIRECTORY] = { "DIRECTORY", op_directory, 0 },
	[WIRE_READ] = { "READ", op_read, 0 },
	[WIRE_GET_PERMS] = { "GET_PERMS", op_get_perms, 0 },
	[WIRE_WATCH] = { "WATCH", op_watch, NO_TXN | CHANGES },
	[WIRE_UNWATCH] = { "UNWATCH", op_unwatch, NO_TXN },
	[WIRE_TRANSACTION_START] = { "TRANSACTION_START", op_transaction_start, CHANGES },
	[WIRE_TRANSACTION_END] = { "TRANSACTION_END", op_transaction_end, 0 },
	[WIRE_INTRODUCE] = { "INTRODUCE", op_introduce, PRIVILEGED | CHANGES | ACTS },
	[WIRE_RELEASE] = { "RELEASE", op_release, PRIVILEGED | ACTS },
	[WIRE_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", op_get_domain_path, 0 },
	[WIRE_WRITE] = { "WRITE", op_write, CHANGES | ACTS },
	[WIRE_MKDIR] = { "MKDIR", op_mkdir, CHANGES | ACTS },
	[WIRE_RM] = { "RM", op_rm, REMOVES | ACTS },
	[WIRE_SET_PERMS] = { "SET_PERMS", op_set_perms, CHANGES | ACTS },
	[WIRE_WATCH_EVENT] = { "WATCH_EVENT", NULL, 0 },
	[WIRE_ERROR] = { "ERROR", NULL, 0 },
	[WIRE_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED", op_is_domain_introduced,
					PRIVILEGED },
	[WIRE_RESUME] = { "RESUME", op_resume, PRIVILEGED | ACTS },
	[WIRE_SET_TARGET] = { "SET_TARGET", op_set_target, PRIVILEGED | CHANGES | ACTS },
	[WIRE_RESET_WATCHES] = { "RESET_WATCHES", op_reset_watches, 0 },
	[WIRE_DIRECTORY_PART] = { "DIRECTORY_PART", op_directory_part, 0 },
	[WIRE_GET_FEATURE] = { "GET_FEATURE", op_get_feature, 0 },
	[WIRE_SET_FEATURE] = { "SET_FEATURE", op_set_feature, PRIVILEGED | CHANGES | ACTS },
	[WIRE_GET_QUOTA] = { "GET_QUOTA", op_get_quota, PRIVILEGED },
	[WIRE_SET_QUOTA] = { "SET_QUOTA", op_set_quota, PRIVILEGED | CHANGES | ACTS },
};

const char *wire_op_name(uint32_t type)
{
	return type < WIRE_N_OPS ? ops[type].name : NULL;
}

const char *wire_error_name(int error)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == error)
			return xsd_errors[i].errstring;
	return "EINVAL";
}

static void trace_answer(struct request *req, uint32_t type, const char *payload, uint32_t len)
{
	struct trace *trace = &req->conn->protocol->trace;

	if (trace_is_on(trace, TRACE_IO))
		trace_message(trace, TRACE_OUT, req->conn, req->tx_id, type, payload, len);
}

static void answer_error(struct request *req, int error)
{
	const char *name = wire_error_name(error);
	uint32_t len = (uint32_t)strlen(name) + 1;
	char *room = conn_message(req->conn, WIRE_ERROR, req->req_id, req->tx_id, len);

	assert(!req->answered);
	req->answered = true;
	req->conn->watcher.account->stats.n_errors++;
	if (room) {
		memcpy(room, name, len);
		trace_answer(req, WIRE_ERROR, name, len);
	} else {
		req->conn->transport->kill(req->conn, "no memory for an answer");
	}
}

static int check_change(const struct request *req)
{
	unsigned int flags = ops[req->type].flags;

	if ((flags & ACTS) && req->conn->is_read_only)
		return -EROFS;
	if (((flags & CHANGES) && req->conn->protocol->is_full) ||
	    ((flags & REMOVES) && req->conn->protocol->is_stuck))
		return -ENOSPC;
	return 0;
}

static int run(struct request *req)
{
	int r;

	if (req->type >= WIRE_N_OPS || !ops[req->type].fn)
		return -ENOSYS;
	if ((ops[req->type].flags & PRIVILEGED) && !req->conn->watcher.subject.privileged)
		return -EACCES;
	if (ops[req->type].flags & (CHANGES | REMOVES | ACTS)) {
		r = check_change(req);
		if (r < 0)
			return r;
	}
	if (req->tx_id && !(ops[req->type].flags & NO_TXN)) {
		req->txn = conn_find_txn(req->conn, req->tx_id);
		if (!req->txn)
			return -ENOENT;
		/* One of several of a client that has fought, and did not wait with this one. */
		if (req->type != WIRE_TRANSACTION_END)
			txn_open(req->txn);
	}
	return ops[req->type].fn(req);
}

/* Changes may have to wait for one who would lose a conflict again because of them. */
static bool would_spoil(struct request *req)
{
	struct path path;

	if (req->type == WIRE_TRANSACTION_END) {
		req->txn = req->tx_id ? conn_find_txn(req->conn, req->tx_id) : NULL;
		return req->txn && req->len && req->payload[0] == 'T' &&
		       contention_would_spoil(req->conn, NULL, req->txn);
	}
	return !req->tx_id &&
	       (req->type == WIRE_WRITE || req->type == WIRE_MKDIR || req->type == WIRE_RM ||
		req->type == WIRE_SET_PERMS) &&
	       memchr(req->payload, 0, req->len) &&
	       dispatch_path(req, req->payload, false, &path) == 0 &&
	       contention_would_spoil(req->conn, &path, NULL);
}

/* The first request inside the transaction of one who lost a conflict may have to wait. */
static bool must_wait(struct conn *conn, uint32_t type, uint32_t tx_id)
{
	struct txn *txn;

	if (type == WIRE_TRANSACTION_START && conn->protocol->holds_txns && LIST_EMPTY(&conn->txns))
		return true;
	if (!conn->contender || !tx_id || type == WIRE_TRANSACTION_END ||
	    type == WIRE_TRANSACTION_START)
		return false;
	txn = conn_find_txn(conn, tx_id);
	if (!txn || txn->is_open)
		return false;
	if (!contention_enter(conn, txn))
		return true;
	txn_open(txn);
	return false;
}

bool dispatch(struct conn *conn, uint32_t type, uint32_t req_id, uint32_t tx_id,
	      const char *payload, uint32_t len)
{
	struct request req = {
		.conn = conn,
		.type = type,
		.req_id = req_id,
		.tx_id = tx_id,
		.payload = payload,
		.len = len,
	};
	struct trace *trace = &conn->protocol->trace;
	struct stats *stats = &conn->watcher.account->stats;
	int r;

	if (must_wait(conn, type, tx_id))
		return false;
	if (contention_is_any(&conn->protocol->contention) && would_spoil(&req))
		return false;
	stats->n_requests++;
	stats->bytes_in += WIRE_HEADER_SIZE + len;
	if (trace_is_on(trace, TRACE_IO))
		trace_message(trace, TRACE_IN, conn, tx_id, type, payload, len);
	r = run(&req);
	if (r == -EINPROGRESS) {
		stats->n_requests--;
		stats->bytes_in -= WIRE_HEADER_SIZE + len;
		return false;
	}
	if (r == 0 && !req.answered && dispatch_answer_ok(&req) < 0) {
		/* It has been done: an error would be a lie. */
		conn->transport->kill(conn, "no memory for an answer");
		req.answered = true;
	}
	if (r < 0)
		answer_error(&req, -r);
	assert(req.answered);
	if (conn->waiter)
		contention_passed(conn);
	/* Others may have changed much of what an idle transaction sees. */
	if (conn->protocol->store->has_greedy)
		txn_lose_greedy(conn->protocol->store);
	return true;
}

int dispatch_answer_room(struct request *req, uint32_t len, char **out)
{
	assert(!req->answered);
	if (len > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	*out = conn_message(req->conn, req->type, req->req_id, req->tx_id, len);
	if (!*out)
		return -ENOMEM;
	req->answered = true;
	return 0;
}

void dispatch_answer_written(struct request *req, const char *room, uint32_t len)
{
	trace_answer(req, req->type, room, len);
}

int dispatch_answer(struct request *req, const void *data, uint32_t len)
{
	char *room;
	int r = dispatch_answer_room(req, len, &room);

	if (r < 0)
		return r;
	memcpy(room, data, len);
	trace_answer(req, req->type, room, len);
	return 0;
}

int dispatch_answer_ok(struct request *req)
{
	return dispatch_answer(req, "OK", sizeof("OK"));
}

/* Without printf(): this is done for every transaction and every relative path. Returns the end. */
static char *put_number(char *to, uint32_t number)
{
	char digits[10];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

int dispatch_answer_number(struct request *req, uint32_t number)
{
	char text[12], *end = put_number(text, number);

	*end = '\0';
	return dispatch_answer(req, text, (uint32_t)(end + 1 - text));
}

int dispatch_answer_text(struct request *req, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < sizeof(text));
	return dispatch_answer(req, text, (uint32_t)n + 1);
}

const char *dispatch_string(const struct request *req)
{
	if (!req->len || memchr(req->payload, 0, req->len) != req->payload + req->len - 1)
		return NULL;
	return req->payload;
}

uint32_t dispatch_strings(const struct request *req, const char **strings, uint32_t max)
{
	const char *at = req->payload, *end = req->payload + req->len;
	uint32_t n = 0;

	while (at < end) {
		const char *nul = memchr(at, 0, (size_t)(end - at));

		if (!nul)
			break;
		if (n < max)
			strings[n] = at;
		n++;
		at = nul + 1;
	}
	return n;
}

int dispatch_domid(const char *text, uint32_t *domid)
{
	unsigned long v;
	char *end;

	v = strtoul(text, &end, 10);
	if (*end || v > 65535)
		return -EINVAL;
	*domid = (uint32_t)v;
	return 0;
}

int dispatch_number(const char *text)
{
	long v = strtol(text, NULL, 10);

	if (v > INT_MAX)
		return INT_MAX;
	return v < INT_MIN ? INT_MIN : (int)v;
}

/* "/local/domain/N" */
static void write_home(uint32_t domid, char *buf)
{
	static const char prefix[] = "/local/domain/";

	memcpy(buf, prefix, sizeof(prefix) - 1);
	*put_number(buf + sizeof(prefix) - 1, domid) = '\0';
}

static int parse_path(const struct request *req, const char *text, size_t len, bool special,
		      struct path *path)
{
	const struct conn *conn = req->conn;
	char home[PATH_PREFIX_MAX];
	int r;

	if (text[0] != '/')
		write_home(conn->watcher.subject.domid & 0xffff, home);
	r = path_parse(path, &conn->protocol->store->key, home, text, len, special);
	if (r == 0 && !conn->watcher.subject.privileged &&
	    !quota_check(conn->watcher.account, QUOTA_PATH, path_quota_len(path)))
		r = -EINVAL;
	return r;
}

int dispatch_path(const struct request *req, const char *text, bool special, struct path *path)
{
	return text ? parse_path(req, text, strlen(text), special, path) : -EINVAL;
}

int dispatch_only_path(const struct request *req, bool special, struct path *path)
{
	/* A NUL further in front is no character of a path: need not be looked for. */
	if (!req->len || req->payload[req->len - 1])
		return -EINVAL;
	return parse_path(req, req->payload, req->len - 1, special, path);
}

struct view dispatch_view(struct request *req)
{
	struct conn *conn = req->conn;

	return (struct view){
		.store = conn->protocol->store,
		.watches = conn->protocol->watches,
		.txn = req->txn,
		.subject = &conn->watcher.subject,
		.account = conn->watcher.account,
		.cause = req,
	};
}
