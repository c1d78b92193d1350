/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function for each kind of record; numbers in the byte order of this machine, which the
 * preamble tells. */
#include "update/writer.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROW_MIN (256 * 1024)

void writer_deinit(struct writer *writer)
{
	free(writer->data);
	*writer = (struct writer){ 0 };
}

void writer_bytes(struct writer *writer, const void *bytes, size_t len)
{
	if (writer->error || !len)
		return;
	if (len > writer->room - writer->len) {
		size_t room = writer->room * 2 + len + GROW_MIN;
		char *data = realloc(writer->data, room);

		if (!data) {
			writer->error = -ENOMEM;
			return;
		}
		writer->data = data;
		writer->room = room;
	}
	memcpy(writer->data + writer->len, bytes, len);
	writer->len += len;
}

static void put8(struct writer *writer, uint32_t v)
{
	uint8_t byte = (uint8_t)v;

	if (v > UINT8_MAX)
		writer->error = -EOVERFLOW;
	writer_bytes(writer, &byte, sizeof(byte));
}

static void put16(struct writer *writer, uint32_t v)
{
	uint16_t word = (uint16_t)v;

	if (v > UINT16_MAX)
		writer->error = -EOVERFLOW;
	writer_bytes(writer, &word, sizeof(word));
}

static void put32(struct writer *writer, uint32_t v)
{
	writer_bytes(writer, &v, sizeof(v));
}

static void put64(struct writer *writer, uint64_t v)
{
	writer_bytes(writer, &v, sizeof(v));
}

static void begin(struct writer *writer, enum stream_type type)
{
	writer->record = writer->len;
	put32(writer, type);
	put32(writer, 0);
}

/* All records are multiples of 8 bytes, padding included. */
static void end(struct writer *writer)
{
	static const char zeros[8];
	uint32_t len;

	writer_bytes(writer, zeros, -writer->len & 7);
	if (writer->error)
		return;
	len = (uint32_t)(writer->len - writer->record - 8);
	memcpy(writer->data + writer->record + 4, &len, sizeof(len));
}

void writer_begin(struct writer *writer, uint32_t version)
{
	writer->version = version;
	writer_bytes(writer, "xenstore", 8);
	put32(writer, htobe32(version));
	put32(writer, htobe32(__BYTE_ORDER == __BIG_ENDIAN));
}

int writer_finish(struct writer *writer)
{
	begin(writer, STREAM_END);
	end(writer);
	return writer->error;
}

void writer_global(struct writer *writer, const struct stream_global *global)
{
	begin(writer, STREAM_GLOBAL);
	put32(writer, (uint32_t)global->listen_fd);
	put32(writer, (uint32_t)global->evtchn_fd);
	end(writer);
}

void writer_conn(struct writer *writer, const struct stream_conn *conn)
{
	begin(writer, STREAM_CONN);
	put32(writer, conn->id);
	put16(writer, conn->is_socket);
	put16(writer, 0);
	if (conn->is_socket) {
		put32(writer, (uint32_t)conn->fd);
		put32(writer, 0);
	} else {
		put16(writer, conn->domid);
		put16(writer, conn->target);
		put32(writer, conn->port);
	}
	put16(writer, conn->in_len);
	put16(writer, conn->partial_len);
	put32(writer, conn->out_len);
}

void writer_conn_end(struct writer *writer)
{
	end(writer);
}

void writer_watch(struct writer *writer, const struct stream_watch *watch)
{
	bool has_depth = watch->depth != UINT16_MAX && writer->version >= 2;

	begin(writer, has_depth ? STREAM_WATCH_EXT : STREAM_WATCH);
	put32(writer, watch->conn);
	put16(writer, watch->path_len + 1);
	put16(writer, watch->token_len + 1);
	/* Here the strings follow for Xen's own reader, up to 4.22 at least; by the design there
	 * are two more bytes in between, and with them it ends, and the store with it. */
	if (has_depth)
		put16(writer, watch->depth);
	writer_bytes(writer, watch->path, watch->path_len);
	put8(writer, 0);
	writer_bytes(writer, watch->token, watch->token_len);
	put8(writer, 0);
	end(writer);
}

void writer_txn(struct writer *writer, const struct stream_txn *txn)
{
	begin(writer, STREAM_TXN);
	put32(writer, txn->conn);
	put32(writer, txn->id);
	end(writer);
}

