/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include "fakeworld.h"
#include "unit.h"

static struct fakeworld *new_world(void)
{
	struct fakeworld *world = calloc(1, sizeof(*world));

	CHECK(world);
	world->domains[0].there = true;
	fakeworld_connect(world, 0, 2, 3, 1);
	fakeworld_connect(world, 0, 3, 3, 2);
	return world;
}

static struct finding_list find(struct fakeworld *world, struct census *census)
{
	const struct scan_source source = fakeworld_source(world);
	struct finding_list list = { 0 };

	CHECK_EQ(audit_find(&list, census, &source, NULL, 0, 1000), 0);
	return list;
}

TEST(a_host_without_leaks_has_no_findings)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	CHECK_EQ(fakeworld_host(&host, world), 0);
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(ports_towards_a_dead_domain_make_one_finding)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_set(world, 0, 7, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	fakeworld_set(world, 0, 8, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	fakeworld_set(world, 0, 9, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 7 });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	list = find(world, &host);
	CHECK_EQ(list.n, 2);
	CHECK_EQ(finding_n(&list), 2);
	CHECK_EQ(list.findings[0].kind, FINDING_DEAD_PEER);
	CHECK_EQ(list.findings[0].peer, 6);
	CHECK_EQ(list.findings[0].port, 7);
	CHECK_EQ(list.findings[0].n, 2);
	CHECK_STR_EQ(list.findings[0].text, "2 ports towards domain 6, which does not exist");
	CHECK_STR_EQ(list.findings[1].text, "1 port towards domain 7, which does not exist");
	finding_deinit(&list);
	census_deinit(&host);
}

