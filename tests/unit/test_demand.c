/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "demand.h"

#include "guest.h"
#include "unit.h"
#include "xlcfg.h"

static struct demand demand_of(const char *text, const struct demand_facts *facts)
{
	struct guest guest;
	struct demand demand;
	char *error;

	CHECK_EQ(xlcfg_parse(&guest, text, strlen(text), "c", NULL, &error), 0);
	CHECK_EQ(demand_make(&demand, &guest, facts), 0);
	guest_deinit(&guest);
	return demand;
}

static uint64_t sum_of(const char *text, const struct demand_facts *facts,
		       enum demand_resource resource, const char *where)
{
	struct demand demand = demand_of(text, facts);
	uint64_t sum = demand_sum(&demand, resource, where);

	demand_deinit(&demand);
	return sum;
}

#define PV   "name='p'\nmemory=4\nvif=['']\ndisk=['/dev/x,raw,xvda']\n"
#define TINY "name='a'\nmemory=4\n"

TEST(a_domain_without_devices_takes_two_ports)
{
	const struct demand_facts facts = demand_facts_default(4);

	CHECK_EQ(sum_of(TINY, &facts, DEMAND_PORTS, NULL), 2);
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_GUEST_PORTS, NULL), 2);
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_DOMIDS, NULL), 1);
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_PTYS, NULL), 1);
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_MAPTRACK, NULL), 4);
}

TEST(what_a_process_maps_counts_twice_in_a_pv_domain_0_only)
{
	struct demand_facts facts = demand_facts_default(1);

	CHECK_EQ(sum_of(PV, &facts, DEMAND_MAPTRACK, NULL), 4 + 2 + 1);
	facts.process_maps = 1;
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_MAPTRACK, NULL), 2);
	CHECK_EQ(sum_of(PV, &facts, DEMAND_MAPTRACK, NULL), 2 + 2 + 1);
}

TEST(one_vif_and_one_disk_make_it_five)
{
	const struct demand_facts facts = demand_facts_default(4);

	CHECK_EQ(sum_of(TINY "vif=['']\n", &facts, DEMAND_PORTS, NULL), 4);
	CHECK_EQ(sum_of(TINY "vif=['']\ndisk=['/dev/x,raw,xvda']", &facts, DEMAND_PORTS, NULL), 5);
	CHECK_EQ(sum_of(TINY "vif=['']\ndisk=['/dev/x,raw,xvda']", &facts, DEMAND_GUEST_PORTS,
			NULL),
		 5);
}

TEST(typical_pv_guests_need_four_without_split_drivers)
{
	struct demand_facts facts = demand_facts_default(1);

	facts.split = false;
	CHECK_EQ(sum_of(TINY "vif=['']\ndisk=['/dev/x,raw,xvda']", &facts, DEMAND_PORTS, NULL), 4);
}

TEST(queues_are_what_vcpus_and_backend_both_allow)
{
	struct demand_facts facts = demand_facts_default(4);

	CHECK_EQ(sum_of(TINY "vcpus=2\nvif=['']", &facts, DEMAND_PORTS, NULL), 2 + 2 * 2);
	CHECK_EQ(sum_of(TINY "vcpus=16\nvif=['']", &facts, DEMAND_PORTS, NULL), 2 + 4 * 2);
	CHECK_EQ(sum_of(TINY "vcpus=2\nmaxvcpus=3\ndisk=['/dev/x,raw,xvda']", &facts, DEMAND_PORTS,
			NULL),
		 2 + 3);
	CHECK_EQ(sum_of(TINY "vcpus=3\ndisk=['/x,qcow2,xvda']", &facts, DEMAND_PORTS, NULL), 2 + 1);
	facts = demand_facts_default(64);
	CHECK_EQ(sum_of(TINY "vcpus=16\nvif=['']", &facts, DEMAND_PORTS, NULL), 2 + 8 * 2);
	CHECK_EQ(sum_of(TINY "vcpus=16\ndisk=['/dev/x,raw,xvda']", &facts, DEMAND_PORTS, NULL),
		 2 + 16);
	facts.vif_max_queues = 1;
	CHECK_EQ(sum_of(TINY "vcpus=16\nvif=['']", &facts, DEMAND_PORTS, NULL), 2 + 2);
}

