/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains by hypercall: creation, pauses, memory, death. */
#include <errno.h>
#include <stdlib.h>

#include "core/evtchndev.h"
#include "core/memory.h"
#include "simhost.h"
#include "unit.h"

static void defaults(struct xen_domctl *op)
{
	memset(op, 0, sizeof(*op));
	op->u.createdomain.max_vcpus = 1;
	op->u.createdomain.max_evtchn_port = 1023;
	op->u.createdomain.max_grant_frames = 4;
	op->u.createdomain.grant_opts = 1;
}

static int64_t create(struct simhost *sim, uint16_t wanted, struct xen_domctl *op)
{
	int64_t r = simhost_domctl(sim, XEN_DOMCTL_createdomain, wanted, op);

	return r ? r : op->domain;
}

static int64_t simple(struct simhost *sim, uint32_t cmd, uint16_t domid)
{
	struct xen_domctl op;

	memset(&op, 0, sizeof(op));
	return simhost_domctl(sim, cmd, domid, &op);
}

static uint32_t flags(struct simhost *sim, uint16_t domid)
{
	struct xen_domctl op;

	memset(&op, 0, sizeof(op));
	CHECK_EQ(simhost_domctl(sim, XEN_DOMCTL_getdomaininfo, domid, &op), 0);
	return op.u.getdomaininfo.flags;
}

TEST(numbers_count_upwards_and_a_failure_uses_one_up)
{
	struct simhost sim;
	struct xen_domctl op;

	simhost_init(&sim);
	defaults(&op);
	CHECK_EQ(create(&sim, 0, &op), 1);
	CHECK_EQ(create(&sim, 0xffff, &op), 2);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_destroydomain, 2), 0);
	host_tidy(sim.host, false);
	op.u.createdomain.max_vcpus = 0;
	CHECK_EQ(create(&sim, 0, &op), -EINVAL);
	defaults(&op);
	CHECK_EQ(create(&sim, 0, &op), 4);
	CHECK_EQ(create(&sim, 500, &op), 500);
	CHECK_EQ(create(&sim, 0, &op), 5);
	CHECK_EQ(create(&sim, 500, &op), -EEXIST);
	CHECK_EQ(create(&sim, 0x7ff0, &op), 6);
	simhost_deinit(&sim);
}

TEST(creation_refuses_what_xen_refuses)
{
	struct simhost sim;
	struct xen_domctl op;

	simhost_init(&sim);
#define REFUSED(field, value, error)                   \
	do {                                           \
		defaults(&op);                         \
		op.u.createdomain.field = value;       \
		CHECK_EQ(create(&sim, 0, &op), error); \
	} while (0)
	REFUSED(max_vcpus, 8193, -EINVAL);
	REFUSED(flags, 1u << 20, -EINVAL);
	REFUSED(flags, XEN_DOMCTL_CDF_hvm, -EOPNOTSUPP);
	REFUSED(flags, XEN_DOMCTL_CDF_hap, -EINVAL);
	REFUSED(flags, XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, -EOPNOTSUPP);
	REFUSED(flags, XEN_DOMCTL_CDF_iommu, -EINVAL);
	REFUSED(iommu_opts, 1, -EINVAL);
	REFUSED(grant_opts, 0, -EINVAL);
	REFUSED(grant_opts, 3, -EINVAL);
	REFUSED(max_grant_frames, 0, -EINVAL);
	REFUSED(max_grant_frames, 65, -EINVAL);
	REFUSED(max_maptrack_frames, 1025, -EINVAL);
	REFUSED(vmtrace_size, 4096, -EINVAL);
	REFUSED(cpupool_id, 7, -ESRCH);
	REFUSED(arch.emulation_flags, XEN_X86_EMU_LAPIC, -EOPNOTSUPP);
	REFUSED(arch.emulation_flags, 1u << 30, -EINVAL);
	REFUSED(arch.misc_flags, 1u << 30, -EINVAL);
	CHECK_EQ(sim.host->n_domains, 1);
	simhost_deinit(&sim);
}

#define INFO_OF_NEXT (XEN_DOMCTL_INTERFACE_VERSION < 0x16) /* up to 4.17 */

