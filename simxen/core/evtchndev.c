/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two bits a port: on, and pending while off. The queue of a handle is a ring with room for every
 * port that the handle holds, so it cannot overflow.
 */
#include "evtchndev.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#include "domain.h"
#include "host.h"
#include "interface.h"

/* Linux makes room for so many ports at a time; unbinding beyond it is EINVAL, not ENOTCONN. */
#define KERNEL_TABLE_STEP 1024

struct userport {
	struct evtchndev_handle *handle; /* borrowed: unbinds the port before it goes */
	uint32_t port;
	bool on;
	bool pending;
	LIST_ENTRY(userport) of_handle;
};

struct evtchndev_handle {
	struct evtchndev *dev; /* borrowed: outlives its handles */
	uint32_t number;
	uint32_t restricted; /* domid, or DOMID_INVALID */
	void (*readable)(void *ctx);
	void *ctx;
	LIST_HEAD(, userport) ports;
	uint32_t n_ports;
	uint32_t *queue; /* owned ring */
	uint32_t queue_size, head, tail;
};

struct evtchndev {
	struct host *host;
	struct userport **by_port; /* owned array of EVTCHN_FIFO_PORTS owned entries */
	uint32_t *owners;	   /* borrowed, or NULL */
	uint32_t n_kernel;	   /* size of the kernel's table */
};

int evtchndev_new(struct evtchndev **out, struct host *host)
{
	CLEANUP(evtchndev_free) struct evtchndev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return -ENOMEM;
	dev->host = host;
	dev->n_kernel = KERNEL_TABLE_STEP;
	dev->by_port = calloc(EVTCHN_FIFO_PORTS, sizeof(struct userport *));
	if (!dev->by_port)
		return -ENOMEM;
	*out = STEAL(dev);
	return 0;
}

void evtchndev_free(struct evtchndev *dev)
{
	if (!dev)
		return;
	for (uint32_t i = 0; dev->by_port && i < EVTCHN_FIFO_PORTS; i++)
		assert(!dev->by_port[i]);
	free(dev->by_port);
	free(dev);
}

void evtchndev_owners(struct evtchndev *dev, uint32_t *owners)
{
	dev->owners = owners;
}

int evtchndev_open(struct evtchndev *dev, uint32_t number, void (*readable)(void *ctx), void *ctx,
		   struct evtchndev_handle **out)
{
	struct evtchndev_handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return -ENOMEM;
	handle->dev = dev;
	handle->number = number;
	handle->restricted = DOMID_INVALID;
	handle->readable = readable;
	handle->ctx = ctx;
	LIST_INIT(&handle->ports);
	*out = handle;
	return 0;
}

static struct domain *dom0(const struct evtchndev *dev)
{
	return host_domain(dev->host, 0);
}

static void forget(struct userport *up)
{
	struct evtchndev *dev = up->handle->dev;

	dev->by_port[up->port] = NULL;
	if (dev->owners)
		__atomic_store_n(&dev->owners[up->port], 0, __ATOMIC_RELEASE);
	up->handle->n_ports--;
	LIST_REMOVE(up, of_handle);
	free(up);
}

void evtchndev_close(struct evtchndev_handle *handle)
{
	struct userport *up;

	while ((up = LIST_FIRST(&handle->ports))) {
		evtchn_close(dom0(handle->dev), up->port);
		forget(up);
	}
	free(handle->queue);
	free(handle);
}

/*
 * The queue holds every bound port once, and stale entries of ports that were closed while queued:
 * so its room doubles whenever it is full, and is never less than twice the ports.
 */