TEST(the_worst_case_of_an_hvm_guest_is_known)
{
	/* 2 vCPUs, one vif, one disk, keyboard: 1 + 1 + 2*2 + 2 + 1 + 3. */
	static const char text[] =
		"name='a'\ntype='hvm'\nvcpus=2\nvif=['']\ndisk=['/dev/x,raw,xvda']\n";
	struct demand_facts facts = demand_facts_default(2);

	facts.control_ring = false;
	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, NULL), 12);
	facts.control_ring = true;
	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, NULL), 13);
}

TEST(a_stubdomain_is_a_domain_more_and_doubles_the_devices)
{
	static const char text[] =
		"name='a'\ntype='hvm'\nvcpus=2\nvif=['']\ndisk=['/dev/x,raw,xvda']\n"
		"device_model_stubdomain_override=1\n";
	struct demand_facts facts = demand_facts_default(1);

	facts.control_ring = false;
	CHECK_EQ(sum_of(text, &facts, DEMAND_DOMIDS, NULL), 2);
	/* guest: store, console, vif 2, disk 1, vkb 1; stubdomain: store, 3 consoles, vif 2, disk
	 * 1, vfb and vkb. */
	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, NULL), 6 + 9);
	CHECK_EQ(sum_of(text, &facts, DEMAND_PTYS, NULL), 2);
	CHECK_EQ(sum_of(text, &facts, DEMAND_GUEST_PORTS, NULL), 2 + 2 + 1 + 1 + 3);
}

TEST(another_backend_pays_itself)
{
	const struct demand_facts facts = demand_facts_default(1);
	static const char text[] = TINY
		"vif=['backend=net,bridge=b','']\ndisk=['backend=store,vdev=xvda,target=/x']";

	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, NULL), 2 + 2);
	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, "net"), 2);
	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, "store"), 1);
	CHECK_EQ(sum_of(text, &facts, DEMAND_PORTS, "other"), 0);
	CHECK_EQ(sum_of(text, &facts, DEMAND_BRIDGE_PORTS, "xenbr0"), 1);
	CHECK_EQ(sum_of(text, &facts, DEMAND_BRIDGE_PORTS, "b"), 0);
}

TEST(a_store_in_its_own_domain_costs_domain_0_nothing)
{
	struct demand_facts facts = demand_facts_default(1);

	facts.store_elsewhere = true;
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_PORTS, NULL), 1);
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_STORE_FDS, NULL), 0);
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_GUEST_PORTS, NULL), 2);
}

TEST(memory_is_what_the_host_gives_up)
{
	struct demand_facts facts = demand_facts_default(1);

	facts.overhead_kib = 100;
	CHECK_EQ(sum_of(TINY, &facts, DEMAND_MEMORY, NULL), 4096 + 100);
	CHECK_EQ(sum_of("name='a'\ntype='pvh'\nmemory=160", &facts, DEMAND_MEMORY, NULL),
		 160 * 1024 + 1664 + 32 + 100);
	CHECK_EQ(sum_of("name='a'\nmemory=64\nmaxmem=128\nvcpus=3", &facts, DEMAND_MEMORY, NULL),
		 64 * 1024 + 100 + 2 * 16);
}

TEST(every_item_says_why)
{
	const struct demand_facts facts = demand_facts_default(2);
	struct demand demand =
		demand_of("name='a'\ntype='hvm'\nvcpus=2\nvif=['']\ndisk=['/x,qcow2,xvda']\n"
			  "device_model_stubdomain_override=1\nserial='pty'",
			  &facts);

	CHECK(demand.n_items > 20);
	for (size_t i = 0; i < demand.n_items; i++) {
		CHECK(demand.items[i].amount > 0);
		CHECK(demand.items[i].why && *demand.items[i].why);
		CHECK(*demand_name(demand.items[i].resource) &&
		      *demand_key(demand.items[i].resource));
	}
	demand_deinit(&demand);
}
