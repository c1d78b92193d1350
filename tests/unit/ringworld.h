/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of the store without Xen and without the rest of the daemon; the test plays the guest. */
#ifndef RINGWORLD_H
#define RINGWORLD_H

#include <stdint.h>

#include "ring.h"
#include "server/ringconn.h"
#include "server/server.h"

struct ringworld {
	struct server server;
	struct ring_page *page; /* owned; the guest's */
	struct ringconn *ring;	/* owned */
	uint32_t domid;
};

/** ringworld_begin() - the ring of domain @domid, whose page is all zero; one at a time */
void ringworld_begin(struct ringworld *world, uint32_t domid);
void ringworld_end(struct ringworld *world);

/**
 * ringworld_turn() - what the daemon does until nothing is left to do
 * @between: NULL, or called in each turn when requests are served and nothing is published yet
 */
void ringworld_turn(void (*between)(void *ctx), void *ctx);

#endif
