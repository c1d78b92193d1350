/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the store and its clients to a stream. Who the clients are, and what carries them, says the
 * server: here it is only what belongs to them.
 */
#ifndef DUMP_H
#define DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "update/writer.h"

struct conn;
struct quota;
struct quota_account;
struct store;
struct txn;

/** dump_quota() - the limits of all */
void dump_quota(struct writer *writer, const struct quota *quota);
/** dump_limits() - features of a domain, and those of its limits that are its own */
void dump_limits(struct writer *writer, const struct quota_account *account, uint32_t features);

/** dump_nodes() - the whole store, parents before children, with the special nodes */
void dump_nodes(struct writer *writer, const struct store *store);

/* An answer in the name of the next daemon, to a request that still stands in the input. */
struct dump_answer {
	uint32_t skip; /* bytes of input: that request */
	const char *message;
	uint32_t len;
};

/**
 * dump_client() - the connection with its input, output and watches
 * @head:   who it is; lengths and contents are filled in here
 * @answer: NULL: none
 */
void dump_client(struct writer *writer, const struct conn *conn, const struct stream_conn *head,
		 const struct dump_answer *answer);

/**
 * dump_txns() - its open transactions
 * @own: with what they have seen and changed, for a daemon of ours; after dump_nodes()
 */
void dump_txns(struct writer *writer, const struct conn *conn, uint32_t id, bool own);

#endif
