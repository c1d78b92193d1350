/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain that was only created: pauses, vCPUs, lists, and what its neighbours' numbers answer. */
#include <errno.h>
#include <string.h>

#include "contract.h"

static void pauses(struct contract *c, uint32_t d)
{
	section(c, "a domain only created");
	say_info(c, "info", d);
	answer(c, "unpause without vcpus", xc_domain_unpause(c->xch, d));
	say_info(c, "info", d);
	answer(c, "unpause again", xc_domain_unpause(c->xch, d));
	answer(c, "pause", xc_domain_pause(c->xch, d));
	answer(c, "pause", xc_domain_pause(c->xch, d));
	say_info(c, "info, paused twice", d);
	answer(c, "unpause", xc_domain_unpause(c->xch, d));
	say_info(c, "info, paused once", d);
	answer(c, "unpause", xc_domain_unpause(c->xch, d));
	answer(c, "unpause", xc_domain_unpause(c->xch, d));
	answer(c, "pause", xc_domain_pause(c->xch, d));
}

static void vcpus(struct contract *c, uint32_t d)
{
	vcpu_guest_context_any_t context;
	struct xen_domctl op = { .cmd = 0 };
	xc_vcpuinfo_t info;

	answer(c, "vcpu context without vcpus", xc_vcpu_getcontext(c->xch, d, 0, &context));
	answer(c, "vcpu info without vcpus", xc_vcpu_getinfo(c->xch, d, 0, &info));
	answer(c, "max_vcpus 2", xc_domain_max_vcpus(c->xch, d, 2));
	answer(c, "max_vcpus 0", xc_domain_max_vcpus(c->xch, d, 0));
	answer(c, "max_vcpus 1", xc_domain_max_vcpus(c->xch, d, 1));
	answer(c, "max_vcpus 1 again", xc_domain_max_vcpus(c->xch, d, 1));
	say_info(c, "info", d);
	if (answer(c, "vcpu info", xc_vcpu_getinfo(c->xch, d, 0, &info)) == 0)
		say(c, "vcpu info", "online %d blocked %d running %d", info.online, info.blocked,
		    info.running);
	answer(c, "vcpu info of vcpu 1", xc_vcpu_getinfo(c->xch, d, 1, &info));
	answer(c, "vcpu context, not initialised", xc_vcpu_getcontext(c->xch, d, 0, &context));
	op.u.address_size.size = 48;
	answer(c, "address size 48", domctl(c, XEN_DOMCTL_set_address_size, d, &op));
	op.u.address_size.size = 64;
	answer(c, "address size 64", domctl(c, XEN_DOMCTL_set_address_size, d, &op));
}

static void lists(struct contract *c)
{
	xc_domaininfo_t info[8];
	uint32_t a = create(c, 4), b = create(c, 4), d = create(c, 4);
	int n;

	section(c, "lists");
	say(c, "three creations", "+%u +%u", b - a, d - b);
	answer(c, "destroy the middle one", xc_domain_destroy(c->xch, b));
	wait_gone(c, "it", b);
	n = xc_domain_getinfolist(c->xch, b, 8, info);
	say(c, "list from it", "%d, first +%u", n, n > 0 ? info[0].domain - b : 0);
	say_info(c, "info of it", b);
	say_info(c, "info above the highest", d + 1);
	answer(c, "list above the highest", xc_domain_getinfolist(c->xch, d + 1, 8, info));
	answer(c, "list of none", xc_domain_getinfolist(c->xch, 0, 0, info));
	answer(c, "destroy it again", xc_domain_destroy(c->xch, b));
	answer(c, "pause it", xc_domain_pause(c->xch, b));
	answer(c, "destroy the others", xc_domain_destroy(c->xch, a));
	answer(c, "destroy the others", xc_domain_destroy(c->xch, d));
	wait_gone(c, "first", a);
	wait_gone(c, "last", d);
}

static void scheduling(struct contract *c, uint32_t d)
{
	struct xen_domctl_sched_credit2 credit2 = { .weight = 0 };
	struct xen_domctl_sched_credit credit = { .weight = 0 };
	xc_cpupoolinfo_t *pool;

	section(c, "scheduling");
	if (answer(c, "credit2", xc_sched_credit2_domain_get(c->xch, d, &credit2)) == 0)
		say(c, "credit2", "weight %u cap %u", credit2.weight, credit2.cap);
	answer(c, "credit", xc_sched_credit_domain_get(c->xch, d, &credit));
	pool = xc_cpupool_getinfo(c->xch, 0);
	say(c, "pool 0", "%s, scheduler %u", pool ? "there" : strerrorname_np(errno),
	    pool ? pool->sched_id : 0);
	if (pool)
		xc_cpupool_infofree(c->xch, pool);
	pool = xc_cpupool_getinfo(c->xch, 1);
	say(c, "pool 1", "%s", pool ? "there" : strerrorname_np(errno));
	if (pool)
		xc_cpupool_infofree(c->xch, pool);
}

void contract_domain(struct contract *c)
{
	uint32_t d = create(c, 1024);

	pauses(c, d);
	vcpus(c, d);
	scheduling(c, d);
	xc_domain_destroy(c->xch, d);
	wait_gone(c, "destroyed", d);
	lists(c);
}
