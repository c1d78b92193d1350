/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving bytes between a ring page and its connection; see ringconn.h for the rules. */
#include "server/ringconn.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "log.h"
#include "persist/persist.h"
#include "persist/saved.h"
#include "ports.h"
#include "protocol/protocol.h"
#include "protocol/text.h"
#include "ring.h"
#include "server/domains.h"
#include "server/server.h"
#include "step.h"

static_assert(offsetof(struct ring_page, rsp_prod) ==
		      offsetof(struct xenstore_domain_interface, rsp_prod),
	      "the page is laid out as Xen says");
static_assert(offsetof(struct ring_page, error) ==
		      offsetof(struct xenstore_domain_interface, error),
	      "the page is laid out as Xen says");

struct ringconn {
	struct client client; /* first: the server hands back pointers to it */
	struct port port;
	struct ring_page *page; /* borrowed: unmapped after us; NULL: not yet served again */
	uint32_t domid;
	uint32_t req_cons; /* ours; the page has a copy for the guest */
	uint32_t rsp_prod;
	bool is_ignored;  /* broke the protocol: not read or written again until reset */
	bool has_moved;	  /* indices are to be published */
	bool is_to_reset; /* the page is to begin anew, before anything is published */
};

static struct ringconn *of_port(struct port *port)
{
	return (struct ringconn *)((char *)port - offsetof(struct ringconn, port));
}

/* docs/misc/xenstore-ring.txt: only the guest asks for it, only we say that it is done. */
static bool wants_reconnect(const struct ringconn *ring)
{
	return ring->domid && (ring->client.conn.features & WIRE_FEATURE_RECONNECTION) &&
	       ring_load(&ring->page->connection) == XENSTORE_RECONNECT;
}

static bool ring_fired(struct port *port)
{
	struct ringconn *ring = of_port(port);

	if (!ring->is_ignored)
		server_ready(&ring->client);
	else if (wants_reconnect(ring))
		server_ready_again(&ring->client);
	return true;
}

static void ring_wake(struct conn *conn)
{
	struct ringconn *ring = (struct ringconn *)conn;

	server_dirty(&ring->client);
	if (!ring->page)
		domains_ring_wanted(client_server(&ring->client)->domains, ring->domid);
}

/* The domain lives on for everybody else; only what it says is of no interest any more. */
static void ignore(struct ringconn *ring, uint32_t error, const char *why)
{
	if (ring->is_ignored)
		return;
	log_warning(client_server(&ring->client)->log, "domain %u: ring is ignored from now on: %s",
		    ring->domid, why);
	ring->is_ignored = true;
	ring->client.conn.is_dead = true;
	server_forget(&ring->client);
	if (ring->page && (ring->client.conn.features & WIRE_FEATURE_ERROR))
		ring_store(&ring->page->error, error);
	domains_ring_ignored(client_server(&ring->client)->domains, ring->domid);
}

static void ring_kill(struct conn *conn, const char *why)
{
	ignore((struct ringconn *)conn, XENSTORE_ERROR_COMM, why);
}

static uint32_t ring_taken(const struct conn *conn)
{
	return ((const struct ringconn *)conn)->req_cons;
}

static void ring_resume(struct conn *conn)
{
	server_ready((struct client *)conn);
}

static void serve_input(struct ringconn *ring, uint32_t used)
{
	struct conn *conn = &ring->client.conn;
	char *buf = client_server(&ring->client)->buf;
	uint32_t kept = conn_take_kept(conn, buf);
	int n;

	ring_copy_out(buf + kept, ring->page->req, RING_BYTES, ring->req_cons, used);
	ring->req_cons += used;
	ring->has_moved |= used > 0;
	STEP("requests copied");
	kept += used;
	n = conn_consume(conn, buf, kept);
	if (conn->is_dead)
		return;
	if (n < 0)
		ignore(ring, XENSTORE_ERROR_PROTO, "message longer than 4096 bytes");
	else if (conn_keep(conn, buf + n, kept - (uint32_t)n) < 0)
		ignore(ring, XENSTORE_ERROR_COMM, "no memory for its request");
	else if (conn->has_more)
		server_ready(&ring->client);
}

