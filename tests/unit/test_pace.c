/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When requests leave for the store. */
#include "pace.h"
#include "unit.h"

#define TREE 3300 /* bytes of one domain's */

TEST(requests_wait_while_domains_are_built)
{
	struct pace pace = { 0 };

	CHECK(pace_hold(&pace, TREE, true, 1000));
	CHECK(!pace_hold(&pace, TREE, false, 2000));
}

TEST(nothing_waits_when_there_is_nothing)
{
	struct pace pace = { 0 };

	CHECK(!pace_hold(&pace, 0, true, 1000));
}

TEST(enough_of_them_do_not_wait)
{
	struct pace pace = { 0 };

	CHECK(pace_hold(&pace, PACE_BYTES - 1, true, 1000));
	CHECK(!pace_hold(&pace, PACE_BYTES, true, 1000));
}

TEST(none_waits_too_long)
{
	struct pace pace = { 0 };

	CHECK(pace_hold(&pace, TREE, true, 1000));
	CHECK(pace_hold(&pace, TREE, true, 1000 + PACE_US - 1));
	CHECK(!pace_hold(&pace, TREE, true, 1000 + PACE_US));
}

/* Every 20 ms a domain is built, so no turn ends without requests. */
TEST(those_of_many_domains_leave_together_for_ever)
{
	struct pace pace = { 0 };
	unsigned int n_left = 0;
	size_t n_unsent = 0;

	for (uint64_t turn = 1; turn <= 1000; turn++) {
		n_unsent += TREE;
		if (pace_hold(&pace, n_unsent, true, turn * 20000))
			continue;
		n_left++;
		n_unsent = 0;
	}
	CHECK(n_left >= 1000 / 14 && n_left <= 1000 / 12);
}