TEST(a_domctl_looks_for_the_domain_before_the_command)
{
	struct simhost sim;
	struct xen_domctl op;

	simhost_init(&sim);
	CHECK_EQ(simple(&sim, 999, 0), -ENOSYS);
	CHECK_EQ(simple(&sim, 999, 999), -ESRCH);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_destroydomain, 0), -EINVAL);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_pausedomain, 0), -EINVAL);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_getdomaininfo, 0x7ff2), INFO_OF_NEXT ? -EINVAL : -ESRCH);
	memset(&op, 0, sizeof(op));
	op.cmd = XEN_DOMCTL_getdomaininfo;
	op.interface_version = 0x14;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0), -EACCES);
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_domctl, 0, 0, 0, 0), -EFAULT);
	CHECK_EQ(simhost_call(&sim, 1000, 0, 0, 0, 0), -ENOSYS);
	simhost_deinit(&sim);
}

TEST(getdomaininfo_answers_for_the_next_domain_above_up_to_4_17)
{
	struct simhost sim;
	struct xen_domctl op;
	struct domain *b;

	simhost_init(&sim);
	simhost_domain(&sim, 0);
	b = simhost_domain(&sim, 0);
	simhost_domain(&sim, 0);
	CHECK_EQ(domain_destroy(b), 0);
	host_tidy(sim.host, false);
	memset(&op, 0, sizeof(op));
	if (INFO_OF_NEXT) {
		CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_getdomaininfo, 2, &op), 0);
		CHECK_EQ(op.domain, 3);
	} else {
		CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_getdomaininfo, 2, &op), -ESRCH);
	}
	CHECK_EQ(simple(&sim, XEN_DOMCTL_getdomaininfo, 4), -ESRCH);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_pausedomain, 2), -ESRCH);
	simhost_deinit(&sim);
}

TEST(pauses_are_counted)
{
	struct simhost sim;
	struct xen_domctl op;

	simhost_init(&sim);
	defaults(&op);
	CHECK_EQ(create(&sim, 0, &op), 1);
	CHECK_EQ(flags(&sim, 1), 0xffff0008);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_pausedomain, 1), 0);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_unpausedomain, 1), 0);
	CHECK_EQ(flags(&sim, 1), 0xffff0008);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_unpausedomain, 1), 0); /* without a vCPU */
	CHECK_EQ(flags(&sim, 1), 0xffff0000);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_unpausedomain, 1), -EINVAL);
	CHECK_EQ(sim.n_ran, 0);
	simhost_deinit(&sim);
}

TEST(vcpus_come_in_the_number_that_creation_named)
{
	struct simhost sim;
	struct xen_domctl op;

	simhost_init(&sim);
	defaults(&op);
	op.u.createdomain.max_vcpus = 2;
	CHECK_EQ(create(&sim, 0, &op), 1);
	memset(&op, 0, sizeof(op));
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_getvcpuinfo, 1, &op), -ESRCH);
	op.u.max_vcpus.max = 1;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_max_vcpus, 1, &op), -EINVAL);
	op.u.max_vcpus.max = 2;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_max_vcpus, 1, &op), 0);
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_max_vcpus, 1, &op), 0);
	op.u.getvcpuinfo.vcpu = 2;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_getvcpuinfo, 1, &op), -EINVAL);
	op.u.vcpucontext.vcpu = 0;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_getvcpucontext, 1, &op), -ENODATA);
	simhost_deinit(&sim);
}

