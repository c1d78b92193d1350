/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol as the server uses it, with memory where the server has sockets, rings and Xen. */
#include "inproc.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "log.h"
#include "model/check.h"
#include "model/death.h"
#include "model/quota.h"
#include "model/store.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/text.h"
#include "protocol/wire.h"

#define DOMIDS_MAX 256
#define INPUT_MAX  65536

struct inproc_client {
	struct conn conn; /* first: the protocol hands back pointers to it */
	TAILQ_ENTRY(inproc_client) all;
	struct inproc *inproc;
	char name[16];
	uint32_t domid;
	bool is_guest; /* comes with INTRODUCE and goes with RELEASE */
	bool is_ready; /* was held back, and is not any more */
	char message[WIRE_MESSAGE_MAX];
};

struct inproc {
	struct protocol *protocol;
	struct log *log;
	uint64_t now_ms;
	TAILQ_HEAD(, inproc_client) clients;
	bool exists[DOMIDS_MAX];
	bool is_known[DOMIDS_MAX];
	uint32_t features[DOMIDS_MAX];
};

static void inproc_wake(struct conn *conn)
{
	(void)conn; /* output is looked at after every request */
}

static void inproc_kill(struct conn *conn, const char *why)
{
	(void)why;
	conn->is_dead = true;
}

/* Its turn comes when what goes on now is done: see settle(). */
static void inproc_resume(struct conn *conn)
{
	((struct inproc_client *)conn)->is_ready = true;
}

static struct inproc_client *find_ready(struct inproc *inproc)
{
	struct inproc_client *client;

	TAILQ_FOREACH (client, &inproc->clients, all)
		if (client->is_ready)
			return client;
	return NULL;
}

/* Serves those who were held back and need not be any more. */
static void settle(struct inproc *inproc)
{
	static char buf[INPUT_MAX];
	struct inproc_client *client;

	while ((client = find_ready(inproc))) {
		struct conn *conn = &client->conn;
		uint32_t kept = conn_take_kept(conn, buf);
		int used;

		client->is_ready = false;
		used = conn_consume(conn, buf, kept);
		assert(used >= 0 && conn_keep(conn, buf + used, kept - (uint32_t)used) == 0);
	}
}

static const struct conn_transport transport = { .wake = inproc_wake,
						 .kill = inproc_kill,
						 .resume = inproc_resume };

static struct inproc_client *find_client(struct inproc *inproc, const char *name)
{
	struct inproc_client *client;

	TAILQ_FOREACH (client, &inproc->clients, all)
		if (strcmp(client->name, name) == 0)
			return client;
	return NULL;
}

static struct inproc_client *find_guest(struct inproc *inproc, uint32_t domid)
{
	struct inproc_client *client;

	TAILQ_FOREACH (client, &inproc->clients, all)
		if (client->is_guest && client->domid == domid)
			return client;
	return NULL;
}

static struct inproc_client *add_client(struct inproc *inproc, const char *name, uint32_t domid,
					bool is_guest)
{
	struct inproc_client *client = calloc(1, sizeof(*client));
	struct subject subject = { domid, domid, domid == 0 };
	struct quota_account *account = quota_tools(inproc->protocol->quota);

	assert(client);
	if (strncmp(name, "dom", 3) == 0)
		assert(quota_open(inproc->protocol->quota, domid, &account) == 0);
	conn_init(&client->conn, inproc->protocol, &transport, &subject, account);
	client->conn.features = is_guest ? inproc->features[domid] : WIRE_FEATURES;
	client->inproc = inproc;
	client->domid = domid;
	client->is_guest = is_guest;
	snprintf(client->name, sizeof(client->name), "%s", name);
	TAILQ_INSERT_TAIL(&inproc->clients, client, all);
	return client;
}

static void remove_client(struct inproc_client *client)
{
	TAILQ_REMOVE(&client->inproc->clients, client, all);
	conn_deinit(&client->conn);
	free(client);
}

