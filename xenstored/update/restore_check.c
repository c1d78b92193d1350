/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the whole stream before anything is done with it. */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "update/restore.h"

struct check {
	struct restore *restore;
	struct idmap conns;
	const char *error;
};

/* @reader is left at the record that ended the walk. */
static int walk(const struct restore *restore, struct reader *reader, restore_record_fn *fn,
		void *ctx)
{
	struct stream_record record;
	int r = reader_begin(reader, restore->data, restore->len);

	while (r == 0) {
		r = reader_next(reader, &record);
		if (r <= 0)
			return r;
		r = fn(ctx, reader, &record);
	}
	return r;
}

int restore_walk(const struct restore *restore, restore_record_fn *fn, void *ctx)
{
	struct reader reader;

	return walk(restore, &reader, fn, ctx);
}

static int refuse(struct check *check, const char *error)
{
	check->error = error;
	return -EBADMSG;
}

static int check_conn(struct check *check, const struct stream_conn *conn)
{
	if (idmap_get(&check->conns, conn->id))
		return refuse(check, "two connections have one number");
	check->restore->n_conns++;
	return idmap_set(&check->conns, conn->id, check);
}

/* What belongs to a connection comes after it. */
static int check_owner(struct check *check, uint32_t conn)
{
	return idmap_get(&check->conns, conn) ? 0
					      : refuse(check, "of a connection that is not there");
}

static int check_record(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct check *check = ctx;

	(void)reader;
	switch (record->type) {
	case STREAM_GLOBAL:
		check->restore->global = record->global;
		check->restore->has_global = true;
		return 0;
	case STREAM_CONN:
		return check_conn(check, &record->conn);
	case STREAM_WATCH:
	case STREAM_WATCH_EXT:
		return check_owner(check, record->watch.conn);
	case STREAM_TXN:
		return check_owner(check, record->txn.conn);
	case STREAM_NODE:
		check->restore->n_nodes += !record->node.conn;
		return 0;
	case STREAM_OWN_SERVER:
		check->restore->server = record->own_server;
		return 0;
	case STREAM_OWN_TXN:
		return check_owner(check, record->own_txn.conn);
	case STREAM_OWN_TXN_NODE:
		return check_owner(check, record->own_txn_node.conn);
	default:
		return 0;
	}
}

int restore_check(struct restore *restore, const char *data, size_t len, struct log *log)
{
	struct check check = { .restore = restore };
	struct reader reader;
	int r;

	*restore = (struct restore){ .log = log, .data = data, .len = len };
	r = idmap_init(&check.conns, 1024);
	if (r < 0)
		return r;
	r = walk(restore, &reader, check_record, &check);
	restore->version = reader.version;
	idmap_deinit(&check.conns);
	if (r == -EBADMSG || r == -ENOTSUP)
		log_error(log, "live update: byte %zu of the stream: %s", reader.record,
			  check.error ? check.error : reader.error);
	return r;
}
