/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rings are looked at twice a millisecond instead of waiting for the daemon's events: a guest's
 * end of an event channel cannot be waited on from dom0. Tests do not mind, and a measurement has
 * no business here.
 */
#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>
#include <xenforeignmemory.h>

#include "cleanup.h"
#include "guest.h"
#include "ring.h"
#include "simxen/wire.h"

#define PERIOD_US 500
#define CARRY	  4096

struct link {
	LIST_ENTRY(link) next;
	struct guest guest;
	struct xenstore_domain_interface *page; /* owned mapping */
	int listener, fd;			/* -1: none */
	char out[CARRY];			/* taken from the socket, not yet in the ring */
	uint32_t n_out;
	bool quiet;
};

struct bridge {
	xenforeignmemory_handle *memory;
	pthread_mutex_t lock; /* of everything below */
	pthread_t thread;
	LIST_HEAD(, link) links; /* owned */
	bool is_ending;
};

static struct link *find(struct bridge *bridge, uint32_t domid)
{
	struct link *link;

	LIST_FOREACH (link, &bridge->links, next)
		if (link->guest.domid == domid)
			return link;
	return NULL;
}

/* "notify DOMID PORT" to the simulated host. */
static int send_event(const struct guest *guest)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *dir = getenv("SIMXEN_DIR");
	char buf[sizeof(struct wire_message) + 64];
	struct wire_message *message = (struct wire_message *)(void *)buf;
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct wire_answer answer = { .error = -EPROTO };
	int n;

	if (!dir || fd < 0)
		return -ENOTCONN;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, WIRE_SOCKET);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*message = (struct wire_message){ .request = WIRE_COMMAND, .version = WIRE_VERSION };
	n = sprintf(message->text, "notify %u %u", guest->domid, guest->port);
	if (send(fd, buf, sizeof(*message) + (size_t)n, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.error;
}

/* From the socket into the request ring. Returns true if something moved. */
static bool carry_out(struct link *link)
{
	struct xenstore_domain_interface *page = link->page;
	uint32_t used, n;
	ssize_t got;

	if (link->fd >= 0 && link->n_out < CARRY) {
		got = read(link->fd, link->out + link->n_out, CARRY - link->n_out);
		if (got == 0 || (got < 0 && errno != EAGAIN)) {
			close(link->fd);
			link->fd = -1;
		}
		if (got > 0)
			link->n_out += (uint32_t)got;
	}
	if (!link->n_out ||
	    ring_used(page->req_prod, ring_load(&page->req_cons), XENSTORE_RING_SIZE, &used) < 0)
		return false;
	n = XENSTORE_RING_SIZE - used < link->n_out ? XENSTORE_RING_SIZE - used : link->n_out;
	if (!n)
		return false;
	ring_copy_in(page->req, XENSTORE_RING_SIZE, page->req_prod, link->out, n);
	ring_store(&page->req_prod, page->req_prod + n);
	link->n_out -= n;
	memmove(link->out, link->out + n, link->n_out);
	return true;
}

/* From the response ring to the socket; without one it waits in the ring. */
static bool carry_in(struct link *link)
{
	struct xenstore_domain_interface *page = link->page;
	char buf[XENSTORE_RING_SIZE];
	uint32_t used;
	ssize_t n;

	if (link->fd < 0 || link->quiet ||
	    ring_used(ring_load(&page->rsp_prod), page->rsp_cons, XENSTORE_RING_SIZE, &used) < 0 ||
	    !used)
		return false;
	ring_copy_out(buf, page->rsp, XENSTORE_RING_SIZE, page->rsp_cons, used);
	/* First the index: who reads the socket may have the ring reset at once. */
	ring_store(&page->rsp_cons, page->rsp_cons + used);
	for (uint32_t at = 0; at < used; at += (uint32_t)n) {
		n = write(link->fd, buf + at, used - at);
		if (n < 0 && errno != EAGAIN)
			break;
		if (n < 0)
			n = 0; /* a test that does not read is about to */
	}
	return true;
}

static void serve(struct link *link)
{
	bool moved;

	if (link->listener >= 0 && link->fd < 0) {
		link->fd = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (link->fd >= 0)
			link->n_out = 0;
	}
	moved = carry_out(link);
	moved |= carry_in(link);
	if (moved)
		send_event(&link->guest);
}

static void *run(void *ctx)
{
	struct bridge *bridge = ctx;
	struct link *link;
	bool is_ending = false;

	while (!is_ending) {
		pthread_mutex_lock(&bridge->lock);
		LIST_FOREACH (link, &bridge->links, next)
			serve(link);
		is_ending = bridge->is_ending;
		pthread_mutex_unlock(&bridge->lock);
		usleep(PERIOD_US);
	}
	return NULL;
}

int bridge_new(struct bridge **out)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));

	if (!bridge)
		return -ENOMEM;
	bridge->memory = xenforeignmemory_open(NULL, 0);
	if (!bridge->memory)
		return -errno;
	pthread_mutex_init(&bridge->lock, NULL);
	*out = bridge;
	return -pthread_create(&bridge->thread, NULL, run, bridge);
}

