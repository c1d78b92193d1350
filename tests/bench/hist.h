/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Latencies in buckets whose width is at most 1/32 of their value: any number of samples, fixed
 * size. */
#ifndef HIST_H
#define HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 5
#define HIST_BUCKETS  (64 << HIST_SUB_BITS)

struct hist {
	uint64_t n;
	uint64_t max;
	uint32_t bucket[HIST_BUCKETS];
};

/** hist_add() - count one sample; any unit. */
void hist_add(struct hist *hist, uint64_t value);

/**
 * hist_percentile() - the value that @percent of the samples do not exceed
 *
 * Return: the upper end of the bucket in which it lies, at most the largest sample; 0 if there are
 * none.
 */
uint64_t hist_percentile(const struct hist *hist, double percent);

#endif
