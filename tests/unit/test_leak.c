/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include "fakeworld.h"
#include "unit.h"

/* A host, what was read of it, and what was found there. */
struct audit {
	struct fakeworld *world;
	struct census host;
	struct finding_list list;
};

static struct audit set_up(void)
{
	struct audit audit = { .world = calloc(1, sizeof(*audit.world)) };

	CHECK(audit.world);
	audit.world->domains[0].there = true;
	fakeworld_connect(audit.world, 0, 2, 3, 1);
	fakeworld_connect(audit.world, 0, 3, 3, 2);
	return audit;
}

static void tear_down(struct audit *audit)
{
	finding_deinit(&audit->list);
	census_deinit(&audit->host);
	free(audit->world);
}

static void read_host(struct audit *audit)
{
	CHECK_EQ(fakeworld_host(&audit->host, audit->world), 0);
}

static void find(struct audit *audit)
{
	const struct scan_source source = fakeworld_source(audit->world);

	CHECK_EQ(audit_find(&audit->list, &audit->host, &source, NULL, 0, 1000), 0);
}

static void look(struct audit *audit)
{
	read_host(audit);
	find(audit);
}

/* Who has waited for how long, at a time in ms; from ten seconds on it is forgotten. */
static void find_waiting(struct audit *audit, struct leak_ages *ages, uint64_t now)
{
	const struct scan_source source = fakeworld_source(audit->world);

	finding_deinit(&audit->list);
	CHECK_EQ(leak_ages_update(ages, &audit->host, now), 0);
	CHECK_EQ(leak_find(&audit->list, &audit->host, &source, ages, now, 10000), 0);
}