TEST(a_table_full_of_leaks_is_read_twice_not_asked_about_port_by_port)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;
	unsigned int n_first;

	for (uint32_t port = 4; port < 4000; port++)
		fakeworld_set(world, 0, port,
			      (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	n_first = world->n_asked;
	list = find(world, &host);
	CHECK_EQ(list.n, 1);
	CHECK_EQ(list.findings[0].n, 3996);
	CHECK(world->n_asked - n_first < 4000 + 600);
	finding_deinit(&list);
	census_deinit(&host);
}

TEST(a_domain_born_after_the_listing_is_no_dead_peer)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_set(world, 0, 7, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	world->domains[6].there = true;
	world->domains[6].n_valid = SCAN_BUCKET;
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(a_port_that_was_closed_since_is_no_finding)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_set(world, 0, 7, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	world->domains[0].ports[7].kind = SCAN_CLOSED;
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(an_end_whose_other_end_is_elsewhere_is_found)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_set(world, 3, 1, (struct scan_port){ .kind = SCAN_CLOSED });
	fakeworld_set(world, 0, 4,
		      (struct scan_port){ .kind = SCAN_INTERDOMAIN, .peer = 3, .peer_port = 2 });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	list = find(world, &host);
	CHECK_EQ(list.n, 1);
	CHECK_EQ(list.findings[0].kind, FINDING_ONE_END);
	CHECK_EQ(list.findings[0].n, 2);
	CHECK_EQ(list.findings[0].port, 2);
	finding_deinit(&list);
	census_deinit(&host);
}

TEST(a_connection_made_between_two_tables_is_no_finding)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	CHECK_EQ(fakeworld_host(&host, world), 0);
	/* As if domain 3 had been read before, when its port was not there yet. */
	census_find(&host, 3)->scan.ports[0].port = 40;
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(an_end_that_is_the_hypervisors_own_is_no_finding)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_set(world, 3, 1, (struct scan_port){ .kind = SCAN_OWNED });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(a_link_to_oneself_is_checked_like_any_other)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_connect(world, 0, 10, 0, 11);
	CHECK_EQ(fakeworld_host(&host, world), 0);
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(dying_domains_are_left_alone)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	fakeworld_set(world, 3, 1, (struct scan_port){ .kind = SCAN_CLOSED });
	fakeworld_set(world, 0, 2, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	CHECK_EQ(fakeworld_host(&host, world), 0);
	census_find(&host, 3)->dying = true;
	list = find(world, &host);
	CHECK_EQ(list.n, 0);
	census_deinit(&host);
}

TEST(waiting_is_a_notice_until_it_has_lasted)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	CLEANUP(leak_ages_free) struct leak_ages *ages = NULL;
	const struct scan_source source = fakeworld_source(world);
	struct census host = { 0 };
	struct finding_list list = { 0 };

	fakeworld_set(world, 0, 5, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	CHECK_EQ(leak_ages_new(&ages), 0);
	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(leak_ages_update(ages, &host, 5000), 0);
	CHECK_EQ(leak_find(&list, &host, &source, ages, 5000, 10000), 0);
	CHECK_EQ(list.n, 1);
	CHECK_EQ(list.findings[0].kind, FINDING_WAITING);
	CHECK_EQ(finding_n(&list), 0);
	finding_deinit(&list);

	CHECK_EQ(leak_ages_update(ages, &host, 14999), 0);
	CHECK_EQ(leak_find(&list, &host, &source, ages, 14999, 10000), 0);
	CHECK_EQ(list.findings[0].kind, FINDING_WAITING);
	finding_deinit(&list);

	CHECK_EQ(leak_ages_update(ages, &host, 15000), 0);
	CHECK_EQ(leak_find(&list, &host, &source, ages, 15000, 10000), 0);
	CHECK_EQ(list.findings[0].kind, FINDING_FORGOTTEN);
	CHECK_EQ(finding_n(&list), 1);
	CHECK_STR_EQ(list.findings[0].text, "1 port waiting for domain 3 for 10 s");
	finding_deinit(&list);
	census_deinit(&host);
}

TEST(a_port_that_waits_for_another_domain_begins_anew)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	CLEANUP(leak_ages_free) struct leak_ages *ages = NULL;
	const struct scan_source source = fakeworld_source(world);
	struct census host = { 0 };
	struct finding_list list = { 0 };

	fakeworld_connect(world, 0, 20, 4, 1);
	fakeworld_set(world, 0, 5, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	CHECK_EQ(leak_ages_new(&ages), 0);
	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(leak_ages_update(ages, &host, 0), 0);
	world->domains[0].ports[5].peer = 4;
	CHECK_EQ(fakeworld_host(&host, world), 0);
	CHECK_EQ(leak_ages_update(ages, &host, 20000), 0);
	CHECK_EQ(leak_find(&list, &host, &source, ages, 20000, 10000), 0);
	CHECK_EQ(list.findings[0].kind, FINDING_WAITING);
	finding_deinit(&list);
	census_deinit(&host);
}

TEST(a_full_table_is_found)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	CHECK_EQ(fakeworld_host(&host, world), 0);
	census_find(&host, 3)->cap = (struct cap){ .max_port = 2, .source = CAP_SOURCE_RECORD };
	list = find(world, &host);
	CHECK_EQ(list.n, 1);
	CHECK_EQ(list.findings[0].kind, FINDING_FULL);
	CHECK_STR_EQ(list.findings[0].text, "no port left: all 2 are in use");
	finding_deinit(&list);
	census_deinit(&host);
}

TEST(a_table_that_cannot_be_read_is_a_finding)
{
	CLEANUP(free) struct fakeworld *world = new_world();
	struct census host = { 0 };
	struct finding_list list;

	world->domains[3].error = -EPERM;
	CHECK_EQ(fakeworld_host(&host, world), -EPERM);
	list = find(world, &host);
	CHECK_EQ(list.n, 1);
	CHECK_EQ(list.findings[0].kind, FINDING_SCAN);
	CHECK_EQ(list.findings[0].domid, 3);
	finding_deinit(&list);
	census_deinit(&host);
}
