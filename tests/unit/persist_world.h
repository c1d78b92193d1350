/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon without descriptors: store, clients behind rings that are plain memory, and persistence
 * in a folder on tmpfs. A kill is a copy of the folder, made at any moment, from which another
 * world is brought up.
 */
#ifndef PERSIST_WORLD_H
#define PERSIST_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "persist/persist.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"

#define WORLD_CLIENTS 5

/* What a guest has: survives the daemon. */
struct world_ring {
	char *requests; /* owned: all it ever asked */
	uint32_t n_requests;
	uint32_t req_cons; /* published */
	char *received;	   /* owned: all it ever got */
	uint32_t rsp_prod; /* published: bytes received */
};

struct world_client {
	struct conn conn; /* first */
	struct world *world;
	struct world_ring *ring; /* borrowed: NULL: the client is not there */
	uint32_t taken;
};

struct world {
	struct log *log;
	struct protocol *protocol;
	struct persist *persist;
	char dir[128];
	uint64_t now_ms;
	struct world_client clients[WORLD_CLIENTS]; /* number i is domain i */
	bool is_known[WORLD_CLIENTS];
};

/** world_new() - a daemon on @dir; clients come with world_connect() or from what was saved */
int world_new(struct world **out, const char *dir, struct world_ring *rings,
	      const struct persist_options *options);
/** world_free() - killed: nothing is saved */
void world_free(struct world *world);

void world_connect(struct world *world, uint32_t i, struct world_ring *ring);
void world_disconnect(struct world *world, uint32_t i);
/** world_ignore() - a client broke the protocol */
void world_ignore(struct world *world, uint32_t i);
/** world_die() - a domain ends: its client, its nodes */
void world_die(struct world *world, uint32_t domid);

/** world_ask() - client @i's guest writes a request: @len bytes of payload */
void world_ask(struct world *world, uint32_t i, uint32_t type, uint32_t tx_id, const char *payload,
	       uint32_t len);
/** world_serve() - take up to @max bytes of what the guest wrote, and serve it */
void world_serve(struct world *world, uint32_t i, uint32_t max);
/** world_flush() - give the guest up to @max bytes, then publish what was taken */
void world_flush(struct world *world, uint32_t i, uint32_t max);

/** world_dump() - all that must survive, as text; to be freed */
char *world_dump(struct world *world);

/** world_folder() - make an empty folder on tmpfs, its path to @dir */
void world_folder(char *dir);
/** world_copy() - copy the files of @from to @to, as a kill would leave them */
void world_copy(const char *from, const char *to);
void world_remove(const char *dir);

#endif
