/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest that is played, between player.c (when it runs) and machine.c (what it sees). It lies
 * at the start of an aligned block, the rest of which is its stack: so code that runs on the stack
 * finds its guest by its own address, as a kernel finds its thread, and no global says who is
 * running.
 */
#ifndef PLAYED_H
#define PLAYED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <ucontext.h>

#include "tests/guest/guest.h"

#define PLAYED_BLOCK_BYTES 65536
#define PLAYED_CANARY	   0x5add1eba5eba11adull

struct domain;
struct player;

enum played_state {
	PLAYED_READY,	/* in the run queue */
	PLAYED_ASLEEP,	/* polls; in the heap of sleepers if there is a limit */
	PLAYED_STOPPED, /* its domain is paused; runs on when that ends */
	PLAYED_OVER,	/* has shut down; never runs again */
};

/* What a guest asks for when it leaves the CPU. */
enum played_request {
	PLAYED_YIELD,
	PLAYED_POLL,
	PLAYED_SHUTDOWN,
};

struct played {
	struct guest guest;
	struct player *player; /* borrowed: owns us */
	struct domain *domain; /* borrowed, NULL when it is gone */
	enum played_state state;
	enum played_request request;
	unsigned int shutdown_code;
	uint32_t ports[2]; /* polled for */
	uint32_t n_ports;
	uint64_t wake_ns; /* UINT64_MAX: no limit */
	uint64_t slice_end_ns;
	uint32_t heap_at; /* index in the heap of sleepers, UINT32_MAX: not there */
	bool booted;
	ucontext_t context, scheduler;
	/* For the address sanitizer, which wants to know on which stack we are. */
	void *fake_stack;
	const void *scheduler_stack;
	size_t scheduler_size;
	TAILQ_ENTRY(played) of_queue;
	uint64_t canary; /* last: the stack grows down towards it */
};

/** played_switch() - leave the CPU with a request; returns when it is granted. On the guest's
 * stack. */
void played_switch(struct played *played, enum played_request request);

/** played_now_ns() - the host's clock. */
uint64_t played_now_ns(const struct played *played);

/** played_has_pending() - is one of the polled ports pending? */
bool played_has_pending(const struct played *played);

#endif