static int host_find(void *ctx, uint32_t domid)
{
	struct inproc *inproc = ctx;

	if (domid >= DOMIDS_MAX || !inproc->exists[domid])
		return -ENOENT;
	inproc->is_known[domid] = true;
	return 0;
}

static int host_introduce(void *ctx, uint32_t domid, uint32_t port)
{
	struct inproc *inproc = ctx;
	struct inproc_client *client;
	char name[16];

	(void)port;
	if (host_find(ctx, domid) < 0)
		return -EINVAL;
	client = find_guest(inproc, domid);
	if (client) {
		conn_reset(&client->conn);
		client->conn.is_dead = false;
		return 0;
	}
	snprintf(name, sizeof(name), "dom%u", domid);
	add_client(inproc, name, domid, true);
	protocol_fire_special(inproc->protocol, STORE_INTRODUCE, domid, true, true);
	return 0;
}

static void destroy(struct inproc *inproc, uint32_t domid)
{
	struct protocol *protocol = inproc->protocol;
	struct inproc_client *client = find_guest(inproc, domid), *other;

	TAILQ_FOREACH (other, &inproc->clients, all)
		if (other->conn.watcher.subject.target == domid)
			other->conn.watcher.subject.target = other->domid;
	if (client)
		remove_client(client);
	death_sweep(protocol->store, protocol->watches, domid, false);
	quota_close(protocol->quota, domid);
	inproc->is_known[domid] = false;
	inproc->features[domid] = WIRE_FEATURES;
	if (client)
		protocol_fire_special(protocol, STORE_RELEASE, domid, true, true);
}

static int host_release(void *ctx, uint32_t domid)
{
	if (!find_guest(ctx, domid))
		return -ENOENT;
	destroy(ctx, domid);
	return 0;
}

static int host_resume(void *ctx, uint32_t domid)
{
	return find_guest(ctx, domid) ? 0 : -ENOENT;
}

static int host_set_target(void *ctx, uint32_t domid, uint32_t target)
{
	struct inproc_client *client = find_guest(ctx, domid);

	if (!client || !find_guest(ctx, target))
		return -ENOENT;
	client->conn.watcher.subject.target = target;
	return 0;
}

static bool host_is_introduced(void *ctx, uint32_t domid)
{
	return domid == 0 || find_guest(ctx, domid);
}

static uint32_t host_features(void *ctx, uint32_t domid)
{
	return ((struct inproc *)ctx)->features[domid];
}

static int host_set_features(void *ctx, uint32_t domid, uint32_t features)
{
	((struct inproc *)ctx)->features[domid] = features;
	return 0;
}

static uint64_t host_now_ms(void *ctx)
{
	return ((struct inproc *)ctx)->now_ms;
}

static struct conn *host_conn(void *ctx, uint32_t domid)
{
	struct inproc_client *client = domid ? find_guest(ctx, domid) : find_client(ctx, "dom0");

	return client ? &client->conn : NULL;
}

static void host_describe(void *ctx, uint32_t domid, struct text *text)
{
	(void)ctx;
	text_add(text, "no ring: domain %u\n", domid);
}

static const struct protocol_host host = {
	.introduce = host_introduce,
	.release = host_release,
	.resume = host_resume,
	.set_target = host_set_target,
	.is_introduced = host_is_introduced,
	.find = host_find,
	.features = host_features,
	.set_features = host_set_features,
	.conn = host_conn,
	.now_ms = host_now_ms,
	.describe = host_describe,
};

struct inproc *inproc_new(void)
{
	static const struct hash_key key = { { 0x243f6a8885a308d3, 0x13198a2e03707344,
					       0xa4093822299f31d0 } };
	struct inproc *inproc = calloc(1, sizeof(*inproc));

	assert(inproc);
	TAILQ_INIT(&inproc->clients);
	inproc->exists[0] = true;
	for (int i = 0; i < DOMIDS_MAX; i++)
		inproc->features[i] = WIRE_FEATURES;
	assert(log_new(&inproc->log, "xst", LOG_LEVEL_ERROR, LOG_TARGET_STDERR) == 0);
	assert(protocol_new(&inproc->protocol, &key, &host, inproc, inproc->log) == 0);
	return inproc;
}

