/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that fail on demand. */
#include <errno.h>

#include "core/fault.h"
#include "simhost.h"
#include "unit.h"

static int64_t create(struct simhost *sim)
{
	struct xen_domctl op;

	memset(&op, 0, sizeof(op));
	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.max_grant_frames = 4;
	op.u.createdomain.grant_opts = 1;
	return simhost_domctl(sim, XEN_DOMCTL_createdomain, 0, &op);
}

static int64_t pause_domain(struct simhost *sim, uint16_t domid)
{
	struct xen_domctl op;

	memset(&op, 0, sizeof(op));
	return simhost_domctl(sim, XEN_DOMCTL_pausedomain, domid, &op);
}

TEST(the_nth_call_fails_as_told)
{
	struct simhost sim;
	char why[64];

	simhost_init(&sim);
	CHECK_EQ(fault_command(sim.host->faults, "fail domctl.createdomain nth=2 errno=ENOMEM", why,
			       sizeof(why)),
		 0);
	for (int i = 1; i <= 3; i++)
		CHECK_EQ(create(&sim), i == 2 ? -ENOMEM : 0);
	CHECK_EQ(fault_command(sim.host->faults, "fail domctl.* times=1 errno=EBUSY # once", why,
			       sizeof(why)),
		 0);
	CHECK_EQ(pause_domain(&sim, 1), -EBUSY);
	CHECK_EQ(pause_domain(&sim, 1), 0);
	CHECK_EQ(fault_command(sim.host->faults, "fail domctl.pausedomain kill=2 nth=1", why,
			       sizeof(why)),
		 0);
	CHECK_EQ(pause_domain(&sim, 1), 0);
	CHECK(host_domain(sim.host, 2)->dying);
	CHECK_EQ(fault_command(sim.host->faults, "fail", why, sizeof(why)), -EINVAL);
	CHECK_EQ(fault_command(sim.host->faults, "fail x errno=ENOSUCH", why, sizeof(why)),
		 -EINVAL);
	CHECK_EQ(fault_command(sim.host->faults, "bogus x", why, sizeof(why)), -EINVAL);
	CHECK_EQ(fault_command(sim.host->faults, "", why, sizeof(why)), 0);
	simhost_deinit(&sim);
}

TEST(chance_repeats_with_its_seed)
{
	struct fault_plan *plan[2];
	char why[64];

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(fault_plan_new(&plan[i], 42), 0);
		CHECK_EQ(fault_command(plan[i], "fail x chance=30 errno=EIO", why, sizeof(why)), 0);
	}
	for (int i = 0, n_hit = 0; i < 1000; i++) {
		int error = fault_call(plan[0], "x").error;

		CHECK_EQ(error, fault_call(plan[1], "x").error);
		n_hit += error != 0;
		CHECK(i < 999 || (n_hit > 200 && n_hit < 400));
	}
	for (int i = 0; i < 2; i++)
		fault_plan_free(plan[i]);
}
