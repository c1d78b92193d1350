/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "persist_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "model/death.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "persist/saved.h"
#include "protocol/wire.h"
#include "step.h"

static const struct hash_key key = { { 0x1234, 0x5678, 0x9abc } };

static struct world_client *of_conn(const struct conn *conn)
{
	return (struct world_client *)(uintptr_t)conn;
}

static void nothing(struct conn *conn)
{
	(void)conn;
}

static void kill_client(struct conn *conn, const char *why)
{
	(void)why;
	conn->is_dead = true;
}

static uint32_t taken(const struct conn *conn)
{
	return of_conn(conn)->taken;
}

static const struct conn_transport transport = { nothing, kill_client, taken, nothing };

static void note_domain(struct world *world, uint32_t domid)
{
	struct world_client *client = &world->clients[domid];
	struct entry_domain domain = { .domid = domid, .target = domid };

	domain.handle[3] = (uint8_t)(domid + 1);
	if (client->ring)
		domain.client = client->conn.record.id;
	if (client->ring && client->conn.is_dead)
		domain.entry.flags = ENTRY_DOMAIN_IGNORED;
	persist_set_domain(world->persist, &domain);
	world->is_known[domid] = true;
}

static int host_find(void *ctx, uint32_t domid)
{
	struct world *world = ctx;

	if (domid >= WORLD_CLIENTS)
		return -ENOENT;
	if (!world->is_known[domid])
		note_domain(world, domid);
	return 0;
}

static bool host_is_introduced(void *ctx, uint32_t domid)
{
	return domid < WORLD_CLIENTS && ((struct world *)ctx)->clients[domid].ring;
}

static uint64_t host_now_ms(void *ctx)
{
	return ((struct world *)ctx)->now_ms;
}

static const struct protocol_host host = {
	.find = host_find,
	.is_introduced = host_is_introduced,
	.now_ms = host_now_ms,
};

static struct world_client *start_client(struct world *world, uint32_t i, struct world_ring *ring)
{
	struct world_client *client = &world->clients[i];
	struct subject subject = { .domid = i, .target = i, .privileged = i == 0 };
	struct quota_account *account = NULL;

	if (quota_open(world->protocol->quota, i, &account) < 0)
		abort();
	conn_init(&client->conn, world->protocol, &transport, &subject, account);
	client->world = world;
	client->ring = ring;
	client->taken = ring->req_cons;
	return client;
}

static int restore_client(struct world *world, const struct entry_domain *domain,
			  struct world_ring *rings)
{
	const struct saved_client *saved =
		saved_get_client(persist_saved(world->persist), domain->client);
	struct world_client *client;

	world->is_known[domain->domid] = true;
	if (!saved)
		return 0;
	client = start_client(world, domain->domid, &rings[domain->domid]);
	if (saved->taken_serial)
		client->taken = saved->taken;
	client->conn.is_dead = domain->entry.flags & ENTRY_DOMAIN_IGNORED;
	return persist_restore_client(world->persist, &client->conn, saved, client->ring->rsp_prod);
}

static int restore(struct world *world, struct world_ring *rings)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && persist_saved(world->persist) && i < WORLD_CLIENTS; i++) {
		const struct entry_domain *domain =
			saved_get_domain(persist_saved(world->persist), i);

		if (domain)
			r = restore_client(world, domain, rings);
	}
	persist_restore_end(world->persist);
	return r;
}

int world_new(struct world **out, const char *dir, struct world_ring *rings,
	      const struct persist_options *options)
{
	struct world *world = calloc(1, sizeof(*world));
	struct persist_options with_dir = *options;
	int r;

	if (!world)
		return -ENOMEM;
	with_dir.dir = world->dir;
	snprintf(world->dir, sizeof(world->dir), "%s", dir);
	/* Complaints about damaged files are what many tests are about. */
	if (log_new(&world->log, "world", LOG_LEVEL_ERROR, getenv("WORLD_LOG") ? 1 : 0) < 0)
		abort();
	r = protocol_new(&world->protocol, &key, &host, world, world->log);
	if (r == 0)
		r = persist_new(&world->persist, world->protocol, &with_dir, world->log);
	if (r == 0)
		r = restore(world, rings);
	if (r < 0) {
		world_free(world);
		return r;
	}
	*out = world;
	return 0;
}

