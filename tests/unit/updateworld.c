/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updateworld.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/check.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "model/watch.h"
#include "protocol/wire.h"

static void wake(struct conn *conn)
{
	(void)conn;
}

static void kill_conn(struct conn *conn, const char *why)
{
	(void)why;
	conn->is_dead = true;
}

static const struct conn_transport transport = { .wake = wake, .kill = kill_conn, .resume = wake };

static int host_find(void *ctx, uint32_t domid)
{
	(void)ctx;
	return domid < 8 ? 0 : -ENOENT;
}

static uint64_t host_now_ms(void *ctx)
{
	(void)ctx;
	return 1;
}

static const struct protocol_host host = { .find = host_find, .now_ms = host_now_ms };

struct world *world_new(void)
{
	static const struct hash_key key = { { 0x1234, 0x5678, 0x9abc } };
	struct world *world = calloc(1, sizeof(*world));

	assert(world && log_new(&world->log, "world", LOG_LEVEL_ERROR,
				getenv("WORLD_LOG") ? LOG_TARGET_STDERR : 0) == 0);
	assert(protocol_new(&world->protocol, &key, &host, world, world->log) == 0);
	return world;
}

static void fail(void *ctx, const char *what)
{
	(void)ctx;
	fprintf(stderr, "check: %s\n", what);
}

void world_free(struct world *world)
{
	assert(check_store(world->protocol->store, fail, NULL) == 0);
	for (int i = 0; i < WORLD_CONNS_MAX; i++)
		if (world->conns[i].is_used)
			conn_deinit(&world->conns[i].conn);
	assert(TAILQ_EMPTY(&world->protocol->store->snapshots));
	assert(watch_count(world->protocol->watches) == 0);
	protocol_free(world->protocol);
	log_free(world->log);
	free(world);
}

struct conn *world_conn(struct world *world, int i, uint32_t domid)
{
	struct subject subject = { .domid = domid, .target = domid, .privileged = domid == 0 };
	struct world_conn *made = &world->conns[i];
	struct quota_account *account;

	if (made->is_used)
		return &made->conn;
	assert(quota_open(world->protocol->quota, domid, &account) == 0);
	conn_init(&made->conn, world->protocol, &transport, &subject, account);
	made->is_used = true;
	return &made->conn;
}

void world_send(struct conn *conn, uint32_t type, uint32_t tx_id, const char *payload, uint32_t len)
{
	struct xsd_sockmsg head = { .type = type, .req_id = 7, .tx_id = tx_id, .len = len };
	char buf[WIRE_MESSAGE_MAX];

	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), payload, len);
	assert(conn_consume(conn, buf, (uint32_t)sizeof(head) + len) == (int)(sizeof(head) + len));
}

static void copy_front(const struct conn *conn, char *to, uint32_t len)
{
	struct outq_at at = { 0 };
	struct iovec iov;

	while (len && outq_next_bytes(&conn->out, &at, &iov)) {
		uint32_t n = iov.iov_len < len ? (uint32_t)iov.iov_len : len;

		memcpy(to, iov.iov_base, n);
		to += n;
		len -= n;
	}
	assert(!len);
}

int world_take(struct conn *conn, char *buf)
{
	char message[WIRE_MESSAGE_MAX];
	struct xsd_sockmsg head;

	if (conn->out.n_bytes < sizeof(head))
		return -1;
	copy_front(conn, (char *)&head, sizeof(head));
	copy_front(conn, message, (uint32_t)sizeof(head) + head.len);
	memcpy(buf, message + sizeof(head), head.len);
	buf[head.len] = '\0';
	for (uint32_t i = 0; i < head.len; i++)
		if (!buf[i])
			buf[i] = '|';
	conn_sent(conn, (uint32_t)sizeof(head) + head.len);
	return (int)head.type;
}

