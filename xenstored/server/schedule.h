/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is served next, and who pays. Ready clients wait in queues by how busy they have kept us
 * lately (model/fair.h); the quiet ones go first, and a turn of the loop ends after a while even if
 * others still wait, so that a quiet client that becomes ready meanwhile waits for that while only.
 * Who was quiet (the first class) has the answer before any others are served: their turn is the
 * next one. Each queue gets at least one client served in every second turn, so nobody starves.
 *
 * Time is charged to who caused it: serving a request to its sender, sending to who made there be
 * something to send. Guests may be held to a share of it (quota "time").
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "model/fair.h"

struct client;
struct server;

STAILQ_HEAD(client_queue, client);

struct schedule {
	struct client_queue ready[FAIR_N_CLASSES];
	uint32_t busy;	/* bit per class: is anybody ready? */
	uint16_t round; /* those of the class being served who became ready in it wait for the next
			 */
	bool in_round;
	bool was_cut;		  /* the busy have waited for a turn */
	uint8_t class;		  /* being served, while in_round */
	struct client_queue held; /* beyond their share */
	struct client_queue dirty;
	struct client *serving; /* borrowed; NULL: nobody */
	uint64_t at;		/* ticks up to which time is charged */
	uint64_t ns_per_tick;	/* times 2^32 */
	uint64_t turn_ticks[2]; /* how long a class is served: busy ones, the quiet */
	uint64_t guest_ticks;	/* and one guest */
	struct loop_timer release;
};

void schedule_init(struct server *server);
/** schedule_serve() - give ready clients their turns */
void schedule_serve(struct server *server);
/** schedule_flush() - send what is queued */
void schedule_flush(struct server *server);
/** schedule_is_pending() - is somebody ready who may be served at once? */
bool schedule_is_pending(const struct server *server);

#endif
