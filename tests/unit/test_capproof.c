/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capproof.h"

#include <errno.h>
#include <stdbool.h>

#include "unit.h"

/* A domain whose ports are given out lowest first up to its limit. */
struct fake {
	uint32_t limit;
	uint32_t n_taken;
	uint32_t at_once; /* ports taken per question; 0: all */
	int refusal;
	int back_refusal;
	bool given_back;
};

static int take(void *ctx, uint32_t domid, uint32_t n, int64_t *ports)
{
	struct fake *fake = ctx;

	CHECK_EQ(domid, 7);
	CHECK(n >= 1 && n <= CAPPROOF_BATCH);
	if (fake->at_once && fake->at_once < n)
		n = fake->at_once;
	for (uint32_t i = 0; i < n; i++)
		ports[i] = fake->n_taken < fake->limit ? (int64_t)++fake->n_taken : fake->refusal;
	return n;
}

static int give_back(void *ctx, uint32_t domid)
{
	struct fake *fake = ctx;

	CHECK_EQ(domid, 7);
	fake->given_back = true;
	return fake->back_refusal;
}

static int run(struct fake *fake, uint32_t cap, uint32_t *highest)
{
	const struct capproof_taker taker = { .take = take, .give_back = give_back, .ctx = fake };
	int r;

	if (!fake->refusal)
		fake->refusal = -ENOSPC;
	r = capproof_run(&taker, 7, cap, highest);
	CHECK(fake->given_back);
	return r;
}

TEST(a_cap_that_is_kept_is_proven_however_ports_are_taken)
{
	for (uint32_t cap = 1; cap < 600; cap++) {
		for (uint32_t at_once = 0; at_once < 3; at_once++) {
			struct fake fake = { .limit = cap, .at_once = at_once };
			uint32_t highest;

			CHECK_EQ(run(&fake, cap, &highest), 0);
			CHECK_EQ(highest, cap);
		}
	}
}

TEST(a_smaller_and_a_larger_cap_are_told)
{
	struct fake small = { .limit = 62 }, large = { .limit = 64 }, none = { .limit = 0 };
	uint32_t highest;

	CHECK_EQ(run(&small, 63, &highest), -EPROTO);
	CHECK_EQ(highest, 62);
	CHECK_EQ(run(&large, 63, &highest), -EPROTO);
	CHECK_EQ(highest, 64);
	CHECK_EQ(run(&none, 63, &highest), -EPROTO);
	CHECK_EQ(highest, 0);
}

TEST(above_the_first_interfaces_limit_only_that_is_proven)
{
	struct fake fake = { .limit = 4095 }, another = { .limit = 4095 };
	uint32_t highest;

	CHECK_EQ(run(&fake, 8191, &highest), 0);
	CHECK_EQ(run(&another, INT32_MAX, &highest), 0);
	CHECK_EQ(highest, 4095);
}

TEST(another_refusal_is_passed_on_and_ports_are_given_back_all_the_same)
{
	struct fake dying = { .limit = 5, .refusal = -EINVAL },
		    stuck = { .limit = 63, .back_refusal = -EBUSY };
	uint32_t highest;

	CHECK_EQ(run(&dying, 63, &highest), -EINVAL);
	CHECK_EQ(run(&stuck, 63, &highest), -EBUSY);
}
