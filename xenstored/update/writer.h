/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the migration stream to memory. Nothing fails on the way: what went wrong is said once, by
 * writer_finish().
 */
#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "update/stream.h"

/* Zeroed, then writer_begin(). */
struct writer {
	char *data; /* owned */
	size_t len;
	size_t room;
	size_t record; /* where the one that is being written begins */
	uint32_t version;
	int error;
};

void writer_deinit(struct writer *writer);

/** writer_begin() - @version: 1 or 2 */
void writer_begin(struct writer *writer, uint32_t version);
/** writer_finish() - end the stream; 0, -ENOMEM, or -EOVERFLOW (something too long for its field)
 */
int writer_finish(struct writer *writer);

void writer_global(struct writer *writer, const struct stream_global *global);
/**
 * writer_conn() - begin a connection; its in_len bytes and out_len bytes follow, by writer_bytes()
 * @conn: in and out are not looked at
 */
void writer_conn(struct writer *writer, const struct stream_conn *conn);
void writer_bytes(struct writer *writer, const void *bytes, size_t len);
/** writer_conn_end() - all of them are there */
void writer_conn_end(struct writer *writer);
/** writer_watch() - a depth is lost in version 1 */
void writer_watch(struct writer *writer, const struct stream_watch *watch);
void writer_txn(struct writer *writer, const struct stream_txn *txn);
/** writer_node() - @node: perms is not looked at; @perms has n_perms entries */
void writer_node(struct writer *writer, const struct stream_node *node,
		 const struct stream_perm *perms);

struct writer_limit {
	const char *name;
	uint32_t value;
};

/** writer_quota() - the limits of all */
void writer_quota(struct writer *writer, const struct writer_limit *limits, uint32_t n);
/** writer_domain() - features are lost in version 1 */
void writer_domain(struct writer *writer, uint32_t domid, uint32_t features,
		   const struct writer_limit *limits, uint32_t n);

void writer_own_server(struct writer *writer, const struct stream_own_server *server);
void writer_own_domain(struct writer *writer, const struct stream_own_domain *domain);
void writer_own_client(struct writer *writer, const struct stream_own_client *client);
void writer_own_txn(struct writer *writer, const struct stream_own_txn *txn);
/** writer_own_txn_node() - as writer_node() */
void writer_own_txn_node(struct writer *writer, const struct stream_own_txn_node *node,
			 const struct stream_perm *perms);

#endif
