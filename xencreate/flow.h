/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many domains may be on their way: as many as the daemons can take without letting them wait.
 * What is in flight beyond that is built no sooner, only held longer, with its memory and its time
 * running. Pure.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stddef.h>
#include <stdint.h>

#define FLOW_TARGET_US 1000000 /* a domain that waits longer for a daemon is one too many */

enum flow_why {
	FLOW_WELL,
	FLOW_STORE,   /* its answers take long */
	FLOW_CONSOLE, /* terminals come late after the introduction */
};

struct flow {
	size_t limit; /* in flight at a time */
	size_t least, most;
	/* Since the last flow_tick(). */
	size_t n_done;
	uint64_t console_us; /* the longest */
	uint64_t shrunk_us;  /* when; 0: never */
};

/** flow_init() - @least keeps the workers busy; both at least 1. */
void flow_init(struct flow *flow, size_t least, size_t most);

/** flow_done() - a domain is done; its console took so long, or 0 if it did not wait for one. */
void flow_done(struct flow *flow, uint64_t console_us);

/**
 * flow_tick() - draw the consequences, several times a second
 * @store_us:   how long the store's last answer took, or takes already
 * @console_us: how long a domain has been waiting for its console by now, the longest
 *
 * Half as many if one of them is over the target, at most once in that time; one more for each
 * domain that was done if both are below half of it.
 *
 * Return: why the limit was lowered just now, or FLOW_WELL.
 */
enum flow_why flow_tick(struct flow *flow, uint64_t store_us, uint64_t console_us, uint64_t now_us);

/** flow_why_name() - "store", "console". */
const char *flow_why_name(enum flow_why why);

#endif
