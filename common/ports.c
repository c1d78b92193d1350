/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table from port number to owner, and the two bulk operations of the kernel's evtchn driver:
 * read() gives as many pending ports as fit, write() unmasks as many as it is given.
 */
#include "ports.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <xenevtchn.h>
#include <xentoollog.h>

#include "loop.h"

/* The driver's ring hands out at most one page of ports per read and takes as many per write. */
#define BATCH_MAX 1024
/* Xen has no more for a domain. Source: xen/event_channel.h, EVTCHN_FIFO_NR_CHANNELS. */
#define PORTS_MAX (1u << 17)

struct ports {
	struct loop *loop;		  /* borrowed: freed after us, see ports_new() */
	struct xentoollog_logger *logger; /* borrowed: see ports_new() */
	xenevtchn_handle *handle;
	struct loop_fd readable;
	struct loop_hook unmask_hook;
	struct port **by_local; /* owned array of borrowed ports; indexed by port number */
	uint32_t n_by_local;
	uint32_t unmask[BATCH_MAX];
	uint32_t n_unmask;
};

static void flush_unmask(void *ctx)
{
	struct ports *ports = ctx;
	size_t size_bytes = ports->n_unmask * sizeof(ports->unmask[0]);

	if (!ports->n_unmask)
		return;
	/*
	 * The driver takes the whole array or fails on an argument that it cannot read. A number
	 * that is no longer bound is ignored, so a port unbound in this turn does no harm here.
	 */
	while (write(xenevtchn_fd(ports->handle), ports->unmask, size_bytes) < 0)
		assert(errno == EINTR || errno == EAGAIN);
	ports->n_unmask = 0;
}

static void unmask_number(struct ports *ports, uint32_t local)
{
	if (ports->n_unmask == BATCH_MAX)
		flush_unmask(ports);
	ports->unmask[ports->n_unmask++] = local;
}

/* The handle is of no more use, and epoll would report it for ever: without events there is nothing
 * to serve. */
static void lost(struct ports *ports, int error)
{
	loop_fd_remove(ports->loop, &ports->readable);
	xtl_log(ports->logger, XTL_CRITICAL, error, "ports", "the event channels are gone");
	loop_stop(ports->loop, -EIO);
}

static void on_readable(struct loop_fd *lfd, unsigned int what)
{
	struct ports *ports = (struct ports *)((char *)lfd - offsetof(struct ports, readable));
	uint32_t pending[BATCH_MAX];
	ssize_t n_bytes;

	(void)what;
	n_bytes = read(lfd->fd, pending, sizeof(pending));
	if (n_bytes < 0 && (errno == EAGAIN || errno == EINTR))
		return; /* another wakeup took them: epoll reports what is left */
	if (n_bytes <= 0) {
		lost(ports, n_bytes < 0 ? errno : EPIPE);
		return;
	}
	for (size_t i = 0; i < (size_t)n_bytes / sizeof(pending[0]); i++) {
		struct port *port = pending[i] < ports->n_by_local ? ports->by_local[pending[i]]
								   : NULL;

		/* A port unbound earlier in this batch has no owner any more. */
		if (port && port->ready(port))
			unmask_number(ports, pending[i]);
	}
}

static int make(struct ports **out, struct loop *loop, xenevtchn_handle *handle,
		struct xentoollog_logger *logger)
{
	CLEANUP(ports_free) struct ports *ports = calloc(1, sizeof(*ports));
	int r;

	if (!ports) {
		xenevtchn_close(handle);
		return -ENOMEM;
	}
	ports->loop = loop;
	ports->logger = logger;
	ports->handle = handle;
	ports->readable =
		(struct loop_fd){ .ready = on_readable, .fd = xenevtchn_fd(ports->handle) };
	r = loop_fd_add(loop, &ports->readable, LOOP_READ);
	if (r < 0)
		return r;
	ports->unmask_hook = (struct loop_hook){ .fn = flush_unmask, .ctx = ports };
	loop_turn_hook(loop, &ports->unmask_hook);
	*out = STEAL(ports);
	return 0;
}

int ports_new(struct ports **out, struct loop *loop, struct xentoollog_logger *logger)
{
	xenevtchn_handle *handle = xenevtchn_open(logger, 0);

	return handle ? make(out, loop, handle, logger) : -errno;
}

int ports_new_from(struct ports **out, struct loop *loop, int fd, struct xentoollog_logger *logger)
{
	xenevtchn_handle *handle = xenevtchn_fdopen(logger, fd, 0);

	if (handle)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return handle ? make(out, loop, handle, logger) : -errno;
}

int ports_fd(const struct ports *ports)
{
	return xenevtchn_fd(ports->handle);
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	if (ports->unmask_hook.fn)
		loop_turn_unhook(ports->loop, &ports->unmask_hook);
	loop_fd_remove(ports->loop, &ports->readable);
	if (ports->handle)
		xenevtchn_close(ports->handle);
	free(ports->by_local);
	free(ports);
}

/* Makes room before binding, so that a port that is bound always has an owner. */
static int reserve(struct ports *ports, uint32_t local)
{
	uint32_t n = ports->n_by_local ? ports->n_by_local : 64;
	struct port **by_local;

	if (local < ports->n_by_local)
		return 0;
	while (n <= local)
		n *= 2;
	by_local = reallocarray(ports->by_local, n, sizeof(*by_local));
	if (!by_local)
		return -ENOMEM;
	memset(by_local + ports->n_by_local, 0, (n - ports->n_by_local) * sizeof(*by_local));
	ports->by_local = by_local;
	ports->n_by_local = n;
	return 0;
}

static int enter(struct ports *ports, struct port *port, xenevtchn_port_or_error_t local)
{
	int r;

	if (local < 0)
		return -errno;
	r = reserve(ports, (uint32_t)local);
	if (r < 0) {
		xenevtchn_unbind(ports->handle, (evtchn_port_t)local);
		return r;
	}
	assert(!ports->by_local[local]);
	ports->by_local[local] = port;
	port->local = (uint32_t)local;
	return 0;
}

int ports_adopt(struct ports *ports, struct port *port, uint32_t local)
{
	int r;

	assert(!port->local && port->ready);
	if (!local || local >= PORTS_MAX)
		return -EINVAL;
	r = reserve(ports, local);
	if (r < 0)
		return r;
	if (ports->by_local[local])
		return -EEXIST;
	ports->by_local[local] = port;
	port->local = local;
	return 0;
}

int ports_bind(struct ports *ports, struct port *port, uint32_t domid, uint32_t remote)
{
	assert(!port->local && port->ready);
	return enter(ports, port, xenevtchn_bind_interdomain(ports->handle, domid, remote));
}

int ports_bind_virq(struct ports *ports, struct port *port, uint32_t virq)
{
	assert(!port->local && port->ready);
	return enter(ports, port, xenevtchn_bind_virq(ports->handle, virq));
}

void ports_unbind(struct ports *ports, struct port *port)
{
	if (!port->local)
		return;
	assert(ports->by_local[port->local] == port);
	xenevtchn_unbind(ports->handle, port->local);
	ports->by_local[port->local] = NULL;
	port->local = 0;
}

int ports_notify(struct ports *ports, struct port *port)
{
	if (!port->local)
		return -ENOTCONN;
	return xenevtchn_notify(ports->handle, port->local) < 0 ? -errno : 0;
}

void ports_unmask(struct ports *ports, struct port *port)
{
	if (port->local)
		unmask_number(ports, port->local);
}