static void report(void *ctx, const char *what)
{
	(void)ctx;
	fprintf(stderr, "# check: %s\n", what);
}

void inproc_free(struct inproc *inproc)
{
	for (uint32_t i = 1; i < DOMIDS_MAX; i++)
		if (inproc->is_known[i])
			destroy(inproc, i);
	while (!TAILQ_EMPTY(&inproc->clients))
		remove_client(TAILQ_FIRST(&inproc->clients));
	assert(!inproc->protocol->store->dead.n_links);
	assert(check_store(inproc->protocol->store, report, NULL) == 0);
	protocol_free(inproc->protocol);
	log_free(inproc->log);
	free(inproc);
}

struct inproc_client *inproc_client(struct inproc *inproc, const char *name)
{
	struct inproc_client *client = find_client(inproc, name);
	unsigned int domid;
	char end;

	if (client)
		return client;
	if (strncmp(name, "tools", 5) == 0 || strcmp(name, "dom0") == 0)
		return add_client(inproc, name, 0, false);
	if (sscanf(name, "dom%u%c", &domid, &end) != 1 || domid >= DOMIDS_MAX)
		return NULL;
	inproc->exists[domid] = inproc->is_known[domid] = true;
	return add_client(inproc, name, domid, true);
}

void inproc_send(struct inproc_client *client, const void *data, size_t len)
{
	static char buf[INPUT_MAX];
	struct conn *conn = &client->conn;
	uint32_t kept = conn_take_kept(conn, buf);
	int used;

	assert(kept + len <= sizeof(buf));
	memcpy(buf + kept, data, len);
	kept += (uint32_t)len;
	used = conn_consume(conn, buf, kept);
	if (used < 0)
		conn->is_dead = true;
	if (conn->is_dead)
		conn_reset(conn);
	else
		assert(conn_keep(conn, buf + used, kept - (uint32_t)used) == 0);
	settle(client->inproc);
}

bool inproc_receive(struct inproc_client *client, struct inproc_message *message)
{
	struct outq *out = &client->conn.out;
	uint32_t n = 0, want = WIRE_HEADER_SIZE;

	if (!out->n_bytes)
		return false;
	while (n < want) {
		struct iovec iov;
		uint32_t len;

		assert(outq_peek(out, &iov, 1) == 1);
		len = want - n < iov.iov_len ? want - n : (uint32_t)iov.iov_len;
		memcpy(client->message + n, iov.iov_base, len);
		conn_sent(&client->conn, len);
		n += len;
		if (n == WIRE_HEADER_SIZE && want == WIRE_HEADER_SIZE) {
			memcpy(message, client->message, WIRE_HEADER_SIZE);
			want += message->len;
			assert(want <= WIRE_MESSAGE_MAX);
		}
	}
	message->payload = client->message + WIRE_HEADER_SIZE;
	settle(client->inproc);
	return true;
}

void inproc_flush(struct inproc_client *client, uint32_t n_bytes)
{
	conn_sent(&client->conn, n_bytes);
	conn_flushed(&client->conn);
	settle(client->inproc);
}

void inproc_set_time(struct inproc *inproc, uint64_t now_ms, uint64_t timeout_ms)
{
	inproc->now_ms = now_ms;
	backlog_expire(inproc->protocol, timeout_ms);
	contention_hurry(inproc->protocol);
	settle(inproc);
}

const struct quota_account *inproc_account(const struct inproc_client *client)
{
	return client->conn.watcher.account;
}

bool inproc_is_killed(const struct inproc_client *client)
{
	return client->conn.is_dead;
}

void inproc_shut_down(struct inproc *inproc, uint32_t domid)
{
	protocol_fire_special(inproc->protocol, STORE_RELEASE, domid, false, true);
	protocol_fire_special(inproc->protocol, STORE_RELEASE, domid, true, false);
}

void inproc_end(struct inproc *inproc, uint32_t domid)
{
	inproc->exists[domid] = false;
	if (inproc->is_known[domid])
		destroy(inproc, domid);
	settle(inproc);
}
