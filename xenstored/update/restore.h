/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a stream to the store and to what belongs to its clients. A stream is gone through several
 * times: checked, then for the nodes, then for the clients, whom the server makes, and at last for
 * their transactions. Each step finds in it what it needs.
 */
#ifndef RESTORE_H
#define RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "persist/idmap.h"
#include "update/reader.h"

struct conn;
struct log;
struct protocol;

/* A stream that was checked. */
struct restore {
	struct log *log;  /* borrowed */
	const char *data; /* borrowed: the stream */
	size_t len;
	uint32_t version;
	struct stream_global global;
	struct stream_own_server server; /* version 0: written by a daemon that is not ours */
	bool has_global;
	uint32_t n_nodes;
	uint32_t n_conns;
};

/**
 * restore_check() - see whether a stream is whole and makes sense
 * @data: borrowed as long as @restore is used
 *
 * Return: 0, -EBADMSG or -ENOTSUP, which have been logged, or -ENOMEM.
 */
int restore_check(struct restore *restore, const char *data, size_t len, struct log *log);

typedef int restore_record_fn(void *ctx, const struct reader *reader,
			      const struct stream_record *record);
/** restore_walk() - call @fn for each record until it returns something else than 0, and return
 * that */
int restore_walk(const struct restore *restore, restore_record_fn *fn, void *ctx);

/**
 * restore_store() - limits and nodes
 * @protocol: just made, without observers
 *
 * Return: 0, -EBADMSG (a node without its parent, twice, or of nobody: has been logged), -ENOMEM.
 */
int restore_store(const struct restore *restore, struct protocol *protocol);

/**
 * restore_limits() - limits of one domain, whose account is open
 * @n_unknown: out: how many of them have a name that means nothing here
 */
void restore_limits(const struct reader *reader, const struct stream_domain *domain,
		    struct protocol *protocol, uint32_t *n_unknown);

/**
 * restore_client() - give @conn, which was just made, its input and output
 * @head_is_answer: see struct stream_own_client
 *
 * Return: 0, -EBADMSG (its output is no messages), -ENOMEM.
 */
int restore_client(struct conn *conn, const struct stream_conn *client, bool head_is_answer);
/** restore_watch() - register it without an event; 0, -EINVAL (no such path), -EEXIST, -ENOMEM */
int restore_watch(struct conn *conn, const struct stream_watch *watch);

/**
 * restore_txns() - open all transactions again
 * @conns: struct conn of each number of the stream
 *
 * Their reads go on from the store as it is now: what they have touched so far has not changed, or
 * they are lost, and end with -EAGAIN. Return: 0, -EBADMSG or -ENOMEM, which have been logged.
 */
int restore_txns(const struct restore *restore, const struct idmap *conns);

/** restore_perms() - the counted list for entries of a stream; opens the owner's account; 0,
 * -EBADMSG or -ENOMEM */
struct perms;
int restore_perms(struct protocol *protocol, const struct reader *reader, const uint8_t *raw,
		  uint32_t n, struct perms **out);

#endif
