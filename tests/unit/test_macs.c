/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "macs.h"

#include <errno.h>
#include <stdlib.h>

#include "guestcfg.h"
#include "log.h"
#include "plan.h"
#include "unit.h"

#define N 2000

struct world {
	struct device vifs[2];
	struct guestcfg config;
	struct plan_domain *domains;
	struct plan plan;
	uint8_t (*macs)[6];
	struct log *log;
};

static void build(struct world *world)
{
	*world = (struct world){ .vifs = { { .devid = 0 }, { .devid = 1 } } };
	world->config.devices = (struct device_list){ world->vifs, 2, 2 };
	world->domains = calloc(N, sizeof(world->domains[0]));
	world->macs = calloc((size_t)N * 2, sizeof(world->macs[0]));
	for (size_t i = 0; i < N; i++) {
		world->domains[i].config = &world->config;
		world->domains[i].macs = world->macs + i * 2;
		memcpy(world->domains[i].uuid, &i, sizeof(i));
	}
	world->plan = (struct plan){ world->domains, N };
	CHECK_EQ(log_new(&world->log, "test", LOG_LEVEL_ERROR, 0), 0);
}

static void end(struct world *world)
{
	free(world->domains);
	free(world->macs);
	log_free(world->log);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 6);
}

TEST(no_address_is_given_twice_and_all_are_xens)
{
	struct world world;
	uint8_t(*sorted)[6] = calloc((size_t)N * 2, sizeof(*sorted));

	build(&world);
	CHECK_EQ(macs_assign(&world.plan, NULL, 0, world.log), 0);
	memcpy(sorted, world.macs, (size_t)N * 2 * 6);
	qsort(sorted, (size_t)N * 2, 6, compare);
	for (size_t i = 0; i < (size_t)N * 2; i++) {
		CHECK(sorted[i][0] == 0 && sorted[i][1] == 0x16 && sorted[i][2] == 0x3e);
		CHECK(sorted[i][3] < 0x80);
		CHECK(!i || compare(sorted[i - 1], sorted[i]));
	}
	free(sorted);
	end(&world);
}

TEST(a_batch_that_is_resumed_gives_the_same_ones)
{
	struct world first, second;

	build(&first);
	build(&second);
	CHECK_EQ(macs_assign(&first.plan, NULL, 0, first.log), 0);
	second.plan.domains += 10;
	second.plan.n_domains -= 10;
	CHECK_EQ(macs_assign(&second.plan, NULL, 0, second.log), 0);
	CHECK(!memcmp(first.macs[20], second.macs[20], 6 * 100));
	end(&first);
	end(&second);
}

TEST(what_the_host_has_is_avoided)
{
	struct world first, second;
	uint64_t taken[3];

	build(&first);
	build(&second);
	CHECK_EQ(macs_assign(&first.plan, NULL, 0, first.log), 0);
	for (size_t i = 0; i < 3; i++)
		taken[i] = macs_number(first.macs[i]);
	CHECK_EQ(macs_assign(&second.plan, taken, 3, second.log), 0);
	for (size_t i = 0; i < (size_t)N * 2; i++)
		for (size_t j = 0; j < 3; j++)
			CHECK_NE(macs_number(second.macs[i]), taken[j]);
	CHECK(!memcmp(first.macs[4], second.macs[4], 6));
	end(&first);
	end(&second);
}

TEST(one_that_the_config_gives_is_taken_as_it_is_or_refused)
{
	struct world world;
	uint64_t taken = 0x00163e000001;

	build(&world);
	world.vifs[1].has_mac = true;
	memcpy(world.vifs[1].mac, "\x00\x16\x3e\x00\x00\x01", 6);
	CHECK_EQ(macs_assign(&world.plan, NULL, 0, world.log), -EEXIST);
	world.plan.n_domains = 1;
	CHECK_EQ(macs_assign(&world.plan, NULL, 0, world.log), 0);
	CHECK_EQ(macs_number(world.macs[1]), taken);
	CHECK_EQ(macs_assign(&world.plan, &taken, 1, world.log), -EEXIST);
	end(&world);
}
