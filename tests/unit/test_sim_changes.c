/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has changed, as Xen from 4.21 on tells it. */
#include <errno.h>
#include <string.h>

#include "core/changes.h"
#include "core/evtchn.h"
#include "simhost.h"
#include "unit.h"

static uint16_t next(struct simhost *sim)
{
	uint16_t domid;

	return changes_next(sim->host, &domid) == 0 ? domid : 0xffff;
}

/* A host with domains 1 and 2, and VIRQ_DOM_EXC bound. */
static uint32_t begin(struct simhost *sim)
{
	uint32_t port;

	simhost_init(sim);
	simhost_domain(sim, 0);
	simhost_domain(sim, 0);
	CHECK_EQ(next(sim), 0xffff);
	CHECK_EQ(evtchn_bind_virq(host_domain(sim->host, 0), VIRQ_DOM_EXC, 0, &port), 0);
	changes_begin(sim->host);
	return port;
}

TEST(all_that_there_are_when_the_event_is_bound_have_changed)
{
	struct simhost sim;
	uint32_t port = begin(&sim);

	CHECK_EQ(next(&sim), 0);
	CHECK_EQ(next(&sim), 1);
	CHECK_EQ(next(&sim), 2);
	CHECK_EQ(next(&sim), 0xffff);
	changes_note(sim.host, 1);
	CHECK_EQ(evtchn_close(host_domain(sim.host, 0), port), 0);
	CHECK_EQ(next(&sim), 0xffff);
	simhost_deinit(&sim);
}

TEST(each_change_is_told_once_and_in_the_order_of_numbers)
{
	struct simhost sim;

	begin(&sim);
	while (next(&sim) != 0xffff)
		;
	simhost_domain(&sim, 0);
	domain_shutdown(host_domain(sim.host, 2), SHUTDOWN_poweroff);
	CHECK_EQ(domain_destroy(host_domain(sim.host, 1)), 0);
	CHECK_EQ(next(&sim), 1);
	CHECK_EQ(next(&sim), 2);
	CHECK_EQ(next(&sim), 3);
	CHECK_EQ(next(&sim), 0xffff);
	host_tidy(sim.host, false);
	CHECK_EQ(next(&sim), 1);
	CHECK(!host_domain(sim.host, 1));
	CHECK_EQ(next(&sim), 0xffff);
	simhost_deinit(&sim);
}

TEST(a_number_given_again_has_another_unique_id)
{
	static const struct domain_config config = { .max_vcpus = 1,
						     .max_evtchn_port = 1023,
						     .max_grant_frames = 4 };
	struct simhost sim;
	struct domain *again;
	uint64_t before;

	begin(&sim);
	before = host_domain(sim.host, 1)->unique_id;
	CHECK_NE(before, 0);
	CHECK_NE(before, host_domain(sim.host, 2)->unique_id);
	CHECK_EQ(domain_destroy(host_domain(sim.host, 1)), 0);
	host_tidy(sim.host, false);
	CHECK_EQ(host_create(sim.host, 1, &config, &again), 0);
	CHECK_EQ(again->id, 1);
	CHECK_NE(again->unique_id, before);
	simhost_deinit(&sim);
}

#ifdef XEN_DOMCTL_get_domain_state
TEST(the_hypercall_tells_both_kinds)
{
	struct simhost sim;
	struct xen_domctl op = { .cmd = XEN_DOMCTL_get_domain_state, .domain = 2 };
	uint64_t unique_id;

	begin(&sim);
	unique_id = host_domain(sim.host, 2)->unique_id;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), 0);
	CHECK_EQ(op.u.get_domain_state.unique_id, unique_id);
	CHECK_EQ(op.u.get_domain_state.state, XEN_DOMCTL_GETDOMSTATE_STATE_EXIST);
	CHECK_EQ(op.u.get_domain_state.caps, 0);
	op.domain = 9;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), -ESRCH);
	for (uint16_t i = 0; i < 3; i++) {
		memset(&op.u, 0, sizeof(op.u));
		op.domain = DOMID_INVALID;
		CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), 0);
		CHECK_EQ(op.domain, i);
	}
	op.domain = DOMID_INVALID;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), -ENOENT);
	op.u.get_domain_state.pad0 = 1;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), -EINVAL);
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), -EACCES);
	simhost_deinit(&sim);
}
#endif
