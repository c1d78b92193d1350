/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ring needs of the rest of the daemon: one client at most is ready or has something to
 * send. */
#include "ringworld.h"

#include <assert.h>
#include <stdlib.h>

#include "log.h"
#include "model/quota.h"
#include "persist/persist.h"
#include "ports.h"
#include "protocol/protocol.h"
#include "server/domains.h"

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

void ringworld_turn(void (*between)(void *ctx), void *ctx)
{
	const struct client_ops *ops;

	for (int i = 0; i < 100 && (is_ready || is_dirty); i++) {
		ops = (const struct client_ops *)client_of_ring->conn.transport;
		if (is_ready) {
			is_ready = false;
			ops->turn(client_of_ring);
		}
		if (between)
			between(ctx);
		if (is_dirty && !client_of_ring->conn.is_dead) {
			is_dirty = false;
			ops->flush(client_of_ring);
		}
		is_dirty = is_dirty && !client_of_ring->conn.is_dead;
	}
}

void ringworld_begin(struct ringworld *world, uint32_t domid)
{
	static const struct hash_key key = { { 1, 2, 3 } };
	struct server *server = &world->server;
	struct quota_account *account;

	*world = (struct ringworld){ .page = calloc(1, sizeof(*world->page)), .domid = domid };
	assert(world->page && log_new(&server->log, "ring", LOG_LEVEL_ERROR, 0) == 0);
	assert(protocol_new(&server->protocol, &key, &host, server, server->log) == 0);
	assert(quota_open(server->protocol->quota, domid, &account) == 0);
	assert(ringconn_new(&world->ring, server, domid, world->page, 1, WIRE_FEATURES, account) ==
	       0);
}

void ringworld_end(struct ringworld *world)
{
	struct server *server = &world->server;

	ringconn_reset(world->ring);
	ringconn_free(world->ring);
	while (garbage) {
		struct loop_garbage *g = garbage;

		garbage = g->next;
		g->free(g);
	}
	quota_close(server->protocol->quota, world->domid);
	protocol_free(server->protocol);
	log_free(server->log);
	free(world->page);
}
