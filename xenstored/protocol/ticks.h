/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clock that costs next to nothing to read, for charging time; it says nothing about the date. */
#ifndef TICKS_H
#define TICKS_H

#include <stdint.h>
#include <time.h>

#ifdef TICKS_OF_TEST
/* A test has a clock of its own. */
uint64_t ticks_now(void);
uint64_t ticks_clock_ns(void);
uint64_t ticks_cpu_ns(void);
#else
static inline uint64_t ticks_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** ticks_cpu_ns() - so long has this thread run: a system call */
static inline uint64_t ticks_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t ticks_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return ticks_clock_ns();
#endif
}
#endif

#endif
