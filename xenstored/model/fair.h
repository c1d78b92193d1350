/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How busy a client has kept us lately, and whether it has used up its share. Time comes as an
 * argument, of whatever clock the caller has; a limit is a share of a second. All of this is done
 * for each request, so times are powers of two.
 *
 * A client's class says how much processing it caused within the last moments: who asks now and
 * then is always in the lowest class, who asks all the time rises by one for each factor of four.
 */
#ifndef FAIR_H
#define FAIR_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_N_CLASSES	   6
#define FAIR_LIFE_BITS	   26  /* half-life: so many bits of ns, 67 ms */
#define FAIR_QUIET_BITS	   17  /* below this, 131 µs, a client is in class 0 */
#define FAIR_BURST_PER_SEC 100 /* a share may be used this early: what is due in 1/100 s */

struct fair {
	uint64_t used_ns;  /* processing it caused; half of it is forgotten each half-life */
	uint64_t since_ns; /* used_ns is as of then */
	uint64_t owed_ns;  /* beyond its share; kept only for who has one */
	uint64_t owed_since_us;
};

/** fair_charge() - it has caused @ns of processing; @share_us: µs it may use per second, 0: any */
static inline void fair_charge(struct fair *fair, uint64_t ns, uint32_t share_us)
{
	fair->used_ns += ns;
	if (share_us)
		fair->owed_ns += ns;
}

/** fair_class() - 0 (quiet) to FAIR_N_CLASSES - 1 */
static inline unsigned int fair_class(struct fair *fair, uint64_t now_ns)
{
	uint64_t lives = (now_ns - fair->since_ns) >> FAIR_LIFE_BITS, times_quiet;
	unsigned int class;

	if (lives) {
		fair->used_ns = lives < 64 ? fair->used_ns >> lives : 0;
		fair->since_ns += lives << FAIR_LIFE_BITS;
	}
	times_quiet = fair->used_ns >> FAIR_QUIET_BITS;
	if (!times_quiet)
		return 0;
	class = 1 + (63 - (unsigned int)__builtin_clzll(times_quiet)) / 2;
	return class < FAIR_N_CLASSES ? class : FAIR_N_CLASSES - 1;
}

/** fair_wait_us() - how long must it wait until it is within its share again? 0: not at all */
static inline uint64_t fair_wait_us(struct fair *fair, uint32_t share_us, uint64_t now_us)
{
	uint64_t paid_ns = (now_us - fair->owed_since_us) * share_us / 1000;
	uint64_t burst_ns = (uint64_t)share_us * 1000 / FAIR_BURST_PER_SEC;

	fair->owed_since_us = now_us;
	fair->owed_ns = fair->owed_ns > paid_ns ? fair->owed_ns - paid_ns : 0;
	if (!share_us || fair->owed_ns <= burst_ns)
		return 0;
	return (fair->owed_ns - burst_ns) * 1000 / share_us + 1;
}

#endif
