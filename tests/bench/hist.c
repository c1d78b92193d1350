/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-linear buckets: the position of the highest bit, then the next HIST_SUB_BITS bits. */
#include "hist.h"

static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < 1u << HIST_SUB_BITS)
		return (unsigned int)value;
	shift = 63 - HIST_SUB_BITS - (unsigned int)__builtin_clzll(value);
	return ((shift + 1) << HIST_SUB_BITS) + (unsigned int)(value >> shift) -
	       (1u << HIST_SUB_BITS);
}

static uint64_t upper_end(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 1u << HIST_SUB_BITS)
		return bucket;
	shift = (bucket >> HIST_SUB_BITS) - 1;
	return (((uint64_t)(bucket & ((1u << HIST_SUB_BITS) - 1)) + (1u << HIST_SUB_BITS) + 1)
		<< shift) -
	       1;
}

void hist_add(struct hist *hist, uint64_t value)
{
	hist->n++;
	if (value > hist->max)
		hist->max = value;
	hist->bucket[bucket_of(value)]++;
}

uint64_t hist_percentile(const struct hist *hist, double percent)
{
	uint64_t rank = (uint64_t)((double)hist->n * percent / 100.0 + 0.5), seen = 0;

	if (!rank && hist->n)
		rank = 1;
	for (unsigned int i = 0; i < HIST_BUCKETS && rank; i++) {
		seen += hist->bucket[i];
		if (seen >= rank)
			return upper_end(i) < hist->max ? upper_end(i) : hist->max;
	}
	return hist->max;
}
