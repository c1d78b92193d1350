/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was known of clients and domains when the daemon ended: read from the files by replay.c,
 * brought back to life by the server.
 */
#ifndef SAVED_H
#define SAVED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "model/hash.h"
#include "model/table.h"
#include "persist/entry.h"
#include "persist/idmap.h"

struct saved_watch {
	struct table_link hashed; /* in saved->watches */
	struct saved_client *client;
	TAILQ_ENTRY(saved_watch) link; /* in order of registration */
	uint16_t depth;
	uint16_t skip;
	uint16_t path_len;
	uint16_t token_len;
	char text[]; /* path, NUL, token, NUL */
};

struct saved_client {
	TAILQ_ENTRY(saved_client) link;
	uint64_t id;
	uint64_t born_serial; /* turn in which it came; 0: before the image */
	uint64_t as_of;	      /* turn after which the image saw it; 0: it is younger */
	uint32_t domid;
	bool is_socket;
	bool is_slow;
	bool has_sent; /* a socket: after the last turn it was sent up to here: */
	uint32_t sent_to;
	bool is_newborn;		   /* came in the last turn */
	bool is_restored;		   /* there is a connection again */
	TAILQ_HEAD(, saved_watch) watches; /* owned */
	uint32_t *txids;		   /* owned: open transactions */
	uint32_t n_txids;
	char *in; /* owned: half a message */
	uint32_t in_len;
	char *out;	    /* owned: what was to be sent */
	uint32_t head_left; /* so many of its bytes are the end of a message */
	bool head_is_answer;
	uint32_t out_at;
	uint32_t out_len;
	uint32_t out_room;
	uint64_t out_serial; /* turn of the youngest of it */
	uint32_t taken;	     /* ring: how far requests were taken in turn taken_serial */
	uint64_t taken_serial;
};

struct saved {
	TAILQ_HEAD(, saved_client) clients; /* owned */
	struct idmap client_ids;
	struct table watches; /* by client, path and token */
	struct hash_key key;
	struct entry_domain **domains; /* owned, by domid; NULL: not known */
	uint32_t n_domains;	       /* all are below */
};

/** saved_new() - nothing; @key: random. 0 or -ENOMEM. */
int saved_new(struct saved **out, const struct hash_key *key);
void saved_free(struct saved *saved);
DEFINE_CLEANUP(struct saved *, saved_free)

/** saved_is_quiet() - after saved_settle(): nothing was on its way to or from it */
bool saved_is_quiet(const struct saved_client *client);
struct saved_client *saved_get_client(const struct saved *saved, uint64_t id);
/** saved_get_domain() - what was known of @domid, or NULL */
const struct entry_domain *saved_get_domain(const struct saved *saved, uint32_t domid);

/* Each does what an entry says. 0, -ENOMEM, or -EBADMSG (it makes no sense). */
int saved_add_client(struct saved *saved, const struct entry_client *entry, uint64_t as_of,
		     uint64_t born_serial);
void saved_end_client(struct saved *saved, struct saved_client *client);
int saved_set_domain(struct saved *saved, const struct entry_domain *entry);
void saved_end_domain(struct saved *saved, uint32_t domid);
int saved_watch(struct saved *saved, struct saved_client *client, const struct entry_watch *entry);
int saved_unwatch(struct saved *saved, const struct saved_client *client,
		  const struct entry_watch *entry);
int saved_txn(struct saved_client *client, const struct entry_txn *entry);
void saved_reset(struct saved *saved, struct saved_client *client, bool all);
int saved_input(struct saved_client *client, const struct entry_stream *entry);
int saved_slow(struct saved_client *client, const struct entry_stream *entry);
int saved_output(struct saved_client *client, const struct entry_stream *entry, uint64_t serial);

/** saved_settle() - all turns have been seen: forget what arrived, or was published, before the end
 * @serial:    of the last turn
 * @delivered: all that it had to send arrived
 */
void saved_settle(struct saved *saved, uint64_t serial, bool delivered);

#endif
