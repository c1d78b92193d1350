/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "preflight.h"

#include <errno.h>
#include <stdio.h>

#include "assume.h"
#include "guest.h"
#include "unit.h"
#include "xlcfg.h"

#define TINY   "name='tiny'\nmemory=4\n"
#define PV_VIF "name='pv'\nvif=['']\ndisk=['/dev/x,raw,xvda']\n"

struct fixture {
	struct guest guests[3];
	size_t n_guests;
	struct capacity capacity;
	struct demand_facts facts;
	struct policy *policy;
	struct preflight preflight;
};

static void set_up(struct fixture *fixture, const char *assumptions, const char *cfg)
{
	char *error = NULL;

	memset(fixture, 0, sizeof(*fixture));
	if (assume_parse(&fixture->capacity, &fixture->facts, assumptions, &error) < 0)
		fail_msg("%s", error);
	CHECK_EQ(xlcfg_parse(&fixture->guests[fixture->n_guests++], cfg, strlen(cfg), "c", NULL,
			     &error),
		 0);
}

static void add_guest(struct fixture *fixture, const char *cfg)
{
	char *error = NULL;

	CHECK_EQ(xlcfg_parse(&fixture->guests[fixture->n_guests++], cfg, strlen(cfg), "c", NULL,
			     &error),
		 0);
}

static void set_policy(struct fixture *fixture, const char *text)
{
	char *error = NULL;

	CHECK_EQ(policy_parse(&fixture->policy, text, strlen(text), "p", &error), 0);
}

static void set_limit(struct fixture *fixture, struct capacity_limit limit)
{
	CHECK_EQ(capacity_set(&fixture->capacity, &limit, "test"), 0);
}

static const struct preflight *run(struct fixture *fixture, uint64_t n_copies, bool enforced)
{
	preflight_deinit(&fixture->preflight);
	CHECK_EQ(preflight_run(&fixture->preflight, fixture->guests, fixture->n_guests, n_copies,
			       &fixture->capacity, &fixture->facts, fixture->policy, enforced),
		 0);
	return &fixture->preflight;
}

static void tear_down(struct fixture *fixture)
{
	preflight_deinit(&fixture->preflight);
	capacity_deinit(&fixture->capacity);
	policy_free(fixture->policy);
	for (size_t i = 0; i < fixture->n_guests; i++)
		guest_deinit(&fixture->guests[i]);
}

static uint64_t n_fit(const char *assumptions, const char *cfg)
{
	struct fixture fixture;
	uint64_t n;

	set_up(&fixture, assumptions, cfg);
	n = run(&fixture, 1, false)->n_fit;
	CHECK_EQ(fixture.preflight.binding->resource, DEMAND_PORTS);
	tear_down(&fixture);
	return n;
}

/* Six ports each: store, console, device model (1 vCPU + 1), one vif, one disk, on backends of
 * 2013. */
#define HVM_6 "name='hvm'\ntype='hvm'\nvkb_device=0\nvif=['']\ndisk=['/dev/x,raw,xvda']\n"
#define HVM_7 HVM_6 "vcpus=2\n"
#define OLD   "bridge=2000,split=off,control=off,vif-queues=1,vbd-queues=1"

TEST(a_32_bit_dom0_holds_a_little_over_150_hvm_guests_of_6_ports)
{
	/* Published: 1,024 ports, 50 to 100 used otherwise. */
	CHECK_EQ(n_fit("dom0=2l-32,base=50," OLD, HVM_6), 162);
	CHECK_EQ(n_fit("dom0=2l-32,base=75," OLD, HVM_6), 158);
	CHECK_EQ(n_fit("dom0=2l-32,base=100," OLD, HVM_6), 153);
}

TEST(a_dom0_of_4096_ports_holds_over_570_of_7)
{
	CHECK_EQ(n_fit("dom0=2l-64,base=75," OLD, HVM_7), 574);
	CHECK_EQ(n_fit("dom0=2l-64,base=98," OLD, HVM_7), 571);
}

TEST(four_ports_each_give_at_most_256_and_about_180_in_practice)
{
	CHECK_EQ(n_fit("dom0=2l-32,base=0," OLD, PV_VIF),
		 255); /* 256 would need port 0, which is reserved */
	/* A dom0 of the time with 32 vCPUs and two multi-queue cards. */
	CHECK_EQ(n_fit("dom0=2l-32,vcpus=32,pirqs=64," OLD, PV_VIF), 180);
}

TEST(the_arithmetic_of_todays_dom0s_is_the_references)
{
	CHECK_EQ(n_fit("dom0=2l-64,base=100,ptys=100000", TINY), 1997);
	CHECK_EQ(n_fit("dom0=2l-64,base=100,vcpus=1,ptys=100000", PV_VIF), 799);
	CHECK_EQ(n_fit("dom0=2l-64,base=100,vcpus=2,control=off,ptys=100000",
		       "name='a'\ntype='hvm'\nvcpus=2\nvif=['']\ndisk=['/dev/x,raw,xvda']\n"),
		 332);
}

