/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dom0's kernel: the ports of dom0 that user processes hold through handles of /dev/xen/evtchn.
 *
 * A port fires into its handle's queue once and is then off until the owner turns it on again; what
 * arrives meanwhile is remembered once. This is what Linux does, and all flow control there is.
 */
#ifndef EVTCHNDEV_H
#define EVTCHNDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct evtchndev;
struct evtchndev_handle;
struct host;

/** evtchndev_new() - Return: 0 or -ENOMEM. @host outlives it. */
int evtchndev_new(struct evtchndev **out, struct host *host);
void evtchndev_free(struct evtchndev *dev);
DEFINE_CLEANUP(struct evtchndev *, evtchndev_free)

/**
 * evtchndev_open() - a new handle
 * @out:      owned by the caller, evtchndev_close()
 * @number:   how clients find the owner of a port; not 0, not in use
 * @readable: called when the queue is no longer empty
 *
 * Return: 0 or -ENOMEM.
 */
int evtchndev_open(struct evtchndev *dev, uint32_t number, void (*readable)(void *ctx), void *ctx,
		   struct evtchndev_handle **out);

/** evtchndev_close() - close every port of the handle. */
void evtchndev_close(struct evtchndev_handle *handle);

/**
 * evtchndev_owners() - have the table port → handle number kept in @owners too, where clients can
 * see it
 * @owners: EVTCHN_FIFO_PORTS numbers, 0 for ports that no handle holds; borrowed for good
 */
void evtchndev_owners(struct evtchndev *dev, uint32_t *owners);

/* Binding: 0 and the port, or what evtchn.h says; after evtchndev_restrict() -EACCES for VIRQs and
 * for other domains. -ESRCH: no such domain. */
int evtchndev_bind_interdomain(struct evtchndev_handle *handle, uint32_t domid,
			       uint32_t remote_port, uint32_t *port);
int evtchndev_bind_unbound(struct evtchndev_handle *handle, uint32_t domid, uint32_t *port);
int evtchndev_bind_virq(struct evtchndev_handle *handle, uint32_t virq, uint32_t *port);

/**
 * evtchndev_unbind() - close a port
 *
 * Return: 0, -EINVAL (beyond the kernel's table), -ENOTCONN (not this handle's).
 */
int evtchndev_unbind(struct evtchndev_handle *handle, uint32_t port);

/** evtchndev_notify() - Return: 0 or -ENOTCONN (not this handle's). */
int evtchndev_notify(struct evtchndev_handle *handle, uint32_t port);

/** evtchndev_unmask() - let the port fire again; others' ports and ports that are on are ignored.
 */
void evtchndev_unmask(struct evtchndev_handle *handle, uint32_t port);

/**
 * evtchndev_restrict() - have this handle serve @domid alone from now on
 *
 * Return: 0, -EACCES (restricted already).
 */
int evtchndev_restrict(struct evtchndev_handle *handle, uint32_t domid);

/** evtchndev_take() - move up to @n fired ports out of the queue. Return: how many. */
size_t evtchndev_take(struct evtchndev_handle *handle, uint32_t *ports, size_t n);

/** evtchndev_put_back() - the last @n ports taken could not be delivered: queue them again, first.
 */
void evtchndev_put_back(struct evtchndev_handle *handle, const uint32_t *ports, size_t n);

/** evtchndev_event() - dom0's @port is pending (host_event() calls it). */
void evtchndev_event(struct evtchndev *dev, uint32_t port);

#endif
