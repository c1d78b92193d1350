/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/refill.h"

#include "unit.h"

#define SECOND UINT64_C(1000000)

static const struct refill_policy policy = {
	.size = 4,
	.max_in_flight = 2,
	.quiet_us = SECOND,
	.interval_us = SECOND / 10,
	.headroom_kib = 1000,
	.shell_kib = 100,
};
static const struct refill_state idle = { .now_us = 100 * SECOND, .free_kib = 10000 };

static enum refill_why why_of(struct refill_state state, uint64_t *wait_us)
{
	return refill_next(&policy, &state, wait_us);
}

#define WITH(...)                                  \
	__extension__({                            \
		struct refill_state state_ = idle; \
		struct refill_state *s = &state_;  \
		__VA_ARGS__;                       \
		state_;                            \
	})

TEST(a_pool_fills_to_its_size_and_no_further)
{
	uint64_t us;

	CHECK_EQ(why_of(idle, &us), REFILL_NOW);
	CHECK_EQ(why_of(WITH(s->n_ready = 3), &us), REFILL_NOW);
	CHECK_EQ(why_of(WITH(s->n_ready = 3, s->n_building = 1), &us), REFILL_FULL);
	CHECK_EQ(why_of(WITH(s->n_ready = 4), &us), REFILL_FULL);
	CHECK_EQ(why_of(WITH(s->n_building = 2), &us), REFILL_BUSY);
	CHECK_EQ(us, 0);
}

TEST(the_rate_is_bounded)
{
	uint64_t us;

	CHECK_EQ(why_of(WITH(s->last_begin_us = s->now_us - SECOND / 20), &us), REFILL_RATE);
	CHECK_EQ(us, SECOND / 20);
	CHECK_EQ(why_of(WITH(s->last_begin_us = s->now_us - SECOND / 10), &us), REFILL_NOW);
}

TEST(quiet_is_waited_for_and_less_of_it_when_few_are_ready)
{
	uint64_t us;

	CHECK_EQ(why_of(WITH(s->n_ready = 2, s->last_take_us = s->now_us - SECOND / 4), &us),
		 REFILL_QUIET);
	CHECK_EQ(us, SECOND * 3 / 4);
	CHECK_EQ(why_of(WITH(s->n_ready = 1, s->last_take_us = s->now_us - SECOND / 8), &us),
		 REFILL_QUIET);
	CHECK_EQ(us, SECOND / 8);
	CHECK_EQ(why_of(WITH(s->n_ready = 1, s->last_take_us = s->now_us - SECOND / 4), &us),
		 REFILL_NOW);
}

TEST(nothing_is_begun_ahead_while_one_is_given_away)
{
	uint64_t us;

	CHECK_EQ(why_of(WITH(s->n_taken = 1, s->last_take_us = s->now_us - SECOND), &us),
		 REFILL_QUIET);
	CHECK(us > 0);
	CHECK_EQ(why_of(WITH(s->n_taken = 1, s->n_waiting = 1), &us), REFILL_NOW);
}

TEST(a_batch_goes_first_but_not_before_a_taker_who_waits)
{
	uint64_t us;

	CHECK_EQ(why_of(WITH(s->batch_is_running = true), &us), REFILL_BATCH);
	CHECK(us > 0);
	CHECK_EQ(why_of(WITH(s->batch_is_running = true, s->n_waiting = 1), &us), REFILL_NOW);
	/* One is being built for it: the others are for the pool. */
	CHECK_EQ(why_of(WITH(s->batch_is_running = true, s->n_waiting = 1, s->n_building = 1), &us),
		 REFILL_BATCH);
}

TEST(a_taker_who_waits_is_served_without_delay)
{
	uint64_t us;

	CHECK_EQ(why_of(WITH(s->n_waiting = 1, s->last_begin_us = s->now_us,
			     s->last_take_us = s->now_us),
			&us),
		 REFILL_NOW);
	CHECK_EQ(why_of(WITH(s->n_waiting = 9, s->n_ready = 4, s->n_building = 1), &us),
		 REFILL_NOW);
	CHECK_EQ(why_of(WITH(s->n_waiting = 9, s->n_building = 2), &us), REFILL_BUSY);
}

TEST(memory_of_the_host_is_left_alone)
{
	uint64_t us;

	CHECK_EQ(why_of(WITH(s->free_kib = 1100), &us), REFILL_NOW);
	CHECK_EQ(why_of(WITH(s->free_kib = 1099), &us), REFILL_MEMORY);
	CHECK(us > 0);
	CHECK_EQ(why_of(WITH(s->free_kib = 1099, s->n_waiting = 1), &us), REFILL_MEMORY);
}

TEST(failures_are_tried_again_ever_more_slowly)
{
	uint64_t first, third, many;

	CHECK_EQ(why_of(WITH(s->n_failures = 1, s->last_failure_us = s->now_us), &first),
		 REFILL_FAILED);
	CHECK_EQ(why_of(WITH(s->n_failures = 3, s->last_failure_us = s->now_us), &third),
		 REFILL_FAILED);
	CHECK_EQ(third, 4 * first);
	CHECK_EQ(why_of(WITH(s->n_failures = 1000, s->last_failure_us = s->now_us), &many),
		 REFILL_FAILED);
	CHECK_EQ(many, 60 * SECOND);
	CHECK_EQ(why_of(WITH(s->n_failures = 1, s->last_failure_us = s->now_us - first), &first),
		 REFILL_NOW);
}
