/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cursor over the body of one record, which knows when the body is too short, and one function
 * for each kind. */
#include "update/reader.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define PREAMBLE_BYTES 16
#define HEAD_BYTES     8

#define FIELD_UNIQUE_ID 1u

struct cursor {
	const struct reader *reader;
	const char *at;
	size_t left;
	bool is_short;
};

static uint16_t fix16(const struct reader *reader, const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return reader->is_swapped ? __builtin_bswap16(v) : v;
}

static uint32_t fix32(const struct reader *reader, const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return reader->is_swapped ? __builtin_bswap32(v) : v;
}

static const char *take(struct cursor *cursor, size_t len)
{
	const char *at = cursor->at;

	if (len > cursor->left) {
		cursor->is_short = true;
		return NULL;
	}
	cursor->at += len;
	cursor->left -= len;
	return at;
}

static uint32_t get16(struct cursor *cursor)
{
	const char *at = take(cursor, 2);

	return at ? fix16(cursor->reader, at) : 0;
}

static uint32_t get32(struct cursor *cursor)
{
	const char *at = take(cursor, 4);

	return at ? fix32(cursor->reader, at) : 0;
}

static uint64_t get64(struct cursor *cursor)
{
	const char *at = take(cursor, 8);
	uint64_t v = 0;

	if (!at)
		return 0;
	memcpy(&v, at, sizeof(v));
	return cursor->reader->is_swapped ? __builtin_bswap64(v) : v;
}

/* A string of @size bytes with its NUL at the end and none before it; NULL if it is none. */
static const char *get_string(struct cursor *cursor, uint32_t size)
{
	const char *at = take(cursor, size);

	if (!at || !size || memchr(at, 0, size) != at + size - 1)
		return NULL;
	return at;
}

int reader_begin(struct reader *reader, const char *data, size_t len)
{
	uint32_t flags;

	*reader = (struct reader){ .data = data, .len = len };
	if (len < PREAMBLE_BYTES || memcmp(data, "xenstore", 8) != 0) {
		reader->error = "it is no stream of a store";
		return -EBADMSG;
	}
	memcpy(&reader->version, data + 8, sizeof(reader->version));
	memcpy(&flags, data + 12, sizeof(flags));
	reader->version = be32toh(reader->version);
	flags = be32toh(flags);
	if (!reader->version || reader->version > STREAM_VERSION_MAX) {
		reader->error = "its version is not known";
		return -ENOTSUP;
	}
	if (flags > 1) {
		reader->error = "its flags are not known";
		return -ENOTSUP;
	}
	reader->is_swapped = (flags != 0) != (__BYTE_ORDER == __BIG_ENDIAN);
	reader->at = PREAMBLE_BYTES;
	return 0;
}

static const char *read_global(struct cursor *cursor, struct stream_global *out)
{
	out->listen_fd = (int32_t)get32(cursor);
	out->evtchn_fd = (int32_t)get32(cursor);
	return NULL;
}

static const char *read_conn(struct cursor *cursor, struct stream_conn *out)
{
	uint32_t kind, fields, n_bytes;

	out->id = get32(cursor);
	kind = get16(cursor);
	fields = get16(cursor);
	if (kind == 1) {
		out->is_socket = true;
		out->fd = (int32_t)get32(cursor);
		get32(cursor);
	} else {
		out->domid = get16(cursor);
		out->target = get16(cursor);
		out->port = get32(cursor);
	}
	out->in_len = get16(cursor);
	out->partial_len = get16(cursor);
	out->out_len = get32(cursor);
	out->in = take(cursor, out->in_len);
	out->out = take(cursor, out->out_len);
	n_bytes = out->in_len + out->out_len;
	if (fields & FIELD_UNIQUE_ID) {
		take(cursor, -n_bytes & 7u);
		out->unique_id = get64(cursor);
	}
	if (kind > 1)
		return "a connection of a kind that is not known";
	if (!out->id)
		return "a connection without a number";
	if (out->partial_len > out->out_len)
		return "more of a message is left than is to be sent";
	return NULL;
}

static const char *read_strings(struct cursor *cursor, struct stream_watch *out)
{
	out->path = get_string(cursor, out->path_len);
	out->token = get_string(cursor, out->token_len);
	return out->path && out->token ? NULL : "a watch without a path or a token";
}