TEST(domain_numbers_run_out_before_fifo_ports_do)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo,base=300,ptys=100000,console-fds=1000000,maptrack=100000",
	       TINY);
	CHECK_EQ(run(&fixture, 32751, false)->verdict, PREFLIGHT_FITS);
	CHECK_EQ(fixture.preflight.n_fit, 32751);
	CHECK_EQ(fixture.preflight.binding->resource, DEMAND_DOMIDS);
	CHECK_EQ(run(&fixture, 32752, false)->verdict, PREFLIGHT_REFUSED);
	tear_down(&fixture);
}

TEST(the_limit_that_is_met_first_binds)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=2l-64,base=95,ptys=100,memory=1G", TINY);
	CHECK_EQ(run(&fixture, 100, false)->verdict, PREFLIGHT_FITS);
	CHECK_EQ(fixture.preflight.binding->resource, DEMAND_PTYS);
	CHECK_EQ(fixture.preflight.n_fit, 100);
	CHECK_EQ(run(&fixture, 101, false)->verdict, PREFLIGHT_REFUSED);
	CHECK_EQ(fixture.preflight.n_requested, 101);
	CHECK(strstr(fixture.preflight.binding->advice, "kernel.pty.max=102"));
	set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_MEMORY,
						     .limit = 40 * 4192,
						     .maybe = 40 * 4192,
						     .certainty = CAPACITY_MEASURED });
	CHECK_EQ(run(&fixture, 41, false)->verdict, PREFLIGHT_REFUSED);
	CHECK_EQ(fixture.preflight.binding->resource, DEMAND_MEMORY);
	CHECK_EQ(fixture.preflight.n_fit, 40);
	CHECK_EQ(run(&fixture, 40, false)->verdict, PREFLIGHT_FITS);
	tear_down(&fixture);
}

TEST(what_is_used_pending_and_reserved_is_not_there)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=2l-64,base=0", TINY);
	set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_PORTS,
						     .limit = 100,
						     .maybe = 100,
						     .used = 40,
						     .pending = 20,
						     .reserve = 10,
						     .certainty = CAPACITY_MEASURED });
	CHECK_EQ(run(&fixture, 15, false)->verdict, PREFLIGHT_FITS);
	CHECK_EQ(fixture.preflight.n_fit, 15);
	CHECK_EQ(run(&fixture, 16, false)->verdict, PREFLIGHT_REFUSED);
	set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_PORTS,
						     .limit = 100,
						     .maybe = 100,
						     .used = 99,
						     .pending = 20,
						     .certainty = CAPACITY_MEASURED });
	CHECK_EQ(run(&fixture, 1, false)->n_fit, 0);
	tear_down(&fixture);
}

TEST(configurations_take_turns)
{
	struct fixture fixture;

	/* 2, then 5, then 2 ports: 9 a round. */
	set_up(&fixture, "dom0=2l-64,base=0,vcpus=1", TINY);
	add_guest(&fixture, PV_VIF);
	add_guest(&fixture, TINY);
	for (uint64_t left = 0; left < 40; left++) {
		static const uint64_t costs[] = { 2, 5, 2 };
		uint64_t expected = 0, rest = left;

		while (costs[expected % 3] <= rest)
			rest -= costs[expected++ % 3];
		set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_PORTS,
							     .limit = left,
							     .maybe = left,
							     .certainty = CAPACITY_MEASURED });
		CHECK_EQ(run(&fixture, 1, false)->n_fit, expected);
		CHECK_EQ(fixture.preflight.verdict,
			 expected >= 3 ? PREFLIGHT_FITS : PREFLIGHT_REFUSED);
	}
	tear_down(&fixture);
}

TEST(what_is_unknown_is_taken_as_the_smaller_and_said_to_be_unknown)
{
	struct fixture fixture;

	set_up(&fixture, "ptys=1000000", TINY);
	set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_PORTS,
						     .limit = 4095,
						     .maybe = 131071,
						     .used = 95,
						     .certainty = CAPACITY_ASSUMED });
	CHECK_EQ(run(&fixture, 2000, false)->verdict, PREFLIGHT_FITS);
	CHECK_EQ(run(&fixture, 2001, false)->verdict, PREFLIGHT_UNKNOWN);
	CHECK_EQ(fixture.preflight.n_fit, 2000);
	CHECK_EQ(run(&fixture, 32752, false)->verdict, PREFLIGHT_REFUSED);
	tear_down(&fixture);
}

TEST(a_limit_that_could_not_be_looked_at_leaves_the_answer_open)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo", TINY);
	set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_MEMORY,
						     .certainty = CAPACITY_UNKNOWN });
	CHECK_EQ(run(&fixture, 10, false)->verdict, PREFLIGHT_UNKNOWN);
	CHECK_EQ(run(&fixture, 40000, false)->verdict, PREFLIGHT_REFUSED);
	tear_down(&fixture);
}

