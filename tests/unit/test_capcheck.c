/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capcheck.h"

#include "fakeworld.h"
#include "unit.h"

struct fixture {
	struct fakeworld *world;
	struct census host;
	struct census_domain *guest;
	struct finding_list list;
};

/* One guest with @n_ports, the highest of them @highest. */
static void set_up(struct fixture *fixture, uint32_t n_ports, uint32_t highest)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->world = calloc(1, sizeof(*fixture->world));
	CHECK(fixture->world);
	fixture->world->domains[0].there = true;
	for (uint32_t i = 1; i < n_ports; i++)
		fakeworld_set(fixture->world, 2, i, (struct scan_port){ .kind = SCAN_IPI });
	fakeworld_set(fixture->world, 2, highest, (struct scan_port){ .kind = SCAN_IPI });
	CHECK_EQ(fakeworld_host(&fixture->host, fixture->world), 0);
	fixture->guest = census_find(&fixture->host, 2);
	fixture->guest->type = DOMTYPE_PV;
	fixture->guest->cap = (struct cap){ .max_port = 1023, .source = CAP_SOURCE_CONFIG };
}

static void tear_down(struct fixture *fixture)
{
	finding_deinit(&fixture->list);
	census_deinit(&fixture->host);
	free(fixture->world);
}

static void check(struct fixture *fixture, const char *text)
{
	struct policy *policy = NULL;
	char *error = NULL;

	if (text)
		CHECK_EQ(policy_parse(&policy, text, strlen(text), "p", &error), 0);
	CHECK_EQ(capcheck_find(&fixture->list, &fixture->host, policy), 0);
	policy_free(policy);
}

TEST(a_domain_within_everything_is_fine)
{
	struct fixture fixture;

	set_up(&fixture, 5, 5);
	check(&fixture, "[default]\nhard = 1023\nsoft = 5\n");
	CHECK_EQ(fixture.list.n, 0);
	tear_down(&fixture);
}

TEST(domain_0_has_no_cap_to_keep)
{
	struct fixture fixture;

	set_up(&fixture, 5, 5);
	fakeworld_set(fixture.world, 0, 4000, (struct scan_port){ .kind = SCAN_IPI });
	CHECK_EQ(fakeworld_host(&fixture.host, fixture.world), 0);
	census_find(&fixture.host, 2)->cap =
		(struct cap){ .max_port = 100, .source = CAP_SOURCE_CONFIG };
	check(&fixture, "[default]\nhard = 100\n");
	CHECK_EQ(fixture.list.n, 0);
	tear_down(&fixture);
}

TEST(more_ports_than_the_soft_limit_are_reported)
{
	struct fixture fixture;

	set_up(&fixture, 6, 6);
	check(&fixture, "[default]\nsoft = 5\n");
	CHECK_EQ(fixture.list.n, 1);
	CHECK_EQ(fixture.list.findings[0].kind, FINDING_SOFT);
	CHECK_EQ(fixture.list.findings[0].n, 6);
	CHECK_STR_EQ(fixture.list.findings[0].text,
		     "6 ports in use: more than the policy's soft 5 (line 2)");
	tear_down(&fixture);
}

TEST(a_cap_above_the_policys_is_reported)
{
	struct fixture fixture;

	set_up(&fixture, 5, 5);
	check(&fixture, "[default]\nhard = 1022\n");
	CHECK_EQ(fixture.list.n, 1);
	CHECK_EQ(fixture.list.findings[0].kind, FINDING_CAP_POLICY);
	tear_down(&fixture);
}

TEST(a_port_above_the_recorded_cap_shows_that_the_record_is_wrong)
{
	struct fixture fixture;

	set_up(&fixture, 5, 101);
	fixture.guest->cap.max_port = 100;
	check(&fixture, NULL);
	CHECK_EQ(fixture.list.n, 1);
	CHECK_EQ(fixture.list.findings[0].kind, FINDING_CAP_BROKEN);
	CHECK_EQ(fixture.list.findings[0].port, 101);
	tear_down(&fixture);
}

TEST(a_former_peak_above_the_policys_cap_is_seen_in_the_table)
{
	struct fixture fixture;

	set_up(&fixture, 5, 200);
	fixture.guest->scan.n_ports--; /* the high port is closed now; the table stays */
	fixture.guest->tally.n_used--;
	fixture.guest->tally.highest = 4;
	check(&fixture, "[default]\nhard = 150\n");
	CHECK_EQ(fixture.list.n, 2);
	CHECK_EQ(fixture.list.findings[0].kind, FINDING_CAP_POLICY);
	CHECK_EQ(fixture.list.findings[1].kind, FINDING_PEAK);
	tear_down(&fixture);
}

TEST(a_table_whose_last_bucket_begins_at_the_cap_breaks_nothing)
{
	struct fixture fixture;

	set_up(&fixture, 5, 128);
	fixture.guest->cap.max_port = 128;
	check(&fixture, "[default]\nhard = 128\n");
	CHECK_EQ(fixture.list.n, 0);
	tear_down(&fixture);
}

TEST(a_cap_that_nobody_knows_matters_where_there_is_a_hard_limit)
{
	struct fixture fixture;

	set_up(&fixture, 5, 5);
	fixture.guest->cap.source = CAP_SOURCE_UNKNOWN;
	check(&fixture, NULL);
	CHECK_EQ(fixture.list.n, 1);
	CHECK(fixture.list.findings[0].notice);
	finding_deinit(&fixture.list);
	check(&fixture, "[type pv]\nhard = 100\n");
	CHECK_EQ(fixture.list.n, 1);
	CHECK_EQ(fixture.list.findings[0].kind, FINDING_CAP_UNKNOWN);
	CHECK(!fixture.list.findings[0].notice);
	tear_down(&fixture);
}

TEST(names_and_driver_domains_have_their_own_rules)
{
	static const char policy[] =
		"[default]\nsoft = 2\n[driver-domain]\nsoft = 10\n[name net]\nsoft = 3\n";
	struct fixture fixture;

	set_up(&fixture, 4, 4);
	fixture.guest->cap.driver_domain = true;
	check(&fixture, policy);
	CHECK_EQ(fixture.list.n, 0);
	fixture.guest->name = strdup("net");
	check(&fixture, policy);
	CHECK_EQ(fixture.list.n, 1);
	tear_down(&fixture);
}
