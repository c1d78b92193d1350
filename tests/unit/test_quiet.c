/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who prints little and who prints much. */
#include "quiet.h"

#include "unit.h"

TEST(who_has_printed_nothing_is_quiet)
{
	struct quiet quiet = { 0 };

	CHECK(quiet_is(&quiet, 0));
	CHECK(quiet_is(&quiet, UINT64_MAX));
}

TEST(a_line_now_and_then_is_quiet)
{
	struct quiet quiet = { 0 };

	for (uint64_t now_ms = 1000; now_ms < 3000; now_ms += 5) {
		CHECK(quiet_is(&quiet, now_ms));
		quiet_note(&quiet, now_ms, 800);
	}
}

TEST(a_flood_stays_one_when_a_window_ends)
{
	struct quiet quiet = { 0 };

	for (uint64_t now_ms = 1000; now_ms < 3000; now_ms++) {
		quiet_note(&quiet, now_ms, 8192);
		CHECK(!quiet_is(&quiet, now_ms));
		CHECK(!quiet_is(&quiet, now_ms + 1));
	}
	/* Held back by its rate limit for a moment: still. */
	CHECK(!quiet_is(&quiet, 3000 + 3 * QUIET_WINDOW_MS));
}

TEST(it_is_forgiven_in_time)
{
	struct quiet quiet = { 0 };

	quiet_note(&quiet, 1000, 1 << 20);
	CHECK(!quiet_is(&quiet, 1000 + 8 * QUIET_WINDOW_MS));
	CHECK(quiet_is(&quiet, 1000 + 9 * QUIET_WINDOW_MS));
}

TEST(numbers_do_not_overflow)
{
	struct quiet quiet = { 0 };

	for (int i = 0; i < 5; i++)
		quiet_note(&quiet, 1000, UINT32_MAX - 1);
	CHECK(!quiet_is(&quiet, 1000));
	CHECK(quiet_is(&quiet, 1000 + 40 * QUIET_WINDOW_MS));
	/* A clock that stands or goes back ages nothing. */
	quiet_note(&quiet, 5000, 5000);
	CHECK(!quiet_is(&quiet, 4000));
}
