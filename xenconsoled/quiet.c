/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time is cut into windows with numbers: nothing has to be done when one ends. */
#include "quiet.h"

static void age(struct quiet *quiet, uint64_t now_ms)
{
	uint64_t window = now_ms / QUIET_WINDOW_MS;
	uint64_t n = window > quiet->window ? window - quiet->window : 0;

	quiet->bytes = n < 32 ? quiet->bytes >> n : 0;
	quiet->window = window;
}

void quiet_note(struct quiet *quiet, uint64_t now_ms, uint32_t bytes)
{
	age(quiet, now_ms);
	quiet->bytes = bytes < UINT32_MAX - quiet->bytes ? quiet->bytes + bytes : UINT32_MAX;
}

bool quiet_is(struct quiet *quiet, uint64_t now_ms)
{
	age(quiet, now_ms);
	return quiet->bytes < QUIET_BYTES;
}
