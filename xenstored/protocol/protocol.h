/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all connections share: the model, and the host behind the operations on domains. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "model/hash.h"
#include "protocol/backlog.h"
#include "protocol/contention.h"
#include "protocol/outq.h"
#include "protocol/trace.h"

struct conn;
struct log;
struct path;
struct quota;
struct store;
struct text;
struct watch;
struct watch_index;

/* Programs that are connected now. */
struct protocol_programs {
	uint32_t n;
	uint64_t queue_bytes; /* answers and events that wait to be read */
};

/*
 * Domains, as operations need them; implemented by the server. Domids are below QUOTA_DOMID_MAX.
 * Introduced means that its ring is served.
 */
struct protocol_host {
	/* 0, -EINVAL, or what mapping and binding say. Resets the connection if there is one. */
	int (*introduce)(void *ctx, uint32_t domid, uint32_t port);
	/* 0 or -ENOENT. */
	int (*release)(void *ctx, uint32_t domid);
	int (*resume)(void *ctx, uint32_t domid);
	int (*set_target)(void *ctx, uint32_t domid, uint32_t target);
	bool (*is_introduced)(void *ctx, uint32_t domid);
	/*
	 * Does Xen know the domain? From then on its end is noticed. 0, -ENOENT or -ENOMEM.
	 */
	int (*find)(void *ctx, uint32_t domid);
	/* Of a domain that was found. */
	uint32_t (*features)(void *ctx, uint32_t domid);
	/* 0 or -EBUSY (introduced). */
	int (*set_features)(void *ctx, uint32_t domid, uint32_t features);
	/* The connection of an introduced domain, or NULL. */
	struct conn *(*conn)(void *ctx, uint32_t domid);
	/* A clock that never goes back. */
	uint64_t (*now_ms)(void *ctx);
	/* Lines about its ring, for an operator. */
	void (*describe)(void *ctx, uint32_t domid, struct text *text);
	/* Adds up all programs; NULL: there are none. */
	void (*programs)(void *ctx, struct protocol_programs *programs);
	/*
	 * A command to replace the daemon, without its name. 0 with the answer (empty: "OK"),
	 * -EINVAL, or -EINPROGRESS: ask again when the client is resumed. NULL: there is none.
	 */
	int (*update)(void *ctx, struct conn *conn, const char **words, uint32_t n_words,
		      struct text *answer);
};

/* Told of what is held here for a client that outlives the daemon (conn.h: its record has an id).
 */
struct protocol_observer {
	/* Output was queued or input kept; once until record.is_touched is cleared. */
	void (*touched)(void *ctx, struct conn *conn);
	void (*watched)(void *ctx, struct conn *conn, const struct watch *watch);
	void (*unwatched)(void *ctx, struct conn *conn, const struct path *path, const char *token);
	void (*txn_begun)(void *ctx, struct conn *conn, uint32_t id);
	void (*txn_ended)(void *ctx, struct conn *conn, uint32_t id);
	/* All watches and transactions are gone; if @all, input and output are, too. */
	void (*reset)(void *ctx, struct conn *conn, bool all);
};

struct protocol {
	struct store *store;	     /* owned */
	struct watch_index *watches; /* owned */
	struct quota *quota;	     /* owned */
	struct outq_pool pool;
	struct backlog_set backlogs;
	struct contention contention;
	struct trace trace;
	const struct protocol_host *host;
	void *host_ctx;	      /* borrowed: as long as there are connections */
	struct log *log;      /* borrowed: outlives the protocol */
	uint64_t turn_ends;   /* by the transport's clock: the rest waits; 0: never */
	bool is_full;	      /* what changes could not be kept: reads are served, and removals */
	bool is_stuck;	      /* nor removals */
	bool holds_txns;      /* who has no open transaction must wait with one */
	bool test_eagain;     /* one commit in three is refused, for those who test their clients */
	uint32_t n_commits;   /* counted for that */
	uint32_t n_conns;     /* clients so far */
	struct conn *updater; /* borrowed: asks for another daemon; cleared when it goes */
	const struct protocol_observer *observer; /* borrowed; NULL: nobody */
	void *observer_ctx;
};

/**
 * protocol_new() - an empty store and nobody to talk to
 * @key: random
 *
 * Return: 0 or -ENOMEM.
 */
int protocol_new(struct protocol **out, const struct hash_key *key,
		 const struct protocol_host *host, void *host_ctx, struct log *log);
/** protocol_free() - all connections are gone */
void protocol_free(struct protocol *protocol);
DEFINE_CLEANUP(struct protocol *, protocol_free)

/**
 * protocol_fire_special() - @introduceDomain or @releaseDomain
 * @special: enum store_special
 * @plain:   tell those who watch the name
 * @named:   tell those who want to know which domain
 */
void protocol_fire_special(struct protocol *protocol, int special, uint32_t domid, bool plain,
			   bool named);

#endif
