/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many domains may be on their way. */
#include "flow.h"
#include "unit.h"

#define LATE (FLOW_TARGET_US + 1)

TEST(as_long_as_nobody_waits_it_grows_to_the_most)
{
	struct flow flow;

	flow_init(&flow, 4, 64);
	CHECK_EQ(flow.limit, 32);
	for (int i = 0; i < 20; i++)
		flow_done(&flow, 1000);
	CHECK_EQ(flow_tick(&flow, 1000, 1000, 1), FLOW_WELL);
	CHECK_EQ(flow.limit, 52);
	for (int i = 0; i < 20; i++)
		flow_done(&flow, 1000);
	CHECK_EQ(flow_tick(&flow, 1000, 1000, 2), FLOW_WELL);
	CHECK_EQ(flow.limit, 64);
	CHECK_EQ(flow_tick(&flow, 0, 0, 3), FLOW_WELL);
	CHECK_EQ(flow.limit, 64);
}

TEST(what_waits_for_a_daemon_halves_it_down_to_what_the_workers_need)
{
	struct flow flow;
	uint64_t now_us = 1;

	flow_init(&flow, 6, 64);
	CHECK_EQ(flow_tick(&flow, LATE, 0, now_us), FLOW_STORE);
	CHECK_EQ(flow.limit, 16);
	/* Those that are on their way now cannot be helped. */
	CHECK_EQ(flow_tick(&flow, LATE, 0, now_us + FLOW_TARGET_US / 2), FLOW_WELL);
	CHECK_EQ(flow.limit, 16);
	now_us += FLOW_TARGET_US;
	CHECK_EQ(flow_tick(&flow, 0, LATE, now_us), FLOW_CONSOLE);
	CHECK_EQ(flow.limit, 8);
	now_us += FLOW_TARGET_US;
	CHECK_EQ(flow_tick(&flow, 0, LATE, now_us), FLOW_CONSOLE);
	CHECK_EQ(flow.limit, 6);
	now_us += FLOW_TARGET_US;
	CHECK_EQ(flow_tick(&flow, 0, LATE, now_us), FLOW_WELL);
	CHECK_EQ(flow.limit, 6);
}

TEST(one_that_has_waited_counts_once)
{
	struct flow flow;

	flow_init(&flow, 2, 64);
	flow_done(&flow, LATE);
	CHECK_EQ(flow_tick(&flow, 0, 0, 1), FLOW_CONSOLE);
	CHECK_EQ(flow.limit, 16);
	flow_done(&flow, 10);
	CHECK_EQ(flow_tick(&flow, 0, 0, FLOW_TARGET_US * 3), FLOW_WELL);
	CHECK_EQ(flow.limit, 17);
}

TEST(between_well_and_late_it_stays)
{
	struct flow flow;

	flow_init(&flow, 2, 64);
	flow_done(&flow, FLOW_TARGET_US * 3 / 4);
	CHECK_EQ(flow_tick(&flow, 0, 0, 1), FLOW_WELL);
	CHECK_EQ(flow.limit, 32);
}

TEST(the_most_is_never_passed)
{
	struct flow flow;

	flow_init(&flow, 9, 4);
	CHECK_EQ(flow.limit, 4);
	flow_done(&flow, 0);
	CHECK_EQ(flow_tick(&flow, 0, 0, 1), FLOW_WELL);
	CHECK_EQ(flow.limit, 4);
	flow_init(&flow, 1, 1);
	CHECK_EQ(flow.limit, 1);
	CHECK_EQ(flow_tick(&flow, LATE, LATE, 1), FLOW_WELL);
	CHECK_EQ(flow.limit, 1);
}
