/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is called busy, for how long, and who has to wait. */
#include "model/fair.h"
#include "unit.h"

#define MS	     1000000ull
#define QUIET_NS     (1ull << FAIR_QUIET_BITS)
#define HALF_LIFE_NS (1ull << FAIR_LIFE_BITS)
#define STEP_NS	     (1ull << FAIR_STEP_BITS)
#define AT	     (1000 * HALF_LIFE_NS)
#define AT_STEP	     (uint32_t)(AT >> FAIR_STEP_BITS)

TEST(a_client_that_asks_now_and_then_stays_in_the_lowest_class)
{
	struct fair fair = { 0 };

	for (uint64_t i = 0; i < 1000; i++) {
		CHECK_EQ(fair_class(&fair, AT + i * 50 * MS), 0);
		fair_charge(&fair, 20000);
	}
}

TEST(each_factor_of_two_is_four_classes_and_there_is_an_end)
{
	unsigned int class = 1;

	for (uint64_t octave = QUIET_NS; class < FAIR_N_CLASSES; octave *= 2)
		for (uint64_t quarter = 4; quarter < 8 && class < FAIR_N_CLASSES; quarter++) {
			uint32_t used = (uint32_t)(octave * quarter / 4);
			struct fair below = { .used_ns = used - 1, .since_step = AT_STEP };
			struct fair at = { .used_ns = used, .since_step = AT_STEP };

			CHECK_EQ(fair_class(&below, AT), class - 1);
			CHECK_EQ(fair_class(&at, AT), class);
			class ++;
		}
	CHECK_EQ(fair_class(&(struct fair){ .used_ns = UINT32_MAX, .since_step = AT_STEP }, AT),
		 FAIR_N_CLASSES - 1);
}

TEST(half_of_it_is_forgotten_with_each_half_life)
{
	struct fair fair = { .used_ns = 64 * QUIET_NS, .since_step = AT_STEP };

	CHECK_EQ(fair_class(&fair, AT + HALF_LIFE_NS), 21);
	CHECK_EQ(fair.used_ns, 32 * QUIET_NS);
	CHECK_EQ(fair_class(&fair, AT + 7 * HALF_LIFE_NS + 5), 0);
	CHECK_EQ(fair.used_ns, QUIET_NS / 2);
	/* The odd bit of time is not lost. */
	CHECK_EQ(fair.since_step, (AT + 7 * HALF_LIFE_NS) >> FAIR_STEP_BITS);
	CHECK_EQ(fair_class(&fair, AT + 900 * HALF_LIFE_NS), 0);
	CHECK_EQ(fair.used_ns, 0);
}

TEST(within_a_half_life_it_is_forgotten_in_steps)
{
	struct fair fair = { .used_ns = 64 * QUIET_NS, .since_step = AT_STEP };

	fair_class(&fair, AT + STEP_NS - 1);
	CHECK_EQ(fair.used_ns, 64 * QUIET_NS);
	fair_class(&fair, AT + HALF_LIFE_NS / 2);
	CHECK_EQ(fair.used_ns, 48 * QUIET_NS);
	/* Looked at often, it goes down as an exponential does: never below what is due. */
	fair = (struct fair){ .used_ns = 64 * QUIET_NS, .since_step = AT_STEP };
	for (uint64_t at = AT; at <= AT + HALF_LIFE_NS; at += STEP_NS / 2)
		fair_class(&fair, at);
	CHECK(fair.used_ns > 32 * QUIET_NS && fair.used_ns < 40 * QUIET_NS);
}

/* 500 requests a second of 10 µs each beside a hundred guests that share what is left. */
TEST(who_asks_often_is_told_from_a_hundred_who_ask_without_end)
{
	struct fair quiet = { .since_step = AT_STEP }, flood = { .since_step = AT_STEP };
	unsigned int of_quiet = 0, of_flood = 0;

	for (uint64_t at = AT; at < AT + 10 * HALF_LIFE_NS; at += 2 * MS) {
		fair_charge(&quiet, 10000);
		fair_charge(&flood, 2 * MS / 101);
		of_quiet = fair_class(&quiet, at);
		of_flood = fair_class(&flood, at);
	}
	CHECK(of_quiet + 2 <= of_flood);
}

TEST(who_has_used_more_than_its_share_waits_until_that_is_paid)
{
	struct fair_debt debt = { .since_us = 5000 };
	uint32_t share_us = 100000; /* a tenth; 1 ms may be used at once */

	debt.owed_ns += 3 * MS;
	CHECK_EQ(fair_wait_us(&debt, share_us, 5000), 20001);
	CHECK_EQ(fair_wait_us(&debt, share_us, 15000), 10001);
	CHECK_EQ(fair_wait_us(&debt, share_us, 25000), 0);
}