static void put_perms(struct writer *writer, const struct stream_perm *perms, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		put8(writer, (uint8_t)perms[i].rights);
		put8(writer, perms[i].stale);
		put16(writer, perms[i].domid);
	}
}

void writer_node(struct writer *writer, const struct stream_node *node,
		 const struct stream_perm *perms)
{
	begin(writer, STREAM_NODE);
	put32(writer, node->conn);
	put32(writer, node->txid);
	put16(writer, node->path_len + 1);
	put16(writer, node->value_len);
	put16(writer, 0);
	put16(writer, node->n_perms);
	put_perms(writer, perms, node->n_perms);
	writer_bytes(writer, node->path, node->path_len);
	put8(writer, 0);
	writer_bytes(writer, node->value, node->value_len);
	end(writer);
}

static void put_limits(struct writer *writer, const struct writer_limit *limits, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put32(writer, limits[i].value);
	for (uint32_t i = 0; i < n; i++)
		writer_bytes(writer, limits[i].name, strlen(limits[i].name) + 1);
}

void writer_quota(struct writer *writer, const struct writer_limit *limits, uint32_t n)
{
	begin(writer, STREAM_QUOTA);
	put16(writer, n);
	put16(writer, 0);
	put_limits(writer, limits, n);
	end(writer);
}

void writer_domain(struct writer *writer, uint32_t domid, uint32_t features,
		   const struct writer_limit *limits, uint32_t n)
{
	begin(writer, STREAM_DOMAIN);
	put16(writer, domid);
	put16(writer, n);
	put32(writer, writer->version >= 2 ? features : 0);
	put_limits(writer, limits, n);
	end(writer);
}

void writer_own_server(struct writer *writer, const struct stream_own_server *server)
{
	const char *arg = server->args;

	begin(writer, STREAM_OWN_SERVER);
	put32(writer, server->version);
	put32(writer, server->updater);
	put32(writer, server->virq);
	put32(writer, (uint32_t)server->park_fd[0]);
	put32(writer, (uint32_t)server->park_fd[1]);
	put32(writer, (uint32_t)server->program_fd);
	put64(writer, server->generation);
	put64(writer, server->next_client);
	put32(writer, server->n_args);
	for (uint32_t i = 0; i < server->n_args; i++, arg += strlen(arg) + 1)
		writer_bytes(writer, arg, strlen(arg) + 1);
	end(writer);
}

void writer_own_domain(struct writer *writer, const struct stream_own_domain *domain)
{
	begin(writer, STREAM_OWN_DOMAIN);
	put32(writer, domain->domid);
	put32(writer, domain->flags);
	put32(writer, domain->remote_port);
	put32(writer, domain->features);
	writer_bytes(writer, domain->handle, sizeof(domain->handle));
	put64(writer, domain->unique_id);
	end(writer);
}

void writer_own_client(struct writer *writer, const struct stream_own_client *client)
{
	begin(writer, STREAM_OWN_CLIENT);
	put32(writer, client->conn);
	put32(writer, client->next_txid);
	put32(writer, client->req_cons);
	put32(writer, client->rsp_prod);
	put64(writer, client->id);
	put32(writer, client->head_is_answer);
	end(writer);
}

void writer_own_txn(struct writer *writer, const struct stream_own_txn *txn)
{
	begin(writer, STREAM_OWN_TXN);
	put32(writer, txn->conn);
	put32(writer, txn->id);
	put32(writer, txn->flags);
	put32(writer, txn->n_changes);
	put32(writer, (uint32_t)txn->n_owned);
	end(writer);
}

void writer_own_txn_node(struct writer *writer, const struct stream_own_txn_node *node,
			 const struct stream_perm *perms)
{
	begin(writer, STREAM_OWN_TXN_NODE);
	put32(writer, node->conn);
	put32(writer, node->txid);
	put32(writer, node->flags);
	put32(writer, node->touched);
	put32(writer, node->place);
	put32(writer, (uint32_t)node->children_bytes);
	put16(writer, node->path_len + 1);
	put16(writer, node->value_len);
	put32(writer, node->n_perms);
	put_perms(writer, perms, node->n_perms);
	writer_bytes(writer, node->path, node->path_len);
	put8(writer, 0);
	writer_bytes(writer, node->value, node->value_len);
	end(writer);
}
