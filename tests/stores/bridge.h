/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries bytes between stream sockets and the store rings of domains, as their kernels would. It
 * has a thread of its own; all functions are called from one other thread.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

struct bridge;
struct guest;

/** bridge_new() - needs a Xen host, and simxen's control socket for bridge_kick(). */
int bridge_new(struct bridge **out);

/** bridge_free() - end all connections and the thread. */
void bridge_free(struct bridge *bridge);

/** bridge_know() - map the store page of @guest; a second time does nothing. */
int bridge_know(struct bridge *bridge, const struct guest *guest);

/** bridge_forget() - end its connection and unmap its page. */
void bridge_forget(struct bridge *bridge, uint32_t domid);

/** bridge_listen() - offer the ring at a new socket; one connection at a time. */
int bridge_listen(struct bridge *bridge, uint32_t domid, const char *path);

/** bridge_page() - the store page, as 1,024 words. */
volatile uint32_t *bridge_page(struct bridge *bridge, uint32_t domid);

/** bridge_poke() - write 32 bits of the store page as the guest would. RECONNECT in its connection
 * field also drops what waits for room in the ring: it belongs to before. @domid is known. */
void bridge_poke(struct bridge *bridge, uint32_t domid, uint32_t offset, uint32_t value);

/** bridge_kick() - the guest sends an event on its store port. */
int bridge_kick(struct bridge *bridge, uint32_t domid);

/** bridge_quiet() - leave answers in the ring, as a guest does that does not read. */
void bridge_quiet(struct bridge *bridge, uint32_t domid, bool quiet);

#endif
