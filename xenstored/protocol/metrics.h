/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon and each of its clients do and hold, as figures; in a file, for monitoring. */
#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "model/stats.h"
#include "protocol/protocol.h"

#define METRICS_N_COUNTERS 12

/* What is counted for each domain, and for all programs together. */
extern const struct metrics_name {
	const char *name;
	const char *help;
	size_t offset; /* in struct stats */
} metrics_counters[METRICS_N_COUNTERS];

static inline uint64_t metrics_counter(const struct stats *stats, size_t i)
{
	return *(const uint64_t *)((const char *)stats + metrics_counters[i].offset);
}

/** metrics_programs() - those that are connected now */
struct protocol_programs metrics_programs(const struct protocol *protocol);

/**
 * metrics_write() - all of it into a file, which is replaced as a whole
 *
 * Return: 0, -EBADF (it cannot be made), or -EIO.
 * Source: the OpenMetrics specification, text format 1.0.
 */
int metrics_write(const struct protocol *protocol, const char *name);

#endif