static int queue_reserve(struct evtchndev_handle *handle, uint32_t n)
{
	uint32_t size = handle->queue_size ? handle->queue_size : 8;
	uint32_t *queue;

	if (n <= handle->queue_size)
		return 0;
	while (size < n)
		size *= 2;
	queue = calloc(size, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	for (uint32_t i = handle->head; i != handle->tail; i++)
		queue[i & (size - 1)] = handle->queue[i & (handle->queue_size - 1)];
	free(handle->queue);
	handle->queue = queue;
	handle->queue_size = size;
	return 0;
}

static void fire(struct userport *up)
{
	struct evtchndev_handle *handle = up->handle;

	up->on = false;
	up->pending = false;
	if (handle->tail - handle->head == handle->queue_size &&
	    queue_reserve(handle, handle->queue_size + 1) < 0) {
		up->on = true; /* no memory: as if it had not arrived; the next one may */
		return;
	}
	handle->queue[handle->tail++ & (handle->queue_size - 1)] = up->port;
	handle->readable(handle->ctx);
}

void evtchndev_event(struct evtchndev *dev, uint32_t port)
{
	struct userport *up = dev->by_port[port];

	if (!up)
		return; /* the kernel's own, or not claimed yet: claim() looks at it */
	if (up->on)
		fire(up);
	else
		up->pending = true;
}

/* A bound port of dom0 becomes the handle's; @pending: it fired before we could watch it. */
static int claim(struct evtchndev_handle *handle, uint32_t port, bool pending)
{
	struct evtchndev *dev = handle->dev;
	struct userport *up = calloc(1, sizeof(*up));

	if (!up || queue_reserve(handle, 2 * (handle->n_ports + 1)) < 0) {
		free(up);
		evtchn_close(dom0(dev), port);
		return -ENOMEM;
	}
	if (dev->by_port[port])
		forget(dev->by_port[port]); /* closed by a bare hypercall, behind the kernel's back
					     */
	*up = (struct userport){ .handle = handle, .port = port, .on = true };
	LIST_INSERT_HEAD(&handle->ports, up, of_handle);
	handle->n_ports++;
	dev->by_port[port] = up;
	if (dev->owners)
		__atomic_store_n(&dev->owners[port], handle->number, __ATOMIC_RELEASE);
	while (dev->n_kernel <= port)
		dev->n_kernel += KERNEL_TABLE_STEP;
	if (pending)
		fire(up);
	return 0;
}

static bool is_restricted_from(const struct evtchndev_handle *handle, uint32_t domid)
{
	return handle->restricted != DOMID_INVALID && handle->restricted != domid;
}

int evtchndev_bind_interdomain(struct evtchndev_handle *handle, uint32_t domid,
			       uint32_t remote_port, uint32_t *port)
{
	struct domain *remote;
	int r;

	if (is_restricted_from(handle, domid))
		return -EACCES;
	remote = domid < HOST_DOMIDS ? host_domain(handle->dev->host, (uint16_t)domid) : NULL;
	if (domid == DOMID_SELF)
		remote = dom0(handle->dev);
	if (!remote)
		return -ESRCH;
	r = evtchn_bind_interdomain(dom0(handle->dev), remote, remote_port, port);
	return r < 0 ? r : claim(handle, *port, true);
}

int evtchndev_bind_unbound(struct evtchndev_handle *handle, uint32_t domid, uint32_t *port)
{
	int r;

	if (is_restricted_from(handle, domid))
		return -EACCES;
	r = evtchn_alloc_unbound(dom0(handle->dev), domid == DOMID_SELF ? 0 : (uint16_t)domid,
				 port);
	return r < 0 ? r : claim(handle, *port, false);
}

int evtchndev_bind_virq(struct evtchndev_handle *handle, uint32_t virq, uint32_t *port)
{
	int r;

	if (handle->restricted != DOMID_INVALID)
		return -EACCES;
	r = evtchn_bind_virq(dom0(handle->dev), virq, 0, port);
	return r < 0 ? r : claim(handle, *port, false);
}

static struct userport *own(const struct evtchndev_handle *handle, uint32_t port)
{
	struct userport *up = port < EVTCHN_FIFO_PORTS ? handle->dev->by_port[port] : NULL;

	return up && up->handle == handle ? up : NULL;
}

int evtchndev_unbind(struct evtchndev_handle *handle, uint32_t port)
{
	struct userport *up = own(handle, port);

	if (port >= handle->dev->n_kernel)
		return -EINVAL;
	if (!up)
		return -ENOTCONN;
	forget(up);
	evtchn_close(dom0(handle->dev), port);
	return 0;
}

int evtchndev_notify(struct evtchndev_handle *handle, uint32_t port)
{
	if (!own(handle, port))
		return -ENOTCONN;
	/* The kernel drops what the hypervisor says: notifying an orphaned port succeeds. */
	evtchn_send(dom0(handle->dev), port);
	return 0;
}

void evtchndev_unmask(struct evtchndev_handle *handle, uint32_t port)
{
	struct userport *up = own(handle, port);

	if (!up || up->on)
		return;
	up->on = true;
	if (up->pending)
		fire(up);
}

int evtchndev_restrict(struct evtchndev_handle *handle, uint32_t domid)
{
	if (handle->restricted != DOMID_INVALID)
		return -EACCES;
	handle->restricted = domid;
	return 0;
}

size_t evtchndev_take(struct evtchndev_handle *handle, uint32_t *ports, size_t n)
{
	size_t i = 0;

	while (i < n && handle->head != handle->tail)
		ports[i++] = handle->queue[handle->head++ & (handle->queue_size - 1)];
	return i;
}

void evtchndev_put_back(struct evtchndev_handle *handle, const uint32_t *ports, size_t n)
{
	/* Fits: it was taken from here and nothing was queued since. */
	for (size_t i = n; i-- > 0;)
		handle->queue[--handle->head & (handle->queue_size - 1)] = ports[i];
}
