/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bucket holds what flows in during BURST_MS. */
#include "throttle.h"

#define BURST_MS 100

bool throttle_charge(struct throttle *throttle, uint64_t rate_bytes_per_s, uint64_t now_ms,
		     uint32_t bytes)
{
	uint64_t elapsed_ms;

	if (!rate_bytes_per_s)
		return true;
	elapsed_ms = throttle->filled_ms ? now_ms - throttle->filled_ms : BURST_MS;
	if (elapsed_ms > BURST_MS)
		elapsed_ms = BURST_MS;
	throttle->filled_ms = now_ms;
	throttle->tokens_bytes += (int64_t)(rate_bytes_per_s * elapsed_ms / 1000);
	if (throttle->tokens_bytes > (int64_t)(rate_bytes_per_s * BURST_MS / 1000))
		throttle->tokens_bytes = (int64_t)(rate_bytes_per_s * BURST_MS / 1000);
	throttle->tokens_bytes -= bytes;
	return throttle->tokens_bytes > 0;
}
