/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of a daemon one guest may use: a token bucket in bytes, where each event costs something
 * too. A guest that has used up its share is left alone for a fixed time, so that all who wait are
 * due in the order in which they began to wait.
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

/* How long a guest that has used up its share is left alone. */
#define THROTTLE_PAUSE_MS 10

/* What taking one event costs, so that one byte at a time is no way around the limit. */
#define THROTTLE_EVENT_BYTES 64

struct throttle {
	int64_t tokens_bytes; /* may go below zero: a debt that is paid before the next turn */
	uint64_t filled_ms;   /* when tokens were last added; 0: never */
};

/**
 * throttle_charge() - book @bytes of work
 * @rate_bytes_per_s: the guest's share; 0: no limit
 * @bytes:            0 after a pause, to ask whether the debt is paid
 *
 * Return: true if the guest may go on, false if it must be left alone for THROTTLE_PAUSE_MS.
 */
bool throttle_charge(struct throttle *throttle, uint64_t rate_bytes_per_s, uint64_t now_ms,
		     uint32_t bytes);

#endif