static void stop_client(struct world_client *client)
{
	persist_remove_client(client->world->persist, &client->conn);
	conn_deinit(&client->conn);
	client->ring = NULL;
}

void world_free(struct world *world)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		if (world->clients[i].ring)
			stop_client(&world->clients[i]);
	persist_free(world->persist);
	protocol_free(world->protocol);
	log_free(world->log);
	free(world);
}

void world_connect(struct world *world, uint32_t i, struct world_ring *ring)
{
	struct world_client *client = start_client(world, i, ring);

	persist_add_client(world->persist, &client->conn, ring->rsp_prod);
	note_domain(world, i);
}

void world_disconnect(struct world *world, uint32_t i)
{
	stop_client(&world->clients[i]);
	note_domain(world, i);
}

void world_ignore(struct world *world, uint32_t i)
{
	world->clients[i].conn.is_dead = true;
	conn_reset(&world->clients[i].conn);
	note_domain(world, i);
}

void world_die(struct world *world, uint32_t domid)
{
	if (world->clients[domid].ring)
		stop_client(&world->clients[domid]);
	death_sweep(world->protocol->store, world->protocol->watches, domid, false);
	persist_end_domain(world->persist, domid);
	quota_close(world->protocol->quota, domid);
	world->is_known[domid] = false;
}

static void append(char **buf, uint32_t len, const void *data, uint32_t n)
{
	*buf = realloc(*buf, len + n + 1);
	if (!*buf)
		abort();
	memcpy(*buf + len, data, n);
}

void world_ask(struct world *world, uint32_t i, uint32_t type, uint32_t tx_id, const char *payload,
	       uint32_t len)
{
	struct world_ring *ring = world->clients[i].ring;
	struct xsd_sockmsg head = { .type = type, .req_id = ring->n_requests, tx_id, len };

	append(&ring->requests, ring->n_requests, &head, sizeof(head));
	ring->n_requests += (uint32_t)sizeof(head);
	append(&ring->requests, ring->n_requests, payload, len);
	ring->n_requests += len;
}

void world_serve(struct world *world, uint32_t i, uint32_t max)
{
	struct world_client *client = &world->clients[i];
	uint32_t len = client->ring->n_requests - client->taken;
	uint32_t kept;
	char *buf;
	int used;

	if (len > max)
		len = max;
	buf = malloc(len + WIRE_MESSAGE_MAX);
	if (!buf)
		abort();
	kept = conn_take_kept(&client->conn, buf);
	if (len)
		memcpy(buf + kept, client->ring->requests + client->taken, len);
	client->taken += len;
	used = conn_consume(&client->conn, buf, kept + len);
	if (used < 0 || conn_keep(&client->conn, buf + used, kept + len - (uint32_t)used) < 0)
		abort();
	free(buf);
}

void world_flush(struct world *world, uint32_t i, uint32_t max)
{
	struct world_client *client = &world->clients[i];
	struct world_ring *ring = client->ring;

	while (max && client->conn.out.n_bytes) {
		struct iovec iov;
		uint32_t n;

		outq_peek(&client->conn.out, &iov, 1);
		n = iov.iov_len < max ? (uint32_t)iov.iov_len : max;
		append(&ring->received, ring->rsp_prod, iov.iov_base, n);
		max -= n;
		conn_sent(&client->conn, n);
		ring->rsp_prod += n;
		STEP("response published");
	}
	ring->req_cons = client->taken;
	STEP("request published");
	conn_flushed(&client->conn);
}

static void dump_nodes(FILE *f, const struct node *top)
{
	const struct node *node = top;
	char path[PATH_LEN_MAX + 1], perms[4096];

	while (node) {
		size_t n = perms_format(node->perms, perms);

		for (size_t i = 0; i < n; i++)
			if (!perms[i])
				perms[i] = ' ';
		fprintf(f, "%s = ", node_path(node, path));
		for (uint32_t i = 0; i < node->value_len; i++)
			fprintf(f, "%02x", (uint8_t)node->value[i]);
		fprintf(f, " %.*s", (int)n, perms);
		for (uint32_t i = 0; i < node->perms->n; i++)
			fputc(node->perms->list[i].stale ? '-' : '+', f);
		fputc('\n', f);
		if (node_first_child(node)) {
			node = node_first_child(node);
			continue;
		}
		while (node && !(node->parent && TAILQ_NEXT(node, sibling)))
			node = node->parent;
		node = node ? TAILQ_NEXT(node, sibling) : NULL;
	}
}