static const char *read_watch(struct cursor *cursor, uint32_t type, struct stream_watch *out)
{
	struct cursor before, body;
	const char *error;

	out->conn = get32(cursor);
	out->path_len = get16(cursor);
	out->token_len = get16(cursor);
	out->depth = UINT16_MAX;
	before = *cursor;
	if (type != STREAM_WATCH_EXT) {
		error = read_strings(cursor, out);
	} else {
		/* As Xen's own daemon reads it; by the design, with two bytes more, zeros; as Xen's
		 * daemon writes it, without depth. */
		out->depth = (uint16_t)get16(cursor);
		body = *cursor;
		error = read_strings(cursor, out);
		if (error) {
			*cursor = body;
			get16(cursor);
			error = read_strings(cursor, out);
		}
		if (error) {
			*cursor = before;
			out->depth = UINT16_MAX;
			error = read_strings(cursor, out);
		}
	}
	if (error)
		return error;
	out->path_len--;
	out->token_len--;
	return NULL;
}

static const char *check_perms(const uint8_t *perms, uint32_t n)
{
	for (uint32_t i = 0; perms && i < n; i++)
		if (!perms[4 * i] || !strchr("nrwb", perms[4 * i]))
			return "a permission that is not known";
	return NULL;
}

static const char *read_node(struct cursor *cursor, struct stream_node *out)
{
	out->conn = get32(cursor);
	out->txid = get32(cursor);
	out->path_len = get16(cursor);
	out->value_len = get16(cursor);
	get16(cursor); /* access: of a transaction only */
	out->n_perms = get16(cursor);
	out->perms = (const uint8_t *)take(cursor, 4 * (size_t)out->n_perms);
	out->path = get_string(cursor, out->path_len);
	out->value = take(cursor, out->value_len);
	if (!out->path)
		return "a node without a path";
	if (!out->conn && !out->n_perms)
		return "a node without permissions";
	out->path_len--;
	return check_perms(out->perms, out->n_perms);
}

