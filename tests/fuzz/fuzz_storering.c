/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes anything to its ring page at any time. What the daemon does with the page
 * must stay within it, and with what is outside nothing may happen.
 *
 * The page is real; event channels and the server's queues stand in here.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/quota.h"
#include "persist/persist.h"
#include "ports.h"
#include "protocol/protocol.h"
#include "server/domains.h"
#include "server/ringconn.h"
#include "server/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server server;
static struct loop_garbage *garbage;
static bool is_ready, is_dirty;
static struct client *client_of_ring;

int ports_bind(struct ports *ports, struct port *port, uint32_t domid, uint32_t remote)
{
	(void)ports, (void)domid, (void)remote;
	port->local = 1;
	return 0;
}

int ports_adopt(struct ports *ports, struct port *port, uint32_t local)
{
	(void)ports;
	port->local = local;
	return 0;
}

void ports_unbind(struct ports *ports, struct port *port)
{
	(void)ports;
	port->local = 0;
}

int ports_notify(struct ports *ports, struct port *port)
{
	(void)ports, (void)port;
	return 0;
}

void ports_unmask(struct ports *ports, struct port *port)
{
	(void)ports, (void)port;
}

void server_ready(struct client *client)
{
	client_of_ring = client;
	is_ready = true;
}

void server_ready_again(struct client *client)
{
	server_ready(client);
}

void server_dirty(struct client *client)
{
	client_of_ring = client;
	is_dirty = true;
}

void server_dirty_first(struct client *client)
{
	server_dirty(client);
}

void server_forget(struct client *client)
{
	(void)client;
	is_ready = is_dirty = false;
}

void loop_defer_free(struct loop *loop, struct loop_garbage *g)
{
	(void)loop;
	g->next = garbage;
	garbage = g;
}

void domains_ring_ignored(struct domains *domains, uint32_t domid)
{
	(void)domains, (void)domid;
}

void domains_ring_reconnects(struct domains *domains, uint32_t domid)
{
	(void)domains, (void)domid;
	ringconn_reset((struct ringconn *)client_of_ring);
}

/* Rings have their page from the beginning here. */
void domains_ring_wanted(struct domains *domains, uint32_t domid)
{
	(void)domains, (void)domid;
	abort();
}

void persist_place_client(struct conn *conn, uint32_t at)
{
	(void)conn, (void)at;
	abort();
}

int persist_restore_client(struct persist *persist, struct conn *conn,
			   const struct saved_client *client, uint32_t at)
{
	(void)persist, (void)conn, (void)client, (void)at;
	return 0;
}

static uint64_t host_now_ms(void *ctx)
{
	(void)ctx;
	return 0;
}

static int host_find(void *ctx, uint32_t domid)
{
	(void)ctx;
	return domid < 8 ? 0 : -2;
}

static const struct protocol_host host = { .now_ms = host_now_ms, .find = host_find };

static void take_turn(void)
{
	const struct client_ops *ops;

	for (int i = 0; i < 100 && (is_ready || is_dirty); i++) {
		ops = (const struct client_ops *)client_of_ring->conn.transport;
		if (is_ready) {
			is_ready = false;
			ops->turn(client_of_ring);
		}
		if (is_dirty && !client_of_ring->conn.is_dead) {
			is_dirty = false;
			ops->flush(client_of_ring);
		}
		is_dirty = is_dirty && !client_of_ring->conn.is_dead;
	}
}

/* Records of {what, length, bytes}: to the request ring, or anywhere in the page; then the guest
 * rings. */
static void play(struct ring_page *page, struct conn *conn, const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size;

	while (end - at > 3) {
		uint8_t what = at[0], n = at[1];
		uint16_t place = (uint16_t)(at[2] | at[3] << 8);

		at += 4;
		if (n > end - at)
			n = (uint8_t)(end - at);
		if (what & 1) {
			place %= sizeof(*page) - 255;
			memcpy((char *)page + place, at, n);
		} else {
			for (uint8_t i = 0; i < n; i++)
				page->req[(page->req_prod + i) % RING_BYTES] = (char)at[i];
			page->req_prod += n;
		}
		if (what & 2)
			page->rsp_cons = page->rsp_prod;
		at += n;
		server_ready((struct client *)conn);
		take_turn();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = { { 1, 2, 3 } };
	/* With a margin, so that a step beside the page is seen. */
	struct ring_page *page = calloc(1, sizeof(*page));
	struct quota_account *account;
	struct ringconn *ring = NULL;
	struct log *log;

	assert(page && log_new(&log, "fuzz", LOG_LEVEL_ERROR, 0) == 0);
	server.log = log;
	assert(protocol_new(&server.protocol, &key, &host, &server, log) == 0);
	assert(quota_open(server.protocol->quota, 1, &account) == 0);
	assert(ringconn_new(&ring, &server, 1, page, 1, WIRE_FEATURES, account) == 0);
	play(page, ringconn_conn(ring), data, size);
	ringconn_reset(ring);
	ringconn_free(ring);
	while (garbage) {
		struct loop_garbage *g = garbage;

		garbage = g->next;
		g->free(g);
	}
	quota_close(server.protocol->quota, 1);
	protocol_free(server.protocol);
	log_free(log);
	free(page);
	return 0;
}
