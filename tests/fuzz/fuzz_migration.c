/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes for a migration stream. It is refused, or there is a store as it should be, whose
 * clients are served, whose transactions end, and that can be written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/txn.h"
#include "protocol/wire.h"
#include "updateworld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy(struct world *world)
{
	struct writer writer = { 0 };
	struct world *second = world_new();

	if (world_dump(world, &writer, 2, true) < 0 ||
	    world_load(second, writer.data, writer.len) < 0)
		abort();
	writer_deinit(&writer);
	world_free(second);
}

/* One that may be refused, or has to wait, because of limits that came with the stream. */
static void ask(struct conn *conn, uint32_t type, uint32_t txid, const char *payload, uint32_t len)
{
	struct xsd_sockmsg head = { .type = type, .tx_id = txid, .len = len };
	char message[64];

	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), payload, len);
	conn_consume(conn, message, (uint32_t)sizeof(head) + len);
	conn_sent(conn, conn->out.n_bytes);
}

static void use(struct conn *conn)
{
	uint32_t len = conn->in_len;
	char buf[65536];

	conn_sent(conn, conn->out.n_bytes);
	if (len <= sizeof(buf)) {
		conn_take_kept(conn, buf);
		conn_consume(conn, buf, len);
	}
	for (int i = 0; i < 1000 && !LIST_EMPTY(&conn->txns); i++) {
		uint32_t txid = LIST_FIRST(&conn->txns)->id;

		ask(conn, WIRE_WRITE, txid, "/fuzz\0x", 7);
		ask(conn, WIRE_RM, txid, "/a", 3);
		ask(conn, WIRE_TRANSACTION_END, txid, i % 3 ? "T" : "F", 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *world = world_new();

	if (world_load(world, (const char *)data, size) == 0) {
		copy(world);
		for (int i = 0; i < WORLD_CONNS_MAX; i++)
			if (world->conns[i].is_used)
				use(&world->conns[i].conn);
	}
	world_free(world);
	return 0;
}
