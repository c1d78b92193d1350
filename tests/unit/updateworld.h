/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store with a few clients that can be written to a stream and made from one: what the server
 * does in a live update, without descriptors. */
#ifndef UPDATEWORLD_H
#define UPDATEWORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "update/dump.h"
#include "update/restore.h"

#define WORLD_CONNS_MAX 8

struct world_conn {
	struct conn conn; /* first */
	uint32_t id;	  /* in the stream it came from */
	bool is_used;
};

struct world {
	struct protocol *protocol;
	struct log *log;
	struct world_conn conns[WORLD_CONNS_MAX];
};

struct world *world_new(void);
/** world_free() - asserts that nothing is left behind */
void world_free(struct world *world);

/** world_conn() - a client, made when first asked for; @domid 0: privileged */
struct conn *world_conn(struct world *world, int i, uint32_t domid);
/** world_send() - one request */
void world_send(struct conn *conn, uint32_t type, uint32_t tx_id, const char *payload,
		uint32_t len);
/** world_take() - the next message: its type, or -1; its payload to @buf of 4097 bytes */
int world_take(struct conn *conn, char *buf);
/** world_ask() - send and take what came last; "TYPE:payload" with '|' for NULs */
const char *world_ask(struct conn *conn, uint32_t type, uint32_t tx_id, const char *payload,
		      uint32_t len);

/** world_dump() - everything to a stream; @own: with the records of our own */
int world_dump(struct world *world, struct writer *writer, uint32_t version, bool own);
/** world_load() - from a stream, by restore_*(); at most WORLD_CONNS_MAX clients. 0 or what they
 * say
 */
int world_load(struct world *world, const char *data, size_t len);

#endif