TEST(a_context_comes_back_and_its_page_table_cannot_change)
{
	struct simhost sim;
	struct xen_domctl op;
	vcpu_guest_context_t *in = calloc(1, sizeof(*in)), *out = calloc(1, sizeof(*out));
	struct domain *d;

	simhost_init(&sim);
	d = simhost_domain(&sim, 4);
	in->flags = VGCF_in_kernel | VGCF_online;
	in->user_regs.rip = 0x1234;
	in->user_regs.rsi = 0x65000;
	in->ctrlreg[3] = 0xabc000;
	in->kernel_sp = 0x6e000;
	memset(&op, 0, sizeof(op));
	op.u.vcpucontext.ctxt.p = in;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_setvcpucontext, d->id, &op), 0);
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_setvcpucontext, d->id, &op), 0);
	op.u.vcpucontext.ctxt.p = out;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_getvcpucontext, d->id, &op), 0);
	CHECK_EQ(out->ctrlreg[0], 0x80050033);
	out->ctrlreg[0] = out->ctrlreg[4] = 0;
	CHECK_MEM_EQ(in, out, sizeof(*in));
	in->ctrlreg[3] = 0xdef000;
	op.u.vcpucontext.ctxt.p = in;
	CHECK_EQ(simhost_domctl(&sim, XEN_DOMCTL_setvcpucontext, d->id, &op), -EOPNOTSUPP);
	CHECK_EQ(domain_unpause(d), 0);
	CHECK_EQ(sim.n_ran, 1);
	simhost_deinit(&sim);
	free(in);
	free(out);
}

TEST(populate_gives_what_limit_and_host_allow)
{
	struct simhost sim;
	struct domain *d;
	uint64_t mfn, first, n = 0;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	d->max_pages = 1024;
	CHECK_EQ(domain_populate(d, 0, 9, &first), 0);
	CHECK_EQ(domain_populate(d, 512, 9, &mfn), 0);
	CHECK(mfn < first); /* from the top down */
	CHECK_EQ(mfn % 512, 0);
	CHECK_EQ(domain_populate(d, 1024, 0, &mfn), -E2BIG);
	d->max_pages = 1 << 20;
	CHECK_EQ(domain_populate(d, 0, 18, &mfn), -ENOMEM);
	while (!domain_populate(d, 0, 9, &mfn))
		n++;
	CHECK(n > 30 && n < 64);
	CHECK_EQ(domain_destroy(d), 0);
	CHECK_EQ(host_tidy(sim.host, false), 0);
	d = simhost_domain(&sim, 0);
	d->max_pages = 1 << 20;
	CHECK_EQ(domain_populate(d, 0, 9, &first), 0);
	simhost_deinit(&sim);
}

TEST(a_claim_keeps_memory_from_others)
{
	struct simhost sim;
	struct domain *a, *b;
	uint64_t mfn, n_free;

	simhost_init(&sim);
	a = simhost_domain(&sim, 0);
	b = simhost_domain(&sim, 0);
	a->max_pages = b->max_pages = 1 << 20;
	n_free = host_n_free_pages(sim.host);
	CHECK_EQ(domain_claim(a, n_free + 1), -ENOMEM);
	CHECK_EQ(domain_claim(a, n_free - 10), 0);
	CHECK_EQ(domain_claim(a, 5), -EINVAL);
	CHECK_EQ(domain_populate(b, 0, 4, &mfn), -ENOMEM);
	CHECK_EQ(domain_populate(a, 0, 4, &mfn), 0);
	CHECK_EQ(a->claimed_pages, n_free - 26);
	CHECK_EQ(domain_claim(a, 0), 0);
	CHECK_EQ(domain_populate(b, 0, 4, &mfn), 0);
	simhost_deinit(&sim);
}

TEST(frames_belong_to_their_domain)
{
	struct simhost sim;
	struct domain *a, *b;
	uint64_t mfn;

	simhost_init(&sim);
	a = simhost_domain(&sim, 4);
	b = simhost_domain(&sim, 4);
	CHECK_EQ(domain_frame_for(a, a->extents[0].mfn, &mfn), 0);
	CHECK_EQ(domain_frame_for(a, a->shared_info, &mfn), 0);
	CHECK_EQ(domain_frame_for(a, b->extents[0].mfn, &mfn), -EBUSY);
	CHECK_EQ(domain_frame_for(a, 0, &mfn), -EPERM);
	CHECK_EQ(domain_frame_for(a, ~0ull, &mfn), -EINVAL);
	CHECK_EQ(domain_release_frame(a, a->extents[0].mfn), 0);
	CHECK_EQ(a->tot_pages, 3);
	CHECK_EQ(domain_release_frame(a, a->extents[0].mfn), -EINVAL);
	CHECK_EQ(domain_release_frame(a, a->shared_info), -EINVAL);
	simhost_deinit(&sim);
}