const char *world_ask(struct conn *conn, uint32_t type, uint32_t tx_id, const char *payload,
		      uint32_t len)
{
	static char text[5000];
	char buf[WIRE_PAYLOAD_MAX + 1];
	int got, last = -1;

	world_send(conn, type, tx_id, payload, len);
	text[0] = '\0';
	while ((got = world_take(conn, buf)) >= 0) {
		last = got;
		snprintf(text, sizeof(text), "%d:%s", last, buf);
	}
	return text;
}

static void dump_conns(struct world *world, struct writer *writer, bool own, bool txns)
{
	for (uint32_t i = 0; i < WORLD_CONNS_MAX; i++) {
		struct conn *conn = &world->conns[i].conn;
		struct stream_own_client client = { .conn = i + 1,
						    .next_txid = conn->next_txid,
						    .head_is_answer = conn->out.head_is_answer };
		struct stream_conn head = { .id = i + 1,
					    .target = STREAM_NO_TARGET,
					    .domid = conn->watcher.subject.domid };

		if (!world->conns[i].is_used)
			continue;
		if (txns) {
			dump_txns(writer, conn, i + 1, own);
			continue;
		}
		if (own)
			writer_own_client(writer, &client);
		dump_client(writer, conn, &head, NULL);
	}
}

int world_dump(struct world *world, struct writer *writer, uint32_t version, bool own)
{
	struct protocol *protocol = world->protocol;
	struct stream_own_server server = { .version = STREAM_OWN_VERSION,
					    .park_fd = { -1, -1 },
					    .program_fd = -1,
					    .generation = protocol->store->generation };

	writer_begin(writer, version);
	writer_global(writer, &(struct stream_global){ 3, 4 });
	dump_quota(writer, protocol->quota);
	dump_conns(world, writer, own, false);
	dump_nodes(writer, protocol->store);
	for (uint32_t domid = 0; domid < 8; domid++)
		if (quota_get(protocol->quota, domid))
			dump_limits(writer, quota_get(protocol->quota, domid), 6);
	dump_conns(world, writer, own, true);
	if (own)
		writer_own_server(writer, &server);
	return writer_finish(writer);
}

struct loading {
	struct world *world;
	struct idmap conns;
	struct stream_own_client own;
	int n_conns;
};

static int load_client(struct loading *loading, const struct stream_conn *in)
{
	bool is_known = loading->own.conn == in->id;
	struct conn *conn;
	int r;

	if (loading->n_conns == WORLD_CONNS_MAX || in->domid >= 8)
		return -EBADMSG;
	conn = world_conn(loading->world, loading->n_conns, in->is_socket ? 0 : in->domid);
	loading->world->conns[loading->n_conns++].id = in->id;
	if (is_known)
		conn->next_txid = loading->own.next_txid;
	r = restore_client(conn, in, is_known ? loading->own.head_is_answer : true);
	return r < 0 ? r : idmap_set(&loading->conns, in->id, conn);
}

static int load_record(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct loading *loading = ctx;
	uint32_t n_unknown = 0;
	struct conn *conn;
	int r = 0;

	switch (record->type) {
	case STREAM_OWN_CLIENT:
		loading->own = record->own_client;
		break;
	case STREAM_CONN:
		return load_client(loading, &record->conn);
	case STREAM_WATCH:
	case STREAM_WATCH_EXT:
		conn = idmap_get(&loading->conns, record->watch.conn);
		r = restore_watch(conn, &record->watch);
		break;
	case STREAM_DOMAIN:
		restore_limits(reader, &record->domain, loading->world->protocol, &n_unknown);
		break;
	default:
		break;
	}
	return r == -ENOMEM ? r : 0;
}

int world_load(struct world *world, const char *data, size_t len)
{
	struct loading loading = { .world = world };
	struct restore restore;
	int r = restore_check(&restore, data, len, world->log);

	if (r == 0)
		r = restore_store(&restore, world->protocol);
	if (r < 0)
		return r;
	assert(idmap_init(&loading.conns, 16) == 0);
	r = restore_walk(&restore, load_record, &loading);
	if (r == 0)
		r = restore_txns(&restore, &loading.conns);
	idmap_deinit(&loading.conns);
	return r;
}
