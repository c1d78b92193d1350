/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rate limit against a clock of our own. */
#include "throttle.h"

#include "unit.h"

/* Prints @piece bytes whenever allowed for @total_ms; returns how many. */
static uint64_t flood(struct throttle *throttle, uint64_t rate, uint32_t piece, uint64_t from_ms,
		      uint64_t total_ms)
{
	uint64_t now_ms = from_ms, printed = 0;

	while (now_ms < from_ms + total_ms) {
		bool go_on;

		printed += piece;
		for (go_on = throttle_charge(throttle, rate, now_ms, piece); !go_on;
		     go_on = throttle_charge(throttle, rate, now_ms, 0))
			now_ms += THROTTLE_PAUSE_MS;
	}
	return printed;
}

TEST(without_a_limit_nothing_is_held_back)
{
	struct throttle throttle = { 0 };

	for (int i = 0; i < 100000; i++)
		CHECK(throttle_charge(&throttle, 0, 1, UINT32_MAX));
}

TEST(a_flood_gets_its_rate_and_no_more)
{
	static const uint64_t rates[] = { 10000, 300000, 8u << 20, 1u << 30 };
	static const uint32_t pieces[] = { 100, 2048, 4096 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
			struct throttle throttle = { 0 };
			uint64_t printed = flood(&throttle, rates[i], pieces[j], 5000, 10000);
			/* The first burst and the last piece come on top. */
			uint64_t most = rates[i] * 10 + rates[i] / 10 + 2 * pieces[j];

			CHECK(printed <= most);
			CHECK(printed >= rates[i] * 10 * 98 / 100);
		}
}

TEST(a_burst_after_a_long_rest_is_short)
{
	struct throttle throttle = { 0 };

	flood(&throttle, 1000000, 2048, 1000, 1000);
	CHECK(flood(&throttle, 1000000, 2048, 1000000000, 1) <= 100000 + 2 * 2048);
}

TEST(slow_output_is_never_held_back)
{
	struct throttle throttle = { 0 };

	for (uint64_t now_ms = 1; now_ms < 100000; now_ms += 10)
		CHECK(throttle_charge(&throttle, 10000, now_ms, 90));
}
