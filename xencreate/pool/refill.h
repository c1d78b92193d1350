/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a pool makes its next domain: soon enough for those who come, and out of the way of others.
 * Pure. */
#ifndef POOL_REFILL_H
#define POOL_REFILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct refill_policy {
	size_t size;	       /* so many are to be ready */
	size_t max_in_flight;  /* built at the same time */
	uint64_t quiet_us;     /* nobody has taken one for so long */
	uint64_t interval_us;  /* between the beginnings of two; 0: no limit */
	uint64_t headroom_kib; /* memory of the host that is not the pool's to take */
	uint64_t shell_kib;    /* what one takes */
};

struct refill_state {
	uint64_t now_us;
	uint64_t last_take_us; /* 0: never, as for the next */
	uint64_t last_begin_us;
	uint64_t last_failure_us;
	unsigned int n_failures; /* in a row */
	size_t n_ready;		 /* and nobody's yet */
	size_t n_building;
	size_t n_taken;	       /* on their way to somebody */
	size_t n_waiting;      /* takers who found none */
	bool batch_is_running; /* somebody makes many: they go first */
	uint64_t free_kib;     /* of the host */
};

enum refill_why {
	REFILL_NOW,
	REFILL_FULL,   /* there is nothing to do */
	REFILL_BUSY,   /* enough are being built */
	REFILL_FAILED, /* the last ones failed: not at once again */
	REFILL_MEMORY, /* the host has not enough */
	REFILL_BATCH,
	REFILL_QUIET,
	REFILL_RATE,
};

/**
 * refill_next() - may the next one be begun?
 * @wait_us: out: when to ask again, unless something happens before; 0 for REFILL_NOW, _FULL and
 * _BUSY
 *
 * Takers who wait are served without delay: only failures and memory hold them up. Ahead of them
 * nothing is begun while one is being given away, nor before it has been quiet; a quarter of that
 * is enough when less than half of the pool is ready.
 */
enum refill_why refill_next(const struct refill_policy *policy, const struct refill_state *state,
			    uint64_t *wait_us);

/** refill_why_text() - for status and log. */
const char *refill_why_text(enum refill_why why);

#endif