TEST(a_host_without_leaks_has_no_findings)
{
	struct audit audit = set_up();

	look(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(ports_towards_a_dead_domain_make_one_finding)
{
	struct audit audit = set_up();

	fakeworld_set(audit.world, 0, 7, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	fakeworld_set(audit.world, 0, 8, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	fakeworld_set(audit.world, 0, 9, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 7 });
	look(&audit);
	CHECK_EQ(audit.list.n, 2);
	CHECK_EQ(finding_n(&audit.list), 2);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_DEAD_PEER);
	CHECK_EQ(audit.list.findings[0].peer, 6);
	CHECK_EQ(audit.list.findings[0].port, 7);
	CHECK_EQ(audit.list.findings[0].n, 2);
	CHECK_STR_EQ(audit.list.findings[0].text, "2 ports towards domain 6, which does not exist");
	CHECK_STR_EQ(audit.list.findings[1].text, "1 port towards domain 7, which does not exist");
	tear_down(&audit);
}

TEST(a_table_full_of_leaks_is_read_twice_not_asked_about_port_by_port)
{
	struct audit audit = set_up();
	unsigned int n_first;

	for (uint32_t port = 4; port < 4000; port++)
		fakeworld_set(audit.world, 0, port,
			      (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	read_host(&audit);
	n_first = audit.world->n_asked;
	find(&audit);
	CHECK_EQ(audit.list.n, 1);
	CHECK_EQ(audit.list.findings[0].n, 3996);
	CHECK(audit.world->n_asked - n_first < 4000 + 600);
	tear_down(&audit);
}

TEST(a_domain_born_after_the_listing_is_no_dead_peer)
{
	struct audit audit = set_up();

	fakeworld_set(audit.world, 0, 7, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	read_host(&audit);
	audit.world->domains[6].there = true;
	audit.world->domains[6].n_valid = SCAN_BUCKET;
	find(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(a_port_that_was_closed_since_is_no_finding)
{
	struct audit audit = set_up();

	fakeworld_set(audit.world, 0, 7, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 6 });
	read_host(&audit);
	audit.world->domains[0].ports[7].kind = SCAN_CLOSED;
	find(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(an_end_whose_other_end_is_elsewhere_is_found)
{
	struct audit audit = set_up();

	fakeworld_set(audit.world, 3, 1, (struct scan_port){ .kind = SCAN_CLOSED });
	fakeworld_set(audit.world, 0, 4,
		      (struct scan_port){ .kind = SCAN_INTERDOMAIN, .peer = 3, .peer_port = 2 });
	look(&audit);
	CHECK_EQ(audit.list.n, 1);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_ONE_END);
	CHECK_EQ(audit.list.findings[0].n, 2);
	CHECK_EQ(audit.list.findings[0].port, 2);
	tear_down(&audit);
}

TEST(a_connection_made_between_two_tables_is_no_finding)
{
	struct audit audit = set_up();

	read_host(&audit);
	/* As if domain 3 had been read before, when its port was not there yet. */
	census_find(&audit.host, 3)->scan.ports[0].port = 40;
	find(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(an_end_that_is_the_hypervisors_own_is_no_finding)
{
	struct audit audit = set_up();

	fakeworld_set(audit.world, 3, 1, (struct scan_port){ .kind = SCAN_OWNED });
	look(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(a_link_to_oneself_is_checked_like_any_other)
{
	struct audit audit = set_up();

	fakeworld_connect(audit.world, 0, 10, 0, 11);
	look(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(dying_domains_are_left_alone)
{
	struct audit audit = set_up();

	fakeworld_set(audit.world, 3, 1, (struct scan_port){ .kind = SCAN_CLOSED });
	fakeworld_set(audit.world, 0, 2, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	read_host(&audit);
	census_find(&audit.host, 3)->dying = true;
	find(&audit);
	CHECK_EQ(audit.list.n, 0);
	tear_down(&audit);
}

TEST(waiting_is_a_notice_until_it_has_lasted)
{
	struct audit audit = set_up();
	CLEANUP(leak_ages_free) struct leak_ages *ages = NULL;

	fakeworld_set(audit.world, 0, 5, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	CHECK_EQ(leak_ages_new(&ages), 0);
	read_host(&audit);
	find_waiting(&audit, ages, 5000);
	CHECK_EQ(audit.list.n, 1);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_WAITING);
	CHECK_EQ(finding_n(&audit.list), 0);

	find_waiting(&audit, ages, 14999);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_WAITING);

	find_waiting(&audit, ages, 15000);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_FORGOTTEN);
	CHECK_EQ(finding_n(&audit.list), 1);
	CHECK_STR_EQ(audit.list.findings[0].text, "1 port waiting for domain 3 for 10 s");
	tear_down(&audit);
}

TEST(a_port_that_waits_for_another_domain_begins_anew)
{
	struct audit audit = set_up();
	CLEANUP(leak_ages_free) struct leak_ages *ages = NULL;

	fakeworld_connect(audit.world, 0, 20, 4, 1);
	fakeworld_set(audit.world, 0, 5, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 3 });
	CHECK_EQ(leak_ages_new(&ages), 0);
	read_host(&audit);
	find_waiting(&audit, ages, 0);
	audit.world->domains[0].ports[5].peer = 4;
	read_host(&audit);
	find_waiting(&audit, ages, 20000);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_WAITING);
	tear_down(&audit);
}

TEST(a_full_table_is_found)
{
	struct audit audit = set_up();

	read_host(&audit);
	census_find(&audit.host, 3)->cap =
		(struct cap){ .max_port = 2, .source = CAP_SOURCE_RECORD };
	find(&audit);
	CHECK_EQ(audit.list.n, 1);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_FULL);
	CHECK_STR_EQ(audit.list.findings[0].text, "no port left: all 2 are in use");
	tear_down(&audit);
}

TEST(a_table_that_cannot_be_read_is_a_finding)
{
	struct audit audit = set_up();

	audit.world->domains[3].error = -EPERM;
	CHECK_EQ(fakeworld_host(&audit.host, audit.world), -EPERM);
	find(&audit);
	CHECK_EQ(audit.list.n, 1);
	CHECK_EQ(audit.list.findings[0].kind, FINDING_SCAN);
	CHECK_EQ(audit.list.findings[0].domid, 3);
	tear_down(&audit);
}