TEST(a_driver_domain_is_a_place_of_its_own)
{
	struct fixture fixture;
	static char net[] = "net";

	set_up(&fixture, "dom0=2l-64,base=0,vcpus=1", TINY "vif=['backend=net']\n");
	set_limit(&fixture, (struct capacity_limit){ .resource = DEMAND_PORTS,
						     .where = net,
						     .limit = 21,
						     .maybe = 21,
						     .certainty = CAPACITY_MEASURED });
	CHECK_EQ(run(&fixture, 11, false)->verdict, PREFLIGHT_REFUSED);
	CHECK_EQ(fixture.preflight.n_fit, 10);
	CHECK_STR_EQ(fixture.preflight.binding->where, "net");
	tear_down(&fixture);
}

TEST(a_cap_too_small_for_its_devices_is_refused_and_a_tight_one_is_named)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo,vcpus=1", PV_VIF "max_event_channels=4\n");
	add_guest(&fixture, PV_VIF "max_event_channels=5\n");
	add_guest(&fixture, PV_VIF "max_event_channels=13\n");
	CHECK_EQ(run(&fixture, 1, false)->verdict, PREFLIGHT_REFUSED);
	CHECK_EQ(fixture.preflight.guests[0].n_refusals, 1);
	CHECK_STR_EQ(fixture.preflight.guests[0].refusals[0],
		     "needs 5 event channels of its own; its cap is 4");
	CHECK_EQ(fixture.preflight.guests[1].n_refusals, 0);
	CHECK_EQ(fixture.preflight.guests[1].n_warnings, 1);
	CHECK_EQ(fixture.preflight.guests[2].n_warnings, 0);
	tear_down(&fixture);
}

TEST(a_cap_above_the_policys_is_refused_unless_the_creator_sets_it)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo", TINY);
	set_policy(&fixture, "[default]\nhard = 100\n");
	CHECK_EQ(run(&fixture, 1, false)->verdict, PREFLIGHT_REFUSED);
	CHECK_STR_EQ(
		fixture.preflight.guests[0].refusals[0],
		"max_event_channels is not given, so it would be 1023 by default; the policy allows 100 (line 2)");
	CHECK_EQ(fixture.preflight.guests[0].policy_cap, 100);
	CHECK_EQ(run(&fixture, 1, true)->verdict, PREFLIGHT_FITS);
	CHECK_EQ(fixture.preflight.guests[0].cap, 100);
	tear_down(&fixture);
}

TEST(a_policy_that_starves_a_domain_is_refused_even_if_enforced)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo,vcpus=1", PV_VIF);
	set_policy(&fixture, "[type pv]\nhard = 4\n");
	CHECK_EQ(run(&fixture, 1, true)->verdict, PREFLIGHT_REFUSED);
	tear_down(&fixture);
}

TEST(grants_are_checked_against_what_the_configuration_or_the_host_allows)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo,vcpus=1,grant-frames=4", PV_VIF);
	CHECK_EQ(run(&fixture, 1, false)->guests[0].n_warnings, 0);
	fixture.guests[0].max_grant_frames = 1;
	CHECK_EQ(run(&fixture, 1, false)->guests[0].n_warnings, 1);
	fixture.guests[0].max_grant_frames = 5;
	CHECK_EQ(run(&fixture, 1, false)->verdict, PREFLIGHT_REFUSED);
	tear_down(&fixture);
}

TEST(an_empty_batch_fits)
{
	struct fixture fixture;

	set_up(&fixture, "dom0=fifo", TINY);
	CHECK_EQ(run(&fixture, 0, false)->verdict, PREFLIGHT_FITS);
	tear_down(&fixture);
}

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "dom0", "'dom0' is not of the form key=value" },
	{ "dom0=3l", "dom0='3l': 2l-32|2l-64|fifo is meant" },
	{ "base=-1", "base='-1': N is meant" },
	{ "base=1x", "base='1x': N is meant" },
	{ "base=99999999999999999999", "base='99999999999999999999': N is meant" },
	{ "memory=5", "memory='5': SIZE is meant" },
	{ "memory=5GB", "memory='5GB': SIZE is meant" },
	{ "split=yes", "split='yes': on|off is meant" },
	{ "store=x", "store='x': dom0|stubdom is meant" },
	{ "cores=5", "nothing is known about 'cores'" },
	{ "base=5,base=6", "'base' is assumed twice" },
};

TEST(each_wrong_assumption_is_refused_with_its_reason)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct capacity capacity = { 0 };
		struct demand_facts facts;
		CLEANUP(free) char *error = NULL;

		CHECK_EQ(assume_parse(&capacity, &facts, mistakes[i].text, &error), -EINVAL);
		CHECK_STR_EQ(error, mistakes[i].error);
		CHECK_EQ(capacity.n_limits, 0);
	}
}

TEST(sizes_have_units)
{
	struct capacity capacity = { 0 };
	struct demand_facts facts;
	char *error;

	CHECK_EQ(assume_parse(&capacity, &facts, "memory=2G", &error), 0);
	CHECK_EQ(capacity_get(&capacity, DEMAND_MEMORY, NULL)->limit, 2 << 20);
	CHECK(!capacity_get(&capacity, DEMAND_TASKS, NULL));
	CHECK_EQ(capacity_get(&capacity, DEMAND_PTYS, NULL)->certainty, CAPACITY_ASSUMED);
	capacity_deinit(&capacity);
}