static void ring_turn(struct client *client)
{
	struct ringconn *ring = (struct ringconn *)client;
	uint32_t used;

	if (!ring->page)
		return;
	if (wants_reconnect(ring)) {
		domains_ring_reconnects(client_server(client)->domains, ring->domid);
		return;
	}
	if (ring->is_ignored)
		return;
	if (ring_used(ring_load(&ring->page->req_prod), ring->req_cons, RING_BYTES, &used) < 0) {
		ignore(ring, XENSTORE_ERROR_RINGIDX, "bad request index");
		conn_reset(&client->conn);
		return;
	}
	/* What waits in the ring costs nothing; what we hold must be served first. */
	if (client->conn.is_stalled || client->conn.in_len > WIRE_MESSAGE_MAX)
		used = 0;
	if (used || client->conn.in_len)
		serve_input(ring, used);
	if (ring->is_ignored)
		conn_reset(&client->conn);
	else if (ring->has_moved || client->conn.out.n_bytes || client->conn.is_stalled)
		/* Publish what was taken, and use the room that the guest may have made. */
		server_dirty(client);
}

/* Copies as much output as there is room for; false if the guest's index makes no sense. */
static bool fill(struct ringconn *ring)
{
	struct conn *conn = &ring->client.conn;
	struct iovec iov[2];
	uint32_t used, room;
	int n;

	if (ring_used(ring->rsp_prod, ring_load(&ring->page->rsp_cons), RING_BYTES, &used) < 0)
		return false;
	room = RING_BYTES - used;
	while (room && conn->out.n_bytes) {
		uint32_t len;

		n = outq_peek(&conn->out, iov, 1);
		assert(n == 1);
		len = iov[0].iov_len < room ? (uint32_t)iov[0].iov_len : room;
		ring_copy_in(ring->page->rsp, RING_BYTES, ring->rsp_prod, iov[0].iov_base, len);
		ring->rsp_prod += len;
		ring->has_moved = true;
		room -= len;
		conn_sent(conn, len);
	}
	return true;
}

/*
 * Our indices last: where a restart comes between, they tell whether it was done. The guest may use
 * the ring from the moment it sees itself connected.
 */
static void reset_page(struct ringconn *ring)
{
	struct ring_page *page = ring->page;

	ring_store(&page->error, XENSTORE_ERROR_NONE);
	ring_store(&page->req_prod, 0);
	ring_store(&page->rsp_cons, 0);
	STEP("ring half reset");
	ring_store(&page->req_cons, 0);
	ring_store(&page->rsp_prod, 0);
	STEP("ring reset");
	if (ring_load(&page->connection) == XENSTORE_RECONNECT) {
		ring_store(&page->connection, XENSTORE_CONNECTED);
		ports_notify(client_server(&ring->client)->ports, &ring->port);
	}
}

