/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where vCPUs run: affinities, pools, weights. Two CPUs are assumed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define HARD XEN_VCPUAFFINITY_HARD
#define SOFT XEN_VCPUAFFINITY_SOFT

static void pin(struct contract *c, const char *probe, uint32_t d, int vcpu, uint8_t hard,
		uint8_t soft, uint32_t flags)
{
	uint8_t h = hard, s = soft;
	int r = xc_vcpu_setaffinity(c->xch, d, vcpu, &h, &s, flags);

	if (answer(c, probe, r) == 0)
		say(c, probe, "hard 0x%x soft 0x%x", flags & HARD ? h : 0, flags & SOFT ? s : 0);
}

static void say_pinned(struct contract *c, const char *probe, uint32_t d, int vcpu)
{
	uint8_t h = 0, s = 0;

	if (answer(c, probe, xc_vcpu_getaffinity(c->xch, d, vcpu, &h, &s, HARD | SOFT)) == 0)
		say(c, probe, "hard 0x%x soft 0x%x", h, s);
}

static void affinities(struct contract *c, uint32_t d)
{
	section(c, "affinity");
	say_pinned(c, "without vcpus", d, 0);
	pin(c, "pin without vcpus", d, 0, 1, 0, HARD);
	xc_domain_max_vcpus(c->xch, d, 1);
	say_pinned(c, "at first", d, 0);
	say_pinned(c, "of vcpu 1", d, 1);
	pin(c, "pin to CPU 0", d, 0, 1, 0, HARD);
	say_pinned(c, "then", d, 0);
	pin(c, "pin to CPU 1", d, 0, 2, 0, HARD);
	pin(c, "pin to none", d, 0, 0, 0, HARD);
	pin(c, "pin to CPU 7", d, 0, 0x80, 0, HARD);
	pin(c, "pin to all and more", d, 0, 0xff, 0, HARD);
	pin(c, "prefer CPU 1", d, 0, 0, 2, SOFT);
	pin(c, "prefer CPU 7", d, 0, 0, 0x80, SOFT);
	pin(c, "prefer none", d, 0, 0, 0, SOFT);
	pin(c, "both, apart", d, 0, 1, 2, HARD | SOFT);
	pin(c, "both, alike", d, 0, 2, 2, HARD | SOFT);
	pin(c, "neither", d, 0, 1, 1, 0);
	pin(c, "flag 0x10", d, 0, 1, 1, 0x10);
	pin(c, "pin vcpu 1", d, 1, 1, 0, HARD);
	pin(c, "pin of nobody", 999, 0, 1, 0, HARD);
	say_pinned(c, "at last", d, 0);
}

static void pools(struct contract *c, uint32_t d)
{
	xc_cpumap_t map = xc_cpupool_freeinfo(c->xch);

	section(c, "pools");
	say(c, "free CPUs", "%s", !map ? strerrorname_np(errno) : *map & 3 ? "some" : "none");
	free(map);
	answer(c, "move to pool 0", xc_cpupool_movedomain(c->xch, 0, d));
	answer(c, "move to pool 7", xc_cpupool_movedomain(c->xch, 7, d));
	answer(c, "move nobody to pool 0", xc_cpupool_movedomain(c->xch, 0, 999));
	answer(c, "move nobody to pool 7", xc_cpupool_movedomain(c->xch, 7, 999));
	answer(c, "remove pool 7", xc_cpupool_destroy(c->xch, 7));
	answer(c, "remove pool 0", xc_cpupool_destroy(c->xch, 0));
	answer(c, "give pool 7 a CPU", xc_cpupool_addcpu(c->xch, 7, 0));
	answer(c, "give pool 0 a CPU that it has", xc_cpupool_addcpu(c->xch, 0, 0));
	answer(c, "take a CPU from pool 7", xc_cpupool_removecpu(c->xch, 7, 0));
}

static void weights(struct contract *c, uint32_t d)
{
	struct xen_domctl_sched_credit2 credit2 = { .weight = 512, .cap = 0 };

	section(c, "weights");
	answer(c, "weight 512", xc_sched_credit2_domain_set(c->xch, d, &credit2));
	memset(&credit2, 0, sizeof(credit2));
	answer(c, "get", xc_sched_credit2_domain_get(c->xch, d, &credit2));
	say(c, "get", "weight %u cap %u", credit2.weight, credit2.cap);
	credit2 = (struct xen_domctl_sched_credit2){ .weight = 0, .cap = 50 };
	answer(c, "weight 0, cap 50", xc_sched_credit2_domain_set(c->xch, d, &credit2));
	answer(c, "get", xc_sched_credit2_domain_get(c->xch, d, &credit2));
	say(c, "get", "weight %u cap %u", credit2.weight, credit2.cap);
	answer(c, "of nobody", xc_sched_credit2_domain_get(c->xch, 999, &credit2));
}

static void nodes(struct contract *c, uint32_t d)
{
	xc_nodemap_t map = xc_nodemap_alloc(c->xch);

	section(c, "nodes");
	if (!map)
		return;
	answer(c, "affinity", xc_domain_node_getaffinity(c->xch, d, map));
	memset(map, 0xff, 1);
	answer(c, "to all and more", xc_domain_node_setaffinity(c->xch, d, map));
	memset(map, 0, 1);
	answer(c, "to none", xc_domain_node_setaffinity(c->xch, d, map));
	*map = 2;
	answer(c, "to node 1", xc_domain_node_setaffinity(c->xch, d, map));
	free(map);
}

void contract_placement(struct contract *c)
{
	uint32_t d = create(c, 16);

	affinities(c, d);
	pools(c, d);
	weights(c, d);
	nodes(c, d);
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	wait_gone(c, "it", d);
}