static void dump_quotas(FILE *f, const struct quota *quota)
{
	for (uint32_t domid = 0; domid < WORLD_CLIENTS; domid++) {
		const struct quota_account *account = quota_get(quota, domid);

		fprintf(f, "limits %u:", domid);
		for (enum quota_item i = 0; i < QUOTA_N; i++)
			fprintf(f, " %u/%u",
				account ? account->limit[i] : quota_limit(quota, i, false),
				account ? account->soft[i] : quota_limit(quota, i, true));
		fprintf(f, " nodes %u\n", account ? account->used[QUOTA_NODES] : 0);
	}
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		fprintf(f, "all %u: %u %u\n", i, quota_limit(quota, i, false),
			quota_limit(quota, i, true));
}

static void dump_watches(FILE *f, const struct watch *watch)
{
	if (!watch)
		return;
	dump_watches(f, LIST_NEXT(watch, own));
	fprintf(f, " watch %.*s %s %u %u\n", watch->path_len, watch->text, watch_token(watch),
		watch->depth, watch->skip);
}

static uint64_t hash_output(const struct world_client *client)
{
	struct outq_at at = { 0 };
	struct iovec iov;
	uint64_t h = 1;

	for (uint32_t i = 0; i < client->ring->rsp_prod; i++)
		h = h * 31 + (uint8_t)client->ring->received[i];
	while (outq_next_bytes(&client->conn.out, &at, &iov))
		for (size_t i = 0; i < iov.iov_len; i++)
			h = h * 31 + ((const uint8_t *)iov.iov_base)[i];
	return h;
}

static void dump_client(FILE *f, const struct world_client *client, uint32_t i)
{
	const struct conn *conn = &client->conn;
	const struct txn *txn;
	uint64_t txids = 0;

	if (conn->is_dead) {
		fprintf(f, "client %u: id %llu ignored\n", i, (unsigned long long)conn->record.id);
		return;
	}
	fprintf(f, "client %u: id %llu took %u, input %u, output %u hash %llx\n", i,
		(unsigned long long)conn->record.id, client->taken, conn->in_len,
		client->ring->rsp_prod + conn->out.n_bytes,
		(unsigned long long)hash_output(client));
	for (uint32_t n = 0; n < conn->in_len; n++)
		fprintf(f, "%02x", (uint8_t)conn->in[n]);
	dump_watches(f, LIST_FIRST(&conn->watcher.watches));
	LIST_FOREACH (txn, &conn->txns, own)
		txids += (uint64_t)txn->id * txn->id + 1;
	fprintf(f, " transactions %llu\n", (unsigned long long)txids);
}

char *world_dump(struct world *world)
{
	struct store *store = world->protocol->store;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	dump_nodes(f, store->root);
	for (int i = 0; i < STORE_N_SPECIAL; i++)
		dump_nodes(f, store->specials[i]);
	dump_quotas(f, world->protocol->quota);
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		if (world->is_known[i])
			fprintf(f, "domain %u\n", i);
		if (world->clients[i].ring)
			dump_client(f, &world->clients[i], i);
	}
	fclose(f);
	return text;
}

void world_folder(char *dir)
{
	static unsigned int n;

	/* Tests run side by side. */
	do
		snprintf(dir, 64, "/dev/shm/xenstored-test.%d.%u", getpid(), n++);
	while (mkdir(dir, 0700) < 0 && errno == EEXIST);
}

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct stat st;

	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		abort();
	while (st.st_size > 0) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)st.st_size, 0);

		if (n <= 0)
			abort();
		st.st_size -= n;
	}
	close(in);
	close(out);
}

static void for_each_file(const char *dir, void (*fn)(const char *path, const char *other),
			  const char *to)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char path[512], other[512];

		if (entry->d_type != DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		snprintf(other, sizeof(other), "%s/%s", to, entry->d_name);
		fn(path, other);
	}
	closedir(d);
}

static void remove_file(const char *path, const char *other)
{
	(void)other;
	unlink(path);
}

void world_copy(const char *from, const char *to)
{
	for_each_file(to, remove_file, "");
	for_each_file(from, copy_file, to);
}

void world_remove(const char *dir)
{
	for_each_file(dir, remove_file, "");
	rmdir(dir);
}