static void ring_flush(struct client *client)
{
	struct ringconn *ring = (struct ringconn *)client;
	uint32_t used;

	if (!ring->page)
		return;
	if (ring->is_to_reset)
		reset_page(ring);
	ring->is_to_reset = false;
	do {
		if (!fill(ring)) {
			ignore(ring, XENSTORE_ERROR_RINGIDX, "bad response index");
			conn_reset(&client->conn);
			return;
		}
		STEP("answers copied");
		ring_store(&ring->page->rsp_prod, ring->rsp_prod);
		STEP("answers published");
		/*
		 * A guest that empties the ring rings only if it found it full: if it was not full
		 * before what we have just published, it may have looked already.
		 */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	} while (client->conn.out.n_bytes &&
		 ring_used(ring->rsp_prod, ring_load(&ring->page->rsp_cons), RING_BYTES, &used) ==
			 0 &&
		 used < RING_BYTES);
	conn_flushed(&client->conn);
	if (!ring->has_moved)
		return;
	ring->has_moved = false;
	ring_store(&ring->page->req_cons, ring->req_cons);
	STEP("requests released");
	ports_notify(client_server(client)->ports, &ring->port);
	STEP("guest notified");
	/*
	 * A guest that asks rings only if it found all taken that it had asked before. What came
	 * between our look at its index and the line that released the requests, it has not told.
	 * Source: xb_write() in Linux.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring_load(&ring->page->req_prod) != ring->req_cons)
		server_ready(client);
}

static const struct client_ops ring_ops = {
	.transport = { .wake = ring_wake,
		       .kill = ring_kill,
		       .taken = ring_taken,
		       .resume = ring_resume },
	.turn = ring_turn,
	.flush = ring_flush,
};

void ring_page_offer(struct ring_page *page, uint32_t features)
{
	ring_store(&page->server_features, features);
}

bool ring_page_waits(const struct ring_page *page)
{
	return ring_load(&page->connection) == XENSTORE_RECONNECT;
}

uint32_t ring_page_port(const struct ring_page *page)
{
	return ring_load(&page->evtchn_port);
}

int ringconn_new_waiting(struct ringconn **out, struct server *server, uint32_t domid,
			 uint32_t features, struct quota_account *account)
{
	struct subject subject = { .domid = domid, .target = domid, .privileged = domid == 0 };
	struct ringconn *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->port.ready = ring_fired;
	conn_init(&ring->client.conn, server->protocol, &ring_ops.transport, &subject, account);
	ring->client.conn.features = features;
	ring->domid = domid;
	*out = ring;
	return 0;
}

/* @remote or @local is 0. */
static int serve_page(struct ringconn *ring, struct ring_page *page, uint32_t remote,
		      uint32_t local)
{
	struct ports *ports = client_server(&ring->client)->ports;
	int r = local ? ports_adopt(ports, &ring->port, local)
		      : ports_bind(ports, &ring->port, ring->domid, remote);

	if (r < 0)
		return r;
	ring->page = page;
	ring->req_cons = ring_load(&page->req_cons);
	ring->rsp_prod = ring_load(&page->rsp_prod);
	return 0;
}

static int make(struct ringconn **out, struct server *server, uint32_t domid,
		struct ring_page *page, uint32_t remote, uint32_t local, uint32_t features,
		struct quota_account *account)
{
	struct ringconn *ring;
	int r = ringconn_new_waiting(&ring, server, domid, features, account);

	if (r < 0)
		return r;
	r = serve_page(ring, page, remote, local);
	if (r < 0) {
		free(ring);
		return r;
	}
	*out = ring;
	return 0;
}

int ringconn_attach(struct ringconn *ring, struct ring_page *page, uint32_t remote)
{
	int r = serve_page(ring, page, remote, 0);

	if (r < 0)
		return r;
	persist_place_client(&ring->client.conn, ring->rsp_prod);
	ringconn_resume(ring);
	return 0;
}

int ringconn_new(struct ringconn **out, struct server *server, uint32_t domid,
		 struct ring_page *page, uint32_t remote, uint32_t features,
		 struct quota_account *account)
{
	return make(out, server, domid, page, remote, 0, features, account);
}

int ringconn_take(struct ringconn **out, struct server *server, uint32_t domid,
		  struct ring_page *page, uint32_t local, uint32_t features,
		  struct quota_account *account)
{
	return make(out, server, domid, page, 0, local, features, account);
}

static void free_ring(struct loop_garbage *garbage)
{
	free((char *)garbage - offsetof(struct ringconn, client.garbage));
}

void ringconn_free(struct ringconn *ring)
{
	if (!ring)
		return;
	ring->client.conn.is_dead = true;
	server_forget(&ring->client);
	conn_reset(&ring->client.conn);
	ports_unbind(client_server(&ring->client)->ports, &ring->port);
	/* Its turn may be under way. */
	ring->client.garbage.free = free_ring;
	loop_defer_free(client_server(&ring->client)->loop, &ring->client.garbage);
}

void ringconn_rebind(struct ringconn *ring, uint32_t remote)
{
	struct server *server = client_server(&ring->client);
	int r;

	ports_unbind(server->ports, &ring->port);
	r = ports_bind(server->ports, &ring->port, ring->domid, remote);
	if (r < 0)
		log_warning(server->log, "domain %u: event channel %u cannot be bound: %s",
			    ring->domid, remote, strerror(-r));
}

void ringconn_reset(struct ringconn *ring)
{
	server_forget(&ring->client);
	conn_reset(&ring->client.conn);
	ring->client.conn.is_dead = ring->is_ignored = ring->has_moved = false;
	ring->req_cons = ring->rsp_prod = 0;
	/* The page follows when it is certain that the turn has happened, before any answer. */
	ring->is_to_reset = true;
	server_dirty_first(&ring->client);
}

static void skip_to(struct ringconn *ring, const struct saved_client *client)
{
	const struct ring_page *page = ring->page;

	/* Made in the last turn, and killed before its page was reset. */
	if (client->is_newborn && (ring_load(&page->req_cons) || ring_load(&page->rsp_prod))) {
		ring->req_cons = ring->rsp_prod = 0;
		reset_page(ring);
		STEP("ring reset after a restart");
	} else if (client->taken_serial) {
		ring->req_cons = client->taken;
	}
}

int ringconn_restore(struct ringconn *ring, const struct saved_client *client, bool is_ignored)
{
	struct server *server = client_server(&ring->client);
	int r;

	ring->is_ignored = ring->client.conn.is_dead = is_ignored;
	if (!is_ignored && ring->domid)
		skip_to(ring, client);
	else if (!is_ignored && client->taken_serial)
		ring->req_cons = client->taken;
	r = persist_restore_client(server->persist, &ring->client.conn, client, ring->rsp_prod);
	if (r < 0 && r != -ENOMEM) {
		ignore(ring, XENSTORE_ERROR_RINGIDX, "it is not as it was before the restart");
		conn_reset(&ring->client.conn);
		r = 0;
	}
	STEP("ring restored");
	ringconn_resume(ring);
	return r;
}

struct ringconn_state ringconn_state(const struct ringconn *ring)
{
	return (struct ringconn_state){ .port = ring->port.local,
					.req_cons = ring->req_cons,
					.rsp_prod = ring->rsp_prod };
}

void ringconn_set(struct ringconn *ring, uint32_t req_cons, uint32_t rsp_prod)
{
	ring->req_cons = req_cons;
	ring->rsp_prod = rsp_prod;
}

void ringconn_ignore(struct ringconn *ring)
{
	ring->is_ignored = ring->client.conn.is_dead = true;
	server_forget(&ring->client);
}

void ringconn_resume(struct ringconn *ring)
{
	/*
	 * The last notification may not have been sent. It will be in the ring's turn: that of all
	 * rings at once would keep everybody waiting.
	 */
	ring->has_moved = true;
	server_ready(&ring->client);
}

bool ringconn_is_ignored(const struct ringconn *ring)
{
	return ring->is_ignored;
}

uint32_t ringconn_out_at(const struct ringconn *ring)
{
	return ring->rsp_prod;
}

void ringconn_greet(struct ringconn *ring)
{
	ring_store(&ring->page->connection, XENSTORE_CONNECTED);
	ports_notify(client_server(&ring->client)->ports, &ring->port);
}

void ringconn_set_target(struct ringconn *ring, uint32_t target)
{
	ring->client.conn.watcher.subject.target = target;
}

void ringconn_look(struct ringconn *ring)
{
	if (ring->page && !ring->is_ignored && ring_load(&ring->page->req_prod) != ring->req_cons)
		server_ready(&ring->client);
}

struct conn *ringconn_conn(struct ringconn *ring)
{
	return &ring->client.conn;
}

void ringconn_describe(const struct ringconn *ring, struct text *text)
{
	const struct ring_page *page = ring->page;

	if (!page) {
		text_add(text, "state: not yet served again after a restart\n");
		return;
	}
	text_add(text,
		 "state: %s\nevent channel: %u\nrequests: taken %u, offered %u\n"
		 "answers: given %u, taken %u\nfeatures: %u\n",
		 ring->is_ignored ? "ignored" : "served", ring->port.local, ring->req_cons,
		 ring_load(&page->req_prod), ring->rsp_prod, ring_load(&page->rsp_cons),
		 ring->client.conn.features);
}
