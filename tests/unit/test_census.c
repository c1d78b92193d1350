/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "census.h"

#include "fakeworld.h"
#include "unit.h"

static struct fakeworld *new_world(void)
{
	struct fakeworld *world = calloc(1, sizeof(*world));

	CHECK(world);
	world->domains[0].there = true;
	fakeworld_set(world, 0, 1, (struct scan_port){ .kind = SCAN_VIRQ, .irq = 0 });
	fakeworld_connect(world, 0, 2, 3, 1);
	fakeworld_connect(world, 0, 3, 3, 2);
	fakeworld_connect(world, 0, 4, 5, 1);
	fakeworld_set(world, 5, 2, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 0 });
	fakeworld_set(world, 5, 3, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	return world;
}

TEST(all_tables_are_read_and_found)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };

	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(host.n_domains, 3);
	CHECK_EQ(census_find(&host, 0)->tally.n_used, 4);
	CHECK_EQ(census_find(&host, 5)->tally.n_used, 3);
	CHECK(!census_find(&host, 4));
	CHECK(!census_find(&host, 6));
	CHECK_EQ(census_ports_for(census_find(&host, 0), 3), 2);
	CHECK_EQ(census_ports_for(census_find(&host, 0), 4), 0);
	census_deinit(&host);
}

TEST(ports_that_wait_for_a_domain_are_what_it_will_pay)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };

	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(census_find(&host, 0)->n_pending, 1);
	CHECK_EQ(census_find(&host, 3)->n_pending, 1);
	census_find(&host, 5)->dying = true;
	census_link(&host);
	CHECK_EQ(census_find(&host, 0)->n_pending, 0);
	census_deinit(&host);
}

/* Domain 3 goes while it is read. */
static void lose_domain_3(struct fakeworld *world, uint32_t domid, uint32_t port)
{
	if (domid == 3 && port == 2)
		world->domains[3].there = false;
}

TEST(a_domain_that_goes_while_it_is_read_is_dropped)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };

	world->meanwhile = lose_domain_3;
	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(host.n_domains, 2);
	CHECK(!census_find(&host, 3));
	CHECK_EQ(census_find(&host, 5)->tally.n_used, 3);
	census_deinit(&host);
}

TEST(a_table_that_cannot_be_read_does_not_hide_the_others)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };

	world->domains[3].error = -EPERM;
	CHECK_EQ(fakeworld_host(&host, world), -EPERM);
	CHECK_EQ(host.n_domains, 3);
	CHECK_EQ(census_find(&host, 3)->scan.error, -EPERM);
	CHECK_EQ(census_find(&host, 5)->tally.n_used, 3);
	census_deinit(&host);
}

TEST(headroom_is_what_cap_and_interface_leave)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct census_domain *guest;

	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(census_usable(census_find(&host, 0)), 4095);
	guest = census_find(&host, 5);
	CHECK_EQ(census_usable(guest), 4095);
	guest->cap = (struct cap){ .max_port = 4, .source = CAP_SOURCE_RECORD };
	CHECK_EQ(census_usable(guest), 4);
	CHECK_EQ(census_headroom(guest), 1);
	guest->cap.max_port = 2;
	CHECK_EQ(census_headroom(guest), 0);
	census_deinit(&host);
}

TEST(a_large_table_proves_fifo)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };

	fakeworld_set(world, 3, 4100, (struct scan_port){ .kind = SCAN_IPI });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(census_find(&host, 3)->abi.kind, ABI_FIFO);
	CHECK_EQ(census_find(&host, 3)->abi.proof, ABI_PROVEN);
	CHECK_EQ(census_find(&host, 5)->abi.proof, ABI_UNKNOWN);
	census_deinit(&host);
}