static void ignore(void *ctx)
{
	(void)ctx;
}

TEST(a_destroy_is_told_twice_and_a_shutdown_once)
{
	struct simhost sim;
	struct evtchndev_handle *handle;
	struct domain *d;
	uint32_t port, got[4];

	simhost_init(&sim);
	d = simhost_domain(&sim, 4);
	CHECK_EQ(evtchndev_open(sim.host->evtchndev, 1, ignore, NULL, &handle), 0);
	CHECK_EQ(evtchndev_bind_virq(handle, VIRQ_DOM_EXC, &port), 0);
	domain_shutdown(d, SHUTDOWN_suspend);
	CHECK_EQ(evtchndev_take(handle, got, 4), 1);
	evtchndev_unmask(handle, port);
	CHECK_EQ(flags(&sim, 1), 0x0002000c);
	domain_shutdown(d, SHUTDOWN_crash);
	CHECK_EQ(evtchndev_take(handle, got, 4), 0);
	CHECK_EQ(flags(&sim, 1), 0x0002000c); /* the first reason stays */
	CHECK_EQ(domain_destroy(d), 0);
	CHECK_EQ(evtchndev_take(handle, got, 4), 1);
	evtchndev_unmask(handle, port);
	CHECK_EQ(flags(&sim, 1), 0x0002000d);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_destroydomain, 1), 0);
	host_tidy(sim.host, false);
	CHECK_EQ(evtchndev_take(handle, got, 4), 1);
	CHECK_EQ(simple(&sim, XEN_DOMCTL_destroydomain, 1), -ESRCH);
	evtchndev_close(handle);
	simhost_deinit(&sim);
}

TEST(memory_op_in_a_multicall_answers_in_the_entry)
{
	struct simhost sim;
	struct xen_memory_reservation r = { .domid = 1, .nr_extents = 3 };
	multicall_entry_t entry = { .op = __HYPERVISOR_memory_op,
				    .args = { XENMEM_populate_physmap } };
	xen_pfn_t extents[] = { 0, 1, 2 };
	struct domain *d;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	d->max_pages = 2;
	set_xen_guest_handle(r.extent_start, extents);
	entry.args[1] = (uintptr_t)&r;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_multicall, (uintptr_t)&entry, 1, 0, 0), 0);
	CHECK_EQ(entry.result, 2);
	CHECK_NE(extents[0], 0);
	CHECK_EQ(extents[2], 2);
	CHECK_EQ(d->tot_pages, 2);
	r.domid = 999;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_multicall, (uintptr_t)&entry, 1, 0, 0), 0);
	CHECK_EQ(entry.result, 0);
	simhost_deinit(&sim);
}

TEST(the_console_ring_counts_bytes_for_ever)
{
	struct simhost sim;
	struct xen_sysctl op;
	char text[8192];
	uint32_t end;

	simhost_init(&sim);
	memset(&op, 0, sizeof(op));
	op.cmd = XEN_SYSCTL_readconsole;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	op.u.readconsole.incremental = 1;
	op.u.readconsole.buffer.p = text;
	op.u.readconsole.count = sizeof(text);
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_sysctl, (uintptr_t)&op, 0, 0, 0), 0);
	CHECK_EQ(op.u.readconsole.count, op.u.readconsole.index);
	CHECK(!strncmp(text, "(XEN) Xen version", 17));
	end = op.u.readconsole.index;
	op.u.readconsole.count = sizeof(text);
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_sysctl, (uintptr_t)&op, 0, 0, 0), 0);
	CHECK_EQ(op.u.readconsole.count, 0);
	host_print(sim.host, "more\n");
	op.u.readconsole.count = sizeof(text);
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_sysctl, (uintptr_t)&op, 0, 0, 0), 0);
	CHECK_EQ(op.u.readconsole.count, 5);
	CHECK_EQ(op.u.readconsole.index, end + 5);
	simhost_deinit(&sim);
}