/* Are there @n strings with their NULs? */
static bool has_strings(const struct cursor *cursor, uint32_t n)
{
	const char *at = cursor->at, *end = at + cursor->left;

	for (uint32_t i = 0; i < n; i++) {
		at = memchr(at, 0, (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	return true;
}

static const char *read_limits(struct cursor *cursor, struct stream_domain *out)
{
	out->values = (const uint8_t *)take(cursor, 4 * (size_t)out->n_limits);
	out->names = cursor->at;
	return has_strings(cursor, out->n_limits) ? NULL : "a quota without a name";
}

static const char *read_quota(struct cursor *cursor, struct stream_domain *out)
{
	out->n_limits = get16(cursor);
	out->n_limits += get16(cursor);
	return read_limits(cursor, out);
}

static const char *read_domain(struct cursor *cursor, struct stream_domain *out)
{
	out->domid = get16(cursor);
	out->n_limits = get16(cursor);
	out->features = get32(cursor);
	if (cursor->reader->version < 2)
		out->features = 0;
	return read_limits(cursor, out);
}

static const char *read_own_server(struct cursor *cursor, struct stream_own_server *out)
{
	out->version = get32(cursor);
	out->updater = get32(cursor);
	out->virq = get32(cursor);
	out->park_fd[0] = (int32_t)get32(cursor);
	out->park_fd[1] = (int32_t)get32(cursor);
	out->program_fd = (int32_t)get32(cursor);
	out->generation = get64(cursor);
	out->next_client = get64(cursor);
	out->n_args = get32(cursor);
	out->args = cursor->at;
	if (out->version != STREAM_OWN_VERSION)
		return "written by another version of xenscale";
	return has_strings(cursor, out->n_args) ? NULL : "arguments that have no end";
}

static const char *read_own_domain(struct cursor *cursor, struct stream_own_domain *out)
{
	const char *handle;

	out->domid = get32(cursor);
	out->flags = get32(cursor);
	out->remote_port = get32(cursor);
	out->features = get32(cursor);
	handle = take(cursor, sizeof(out->handle));
	if (handle)
		memcpy(out->handle, handle, sizeof(out->handle));
	if (cursor->left)
		out->unique_id = get64(cursor);
	return NULL;
}

static const char *read_own_client(struct cursor *cursor, struct stream_own_client *out)
{
	out->conn = get32(cursor);
	out->next_txid = get32(cursor);
	out->req_cons = get32(cursor);
	out->rsp_prod = get32(cursor);
	out->id = get64(cursor);
	out->head_is_answer = get32(cursor);
	return NULL;
}

static const char *read_own_txn(struct cursor *cursor, struct stream_own_txn *out)
{
	out->conn = get32(cursor);
	out->id = get32(cursor);
	out->flags = get32(cursor);
	out->n_changes = get32(cursor);
	out->n_owned = (int32_t)get32(cursor);
	return NULL;
}

static const char *read_own_txn_node(struct cursor *cursor, struct stream_own_txn_node *out)
{
	out->conn = get32(cursor);
	out->txid = get32(cursor);
	out->flags = get32(cursor);
	out->touched = get32(cursor);
	out->place = get32(cursor);
	out->children_bytes = (int32_t)get32(cursor);
	out->path_len = get16(cursor);
	out->value_len = get16(cursor);
	out->n_perms = get32(cursor);
	out->perms = (const uint8_t *)take(cursor, 4 * (size_t)out->n_perms);
	out->path = get_string(cursor, out->path_len);
	out->value = take(cursor, out->value_len);
	if (!out->path)
		return "a node without a path";
	if (out->flags & ~STREAM_TN_FLAGS)
		return "a node of a transaction is marked as what is not known";
	out->path_len--;
	return check_perms(out->perms, out->n_perms);
}

static const char *read_body(struct cursor *cursor, struct stream_record *out)
{
	switch (out->type) {
	case STREAM_GLOBAL:
		return read_global(cursor, &out->global);
	case STREAM_CONN:
		return read_conn(cursor, &out->conn);
	case STREAM_WATCH:
	case STREAM_WATCH_EXT:
		return read_watch(cursor, out->type, &out->watch);
	case STREAM_TXN:
		out->txn.conn = get32(cursor);
		out->txn.id = get32(cursor);
		return NULL;
	case STREAM_NODE:
		return read_node(cursor, &out->node);
	case STREAM_QUOTA:
		return read_quota(cursor, &out->domain);
	case STREAM_DOMAIN:
		return read_domain(cursor, &out->domain);
	case STREAM_OWN_SERVER:
		return read_own_server(cursor, &out->own_server);
	case STREAM_OWN_DOMAIN:
		return read_own_domain(cursor, &out->own_domain);
	case STREAM_OWN_CLIENT:
		return read_own_client(cursor, &out->own_client);
	case STREAM_OWN_TXN:
		return read_own_txn(cursor, &out->own_txn);
	case STREAM_OWN_TXN_NODE:
		return read_own_txn_node(cursor, &out->own_txn_node);
	default:
		return NULL;
	}
}

static int refuse(struct reader *reader, const char *error)
{
	reader->error = error;
	return -EBADMSG;
}

int reader_next(struct reader *reader, struct stream_record *out)
{
	struct cursor cursor = { .reader = reader };
	const char *head = reader->data + reader->at, *error;
	uint32_t len;

	reader->record = reader->at;
	if (reader->len - reader->at < HEAD_BYTES)
		return refuse(reader, "it has no end");
	memset(out, 0, sizeof(*out));
	out->type = fix32(reader, head);
	len = fix32(reader, head + 4);
	if (out->type == STREAM_END)
		return 0;
	if (len % 8 || len > reader->len - reader->at - HEAD_BYTES)
		return refuse(reader, "a record is longer than the stream");
	cursor.at = head + HEAD_BYTES;
	cursor.left = len;
	error = read_body(&cursor, out);
	/* What is missing has been taken for zeros: do not believe what was said of them. */
	if (cursor.is_short)
		return refuse(reader, "a record is too short");
	if (error)
		return refuse(reader, error);
	/* The one that leaves out the depth, of which its length does not know. */
	if (out->type == STREAM_WATCH_EXT && out->watch.path == head + HEAD_BYTES + 8)
		len = (uint32_t)(cursor.at - head - HEAD_BYTES + 7) & ~7u;
	reader->at += HEAD_BYTES + len;
	return 1;
}

struct stream_perm reader_perm(const struct reader *reader, const uint8_t *perms, uint32_t i)
{
	const uint8_t *at = perms + 4 * (size_t)i;

	return (struct stream_perm){ .domid = fix16(reader, at + 2),
				     .rights = (char)at[0],
				     .stale = at[1] & 1 };
}

uint32_t reader_limit(const struct reader *reader, const struct stream_domain *domain, uint32_t i)
{
	return fix32(reader, domain->values + 4 * (size_t)i);
}
