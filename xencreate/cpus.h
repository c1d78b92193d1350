/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of physical CPUs as an xl.cfg writes them; pure. */
#ifndef CPUS_H
#define CPUS_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS_MAX 1024

struct cpus {
	uint8_t bits[CPUS_MAX / 8];
};

/** cpus_add(), cpus_drop(), cpus_has() - one CPU, below CPUS_MAX. */
void cpus_add(struct cpus *cpus, unsigned int cpu);
void cpus_drop(struct cpus *cpus, unsigned int cpu);
bool cpus_has(const struct cpus *cpus, unsigned int cpu);

/** cpus_count() - how many are in the set. */
unsigned int cpus_count(const struct cpus *cpus);

/** cpus_nth() - the CPU at place @n of the set, counted from 0 in rising order; @n is below
 * cpus_count(). */
unsigned int cpus_nth(const struct cpus *cpus, unsigned int n);

/**
 * cpus_parse() - read "0-3,5,^2" or "all"
 * @cpus: overwritten, also on error
 *
 * A part with ^ takes CPUs out of what stands before it. Return: 0, -EINVAL (not understood, or
 * empty), -EOPNOTSUPP (NUMA nodes). Source: xl.cfg(5), "cpus".
 */
int cpus_parse(struct cpus *cpus, const char *text);

#endif
