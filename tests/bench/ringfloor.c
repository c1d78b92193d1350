/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of guests' requests: whoever rings is served at once and whole, each request by an
 * answer that is always the same, with one notification per ring. What a quiet guest waits here
 * beside floods is what event channels, the simulated host and the two CPUs cost; a store has to
 * do something besides.
 *
 * usage: bench-ringfloor SOCKET PID-FILE
 */
#include <errno.h>
#include <event2/event.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/grant_table.h>
#include <xen/io/xs_wire.h>
#include <xengnttab.h>

#include "log.h"
#include "loop.h"
#include "ports.h"
#include "ring.h"

#define RING XENSTORE_RING_SIZE

struct ringfloor {
	struct loop *loop;
	struct ports *ports;
	xengnttab_handle *grants;
};

struct guest {
	struct port port;
	struct ringfloor *floor;		/* borrowed: lives as long as the process */
	struct xenstore_domain_interface *page; /* mapped, for good */
	uint32_t req_cons, rsp_prod;
};

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(1);
}

/* Answers the request at the front; false: there is none, or no room for its answer. */
static bool serve_one(struct guest *guest)
{
	static const char value[16] = "0123456789abcdef";
	struct xenstore_domain_interface *page = guest->page;
	uint32_t used, waiting;
	struct xsd_sockmsg head;

	if (ring_used(ring_load(&page->req_prod), guest->req_cons, RING, &used) < 0 ||
	    ring_used(guest->rsp_prod, ring_load(&page->rsp_cons), RING, &waiting) < 0)
		return false;
	if (used < sizeof(head) || RING - waiting < sizeof(head) + sizeof(value))
		return false;
	ring_copy_out(&head, page->req, RING, guest->req_cons, sizeof(head));
	if (used < sizeof(head) + head.len)
		return false;
	guest->req_cons += (uint32_t)sizeof(head) + head.len;
	head.len = head.type == XS_READ ? sizeof(value) : 3;
	ring_copy_in(page->rsp, RING, guest->rsp_prod, &head, sizeof(head));
	guest->rsp_prod += (uint32_t)sizeof(head);
	ring_copy_in(page->rsp, RING, guest->rsp_prod, value, head.len);
	guest->rsp_prod += head.len;
	return true;
}

static bool ring_ready(struct port *port)
{
	struct guest *guest = (struct guest *)((char *)port - offsetof(struct guest, port));
	bool moved;

	do {
		for (moved = false; serve_one(guest); moved = true)
			;
		if (moved) {
			ring_store(&guest->page->rsp_prod, guest->rsp_prod);
			ring_store(&guest->page->req_cons, guest->req_cons);
			ports_notify(guest->floor->ports, port);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
		}
	} while (moved);
	return true;
}

static void introduce(struct ringfloor *floor, const char *payload, uint32_t len)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	uint32_t domid, remote;

	if (!guest || !len || payload[len - 1] || sscanf(payload, "%u", &domid) != 1)
		die("bench-ringfloor: introduce");
	payload += strlen(payload) + 1;
	remote = (uint32_t)strtoul(payload + strlen(payload) + 1, NULL, 10);
	guest->floor = floor;
	guest->port.ready = ring_ready;
	guest->page = xengnttab_map_grant_ref(floor->grants, domid, GNTTAB_RESERVED_XENSTORE,
					      PROT_READ | PROT_WRITE);
	if (!guest->page)
		die("bench-ringfloor: map");
	errno = -ports_bind(floor->ports, &guest->port, domid, remote);
	if (errno)
		die("bench-ringfloor: bind");
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	char payload[XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg head;

	(void)what;
	if (recv(fd, &head, sizeof(head), MSG_WAITALL) != sizeof(head))
		exit(0);
	if (head.len > sizeof(payload) ||
	    recv(fd, payload, head.len, MSG_WAITALL) != (ssize_t)head.len)
		exit(1);
	if (head.type == XS_INTRODUCE)
		introduce(ctx, payload, head.len);
	head.len = 3;
	memcpy(payload, &head, sizeof(head));
	memcpy(payload + sizeof(head), "OK", 3);
	if (send(fd, payload, sizeof(head) + 3, MSG_NOSIGNAL) < 0)
		exit(1);
}

/* Whoever only looks whether there is a socket says nothing and goes. */
static void on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
	struct ringfloor *floor = ctx;
	int new_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	struct event *event;
	char byte;

	(void)what;
	if (new_fd < 0)
		return;
	if (recv(new_fd, &byte, 1, MSG_PEEK) <= 0) {
		close(new_fd);
		return;
	}
	event = event_new(loop_base(floor->loop), new_fd, EV_READ | EV_PERSIST, on_readable, floor);
	if (!event || event_add(event, NULL) < 0)
		die("bench-ringfloor");
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0)
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	struct ringfloor floor = { 0 };
	struct event *acceptable;
	struct log *log;
	FILE *file;

	if (argc != 3) {
		fputs("usage: bench-ringfloor SOCKET PID-FILE\n", stderr);
		return 2;
	}
	if (log_new(&log, "bench-ringfloor", LOG_LEVEL_ERROR, LOG_TARGET_STDERR) < 0 ||
	    loop_new(&floor.loop) < 0 || ports_new(&floor.ports, floor.loop, log_xtl(log)) < 0)
		die("bench-ringfloor");
	floor.grants = xengnttab_open(NULL, 0);
	file = fopen(argv[2], "we");
	if (!floor.grants || !file || fprintf(file, "%d\n", (int)getpid()) < 0 || fclose(file) != 0)
		die(argv[2]);
	acceptable = event_new(loop_base(floor.loop), listen_at(argv[1]), EV_READ | EV_PERSIST,
			       on_acceptable, &floor);
	if (!acceptable || event_add(acceptable, NULL) < 0)
		die("bench-ringfloor");
	return loop_run(floor.loop) < 0;
}
