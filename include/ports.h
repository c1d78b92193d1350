/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All event channels of a daemon on one /dev/xen/evtchn handle, found by port number: one read
 * takes up to 1,024 pending ports, one write unmasks as many. Linux masks a port when it hands it
 * out and remembers what arrives meanwhile, so a port that is not unmasked is a peer held back at
 * no cost.
 */
#ifndef PORTS_H
#define PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct log;
struct loop;
struct ports;
struct xentoollog_logger;

/* One bound port; embedded in its owner, which unbinds it before going away. */
struct port {
	/*
	 * The port fired. Return true to have it unmasked at the end of this turn, false to leave
	 * it masked until ports_unmask().
	 */
	bool (*ready)(struct port *port);
	uint32_t local; /* our end's number; 0 while not bound */
};

/**
 * ports_new() - open the event-channel handle and watch it in @loop
 * @out:  owned by the caller; ports_free() before loop_free()
 * @loop: borrowed; gets a turn hook, so whatever must happen before ports are unmasked adds its
 * hook earlier
 *
 * @logger: the Xen libraries' log, see log_xtl(); borrowed for the life of @out
 *
 * If the handle breaks, that is logged and the loop stops with -EIO: nothing can be served without
 * events.
 *
 * Return: 0, -ENOMEM, or what opening /dev/xen/evtchn says: -ENOENT (no such device), -EACCES, …
 * Source: xenevtchn.h, xenevtchn_open().
 */
int ports_new(struct ports **out, struct loop *loop, struct xentoollog_logger *logger);

/**
 * ports_new_from() - the same on a handle that is open
 * @fd: of /dev/xen/evtchn, as another process had it; owned by @out from then on
 *
 * Return: 0, -ENOMEM, or what the library says. Source: xenevtchn.h, xenevtchn_fdopen().
 */
int ports_new_from(struct ports **out, struct loop *loop, int fd, struct xentoollog_logger *logger);
/** ports_fd() - the descriptor of the handle, borrowed; ports that are bound live as long as it */
int ports_fd(const struct ports *ports);

/** ports_free() - close the handle: the kernel closes every port bound on it. NULL is fine. */
void ports_free(struct ports *ports);
DEFINE_CLEANUP(struct ports *, ports_free)

/**
 * ports_bind() - connect @port to an event channel that a domain offers
 * @port:   not bound; port->ready set by the caller; borrowed until ports_unbind()
 * @domid:  the offering domain
 * @remote: port number inside @domid
 *
 * The new port is pending at once: its first ready() comes before the peer has done anything.
 *
 * Return: 0, or -EINVAL (@remote not offered to us, or @domid dying), -ESRCH (no such domain),
 * -ENOSPC (our own table is full), -ENOMEM. Source: xenevtchn.h, xenevtchn_bind_interdomain();
 * xen/event_channel.h, EVTCHNOP_bind_interdomain.
 */
int ports_bind(struct ports *ports, struct port *port, uint32_t domid, uint32_t remote);

/**
 * ports_bind_virq() - receive a virtual interrupt on @port
 *
 * Return: 0, or -EEXIST (bound already, maybe by another process: a global VIRQ has one owner),
 * -EINVAL (no such VIRQ), -ENOSPC, -ENOMEM. Source: xenevtchn.h, xenevtchn_bind_virq(); xen/xen.h,
 * VIRQ_*.
 */
int ports_bind_virq(struct ports *ports, struct port *port, uint32_t virq);

/**
 * ports_adopt() - take over a port that was bound on the handle before ports_new_from()
 *
 * Return: 0, -EEXIST (it is in use), -EINVAL (no port has this number), or -ENOMEM. Whether it is
 * bound is not asked.
 */
int ports_adopt(struct ports *ports, struct port *port, uint32_t local);

/** ports_unbind() - close our end; port->ready is not called any more. A port that is not bound is
 * left alone. */
void ports_unbind(struct ports *ports, struct port *port);

/**
 * ports_notify() - send an event to the other end
 *
 * Return: 0, or -ENOTCONN (not bound on this handle). An end whose peer is gone accepts and drops
 * it. Source: xenevtchn.h, xenevtchn_notify().
 */
int ports_notify(struct ports *ports, struct port *port);

/** ports_unmask() - let @port fire again, with the others at the end of this turn. */
void ports_unmask(struct ports *ports, struct port *port);

#endif
