/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How busy a client has kept us lately, and whether it has used up its share. Time comes as an
 * argument, of whatever clock the caller has; a limit is a share of a second. All of this is done
 * for each request, so times are powers of two.
 *
 * A client's class says how much processing it caused within the last moments: who asks now and
 * then is always in the lowest class; above, there are four classes to a factor of two. Coarser
 * ones do not tell a guest that asks 500 times a second (0.5 % of a processor) from a hundred that
 * ask without end and have 1 % each.
 */
#ifndef FAIR_H
#define FAIR_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_N_CLASSES	   48
#define FAIR_LIFE_BITS	   26  /* half-life: so many bits of ns, 67 ms */
#define FAIR_STEP_BITS	   20  /* what is forgotten is reckoned once in 1 ms */
#define FAIR_QUIET_BITS	   17  /* below this, 131 µs, a client is in class 0 */
#define FAIR_BURST_PER_SEC 100 /* a share may be used this early: what is due in 1/100 s */

/* There is one for each connection, so it is small. */
struct fair {
	uint32_t used_ns;    /* processing it caused; half of it is forgotten each half-life,
				and in parts of one the same part of that half */
	uint32_t since_step; /* used_ns is as of then; wraps */
};

/* Of who has a share. */
struct fair_debt {
	uint64_t owed_ns; /* beyond its share */
	uint64_t since_us;
};

/** fair_charge() - it has caused @ns of processing */
static inline void fair_charge(struct fair *fair, uint64_t ns)
{
	uint64_t sum = fair->used_ns + ns;

	fair->used_ns = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

static inline void fair_forget(struct fair *fair, uint32_t steps)
{
	const unsigned int bits = FAIR_LIFE_BITS - FAIR_STEP_BITS;
	uint32_t lives = steps >> bits, rest = steps & ((1u << bits) - 1);

	fair->used_ns = lives < 32 ? fair->used_ns >> lives : 0;
	fair->used_ns -= (fair->used_ns >> (bits + 1)) * rest;
	fair->since_step += steps;
}

/** fair_class() - 0 (quiet) to FAIR_N_CLASSES - 1 */
static inline unsigned int fair_class(struct fair *fair, uint64_t now_ns)
{
	uint32_t steps = (uint32_t)(now_ns >> FAIR_STEP_BITS) - fair->since_step, quarters;
	unsigned int log, class;

	if (steps)
		fair_forget(fair, steps);
	if (!(fair->used_ns >> FAIR_QUIET_BITS))
		return 0;
	quarters = fair->used_ns >> (FAIR_QUIET_BITS - 2);
	log = 29 - (unsigned int)__builtin_clz(quarters);
	class = 4 * log + (quarters >> log) - 3;
	return class < FAIR_N_CLASSES ? class : FAIR_N_CLASSES - 1;
}

/**
 * fair_wait_us() - how long must it wait until it is within its share again? 0: not at all
 * @share_us: µs that it may use per second
 */
static inline uint64_t fair_wait_us(struct fair_debt *debt, uint32_t share_us, uint64_t now_us)
{
	uint64_t paid_ns = (now_us - debt->since_us) * share_us / 1000;
	uint64_t burst_ns = (uint64_t)share_us * 1000 / FAIR_BURST_PER_SEC;

	debt->since_us = now_us;
	debt->owed_ns = debt->owed_ns > paid_ns ? debt->owed_ns - paid_ns : 0;
	if (!share_us || debt->owed_ns <= burst_ns)
		return 0;
	return (debt->owed_ns - burst_ns) * 1000 / share_us + 1;
}

#endif