int bridge_know(struct bridge *bridge, const struct guest *guest)
{
	xen_pfn_t frame = guest->frame;
	struct link *link;

	if (find(bridge, guest->domid))
		return 0;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->guest = *guest;
	link->listener = link->fd = -1;
	link->page = xenforeignmemory_map(bridge->memory, guest->domid, PROT_READ | PROT_WRITE, 1,
					  &frame, NULL);
	if (!link->page) {
		int r = -errno;

		free(link);
		return r;
	}
	pthread_mutex_lock(&bridge->lock);
	LIST_INSERT_HEAD(&bridge->links, link, next);
	pthread_mutex_unlock(&bridge->lock);
	return 0;
}

void bridge_forget(struct bridge *bridge, uint32_t domid)
{
	struct link *link = find(bridge, domid);

	if (!link)
		return;
	pthread_mutex_lock(&bridge->lock);
	LIST_REMOVE(link, next);
	pthread_mutex_unlock(&bridge->lock);
	if (link->fd >= 0)
		close(link->fd);
	if (link->listener >= 0)
		close(link->listener);
	xenforeignmemory_unmap(bridge->memory, link->page, 1);
	free(link);
}

void bridge_free(struct bridge *bridge)
{
	if (!bridge)
		return;
	pthread_mutex_lock(&bridge->lock);
	bridge->is_ending = true;
	pthread_mutex_unlock(&bridge->lock);
	pthread_join(bridge->thread, NULL);
	while (!LIST_EMPTY(&bridge->links))
		bridge_forget(bridge, LIST_FIRST(&bridge->links)->guest.domid);
	pthread_mutex_destroy(&bridge->lock);
	xenforeignmemory_close(bridge->memory);
	free(bridge);
}

int bridge_listen(struct bridge *bridge, uint32_t domid, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct link *link = find(bridge, domid);

	if (!link)
		return -ESRCH;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0)
		return -errno;
	pthread_mutex_lock(&bridge->lock);
	if (link->listener >= 0)
		close(link->listener);
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->n_out = 0; /* the new connection begins with a clean sheet */
	link->listener = STEAL_FD(fd);
	pthread_mutex_unlock(&bridge->lock);
	return 0;
}

volatile uint32_t *bridge_page(struct bridge *bridge, uint32_t domid)
{
	return (volatile uint32_t *)(void *)find(bridge, domid)->page;
}

void bridge_poke(struct bridge *bridge, uint32_t domid, uint32_t offset, uint32_t value)
{
	struct link *link = find(bridge, domid);

	pthread_mutex_lock(&bridge->lock);
	((volatile uint32_t *)(void *)link->page)[offset / 4 % 1024] = value;
	/* A guest that begins anew has forgotten what it could not say before. */
	if (offset == offsetof(struct xenstore_domain_interface, connection) &&
	    value == XENSTORE_RECONNECT)
		link->n_out = 0;
	pthread_mutex_unlock(&bridge->lock);
}

int bridge_kick(struct bridge *bridge, uint32_t domid)
{
	return send_event(&find(bridge, domid)->guest);
}

void bridge_quiet(struct bridge *bridge, uint32_t domid, bool quiet)
{
	struct link *link = find(bridge, domid);

	pthread_mutex_lock(&bridge->lock);
	link->quiet = quiet;
	pthread_mutex_unlock(&bridge->lock);
}
