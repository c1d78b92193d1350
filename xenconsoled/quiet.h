/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a guest print little or much? What it has printed counts half after each QUIET_WINDOW_MS, so
 * one that floods is not taken for a quiet one again at the begin of each window.
 */
#ifndef QUIET_H
#define QUIET_H

#include <stdbool.h>
#include <stdint.h>

#define QUIET_WINDOW_MS 10
/* One that has printed less lately is quiet. */
#define QUIET_BYTES 4096

struct quiet {
	uint64_t window; /* number of the last one in which it was looked at */
	uint32_t bytes;
};

/** quiet_note() - it has printed @bytes */
void quiet_note(struct quiet *quiet, uint64_t now_ms, uint32_t bytes);
/** quiet_is() - is it a quiet one? */
bool quiet_is(struct quiet *quiet, uint64_t now_ms);

#endif
