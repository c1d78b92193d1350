/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is served next, and who pays. Ready clients wait in queues by how busy they have kept us
 * lately (model/fair.h); those who did so least go first. A turn of the loop ends after a while
 * even if others still wait, so that a quiet client that becomes ready meanwhile waits for that
 * while only: for one slice of a busy one's requests, or two. And where the next one has been
 * clearly busier than those before it, it waits for the turn that follows: they have their answers
 * first. In every fourth turn one of another class is served besides, so nobody starves.
 *
 * Time is charged to who caused it: serving a request to its sender, sending to who made there be
 * something to send; not to whoever happens to be served while the kernel has others run. Guests
 * may be held to a share of it (quota "time").
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "model/fair.h"

struct client;
struct quota_account;
struct server;

STAILQ_HEAD(client_queue, client);

struct schedule {
	struct client_queue ready[FAIR_N_CLASSES];
	uint64_t busy;		  /* bit per class: is anybody ready? */
	uint64_t left;		  /* the same: whose turn may still come in this round? */
	uint16_t round;		  /* of turns; who becomes ready in one waits for the next */
	uint8_t class;		  /* being served, while in_round */
	uint8_t rotation;	  /* the class that was served besides */
	bool in_round;		  /* clients are being served */
	bool was_cut;		  /* the busier have waited for a turn */
	bool is_loaded;		  /* the last turn served several, or not all */
	struct client_queue held; /* beyond their share */
	struct client_queue dirty;
	struct quota_account *tools; /* borrowed: outlives us */
	struct client *serving;	     /* borrowed; NULL: nobody */
	uint64_t began;		     /* ticks of the turn */
	uint64_t at;		     /* ticks up to which time is charged */
	uint64_t ns_per_tick;	     /* times 2^32 */
	uint64_t turn_ticks[2];	     /* how long a turn serves: busy ones, the quiet */
	uint64_t guest_ticks;	     /* and one guest */
	uint64_t sending_ticks;	     /* what sending to one client takes */
	uint64_t to_send_ticks;	     /* what sending to all that are to be sent to takes */
	uint64_t cpu_ns, cpu_at; /* our CPU time at these ticks of the same turn; 0: not asked */
	struct loop_timer release;
};

/** schedule_init() - before there is any client; the protocol is there */
void schedule_init(struct server *server);
/** schedule_serve() - give ready clients their turns */
void schedule_serve(struct server *server);
/** schedule_flush() - send what is queued */
void schedule_flush(struct server *server);
/** schedule_is_pending() - is somebody ready who may be served at once? */
bool schedule_is_pending(const struct server *server);

#endif
