/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are not there, or that name a domain that is not there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"

#define NOBODY 999

static void numbers(struct contract *c)
{
	section(c, "hypercall numbers");
	answer(c, "61", xencall0(c->call, 61));
	answer(c, "tmem", xencall0(c->call, 38));
	answer(c, "xsm with nothing", xencall1(c->call, __HYPERVISOR_xsm_op, 0));
	answer(c, "argo", xencall0(c->call, 39));
	answer(c, "1000", xencall0(c->call, 1000));
	answer(c, "xen_version 99", xencall2(c->call, __HYPERVISOR_xen_version, 99, 0));
	answer(c, "extraversion to nowhere", xencall2(c->call, __HYPERVISOR_xen_version, 1, 0));
	answer(c, "domctl of nowhere", xencall1(c->call, __HYPERVISOR_domctl, 0));
	answer(c, "sysctl of nowhere", xencall1(c->call, __HYPERVISOR_sysctl, 0));
	answer(c, "memory_op 50", xencall2(c->call, __HYPERVISOR_memory_op, 50, 0));
	answer(c, "event_channel_op 50", xencall2(c->call, __HYPERVISOR_event_channel_op, 50, 0));
	answer(c, "event_channel_op status of nowhere",
	       xencall2(c->call, __HYPERVISOR_event_channel_op, EVTCHNOP_status, 0));
	answer(c, "grant_table_op 50", xencall3(c->call, __HYPERVISOR_grant_table_op, 50, 0, 0));
	answer(c, "hvm_op 60", xencall2(c->call, __HYPERVISOR_hvm_op, 60, 0));
	answer(c, "sched_op 50", xencall2(c->call, __HYPERVISOR_sched_op, 50, 0));
}

static int sysctl_cmd(struct contract *c, uint32_t cmd, uint32_t version)
{
	struct xen_sysctl *op = xencall_alloc_buffer(c->call, sizeof(*op));
	int r, saved;

	memset(op, 0, sizeof(*op));
	op->cmd = cmd;
	op->interface_version = version;
	r = xencall1(c->call, __HYPERVISOR_sysctl, (uintptr_t)op);
	saved = errno;
	xencall_free_buffer(c->call, op);
	errno = saved;
	return r;
}

static void versions(struct contract *c)
{
	struct xen_domctl *op = xencall_alloc_buffer(c->call, sizeof(*op));

	section(c, "interface versions");
	memset(op, 0, sizeof(*op));
	op->cmd = XEN_DOMCTL_getdomaininfo;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1;
	answer(c, "domctl, one less", xencall1(c->call, __HYPERVISOR_domctl, (uintptr_t)op));
	xencall_free_buffer(c->call, op);
	answer(c, "sysctl, one less",
	       sysctl_cmd(c, XEN_SYSCTL_physinfo, XEN_SYSCTL_INTERFACE_VERSION - 1));
	answer(c, "sysctl 99", sysctl_cmd(c, 99, XEN_SYSCTL_INTERFACE_VERSION));
	answer(c, "sysctl 24 (removed)", sysctl_cmd(c, 24, XEN_SYSCTL_INTERFACE_VERSION));
	answer(c, "sysctl psr_cmt_op",
	       sysctl_cmd(c, XEN_SYSCTL_psr_cmt_op, XEN_SYSCTL_INTERFACE_VERSION));
	answer(c, "sysctl sched_id",
	       sysctl_cmd(c, XEN_SYSCTL_sched_id, XEN_SYSCTL_INTERFACE_VERSION));
}

static void no_such_domain(struct contract *c)
{
	static const uint32_t commands[] = {
		XEN_DOMCTL_destroydomain,
		XEN_DOMCTL_pausedomain,
		XEN_DOMCTL_unpausedomain,
		XEN_DOMCTL_getdomaininfo,
		XEN_DOMCTL_setvcpuaffinity,
		XEN_DOMCTL_shadow_op,
		XEN_DOMCTL_max_mem,
		XEN_DOMCTL_setvcpucontext,
		XEN_DOMCTL_getvcpucontext,
		XEN_DOMCTL_getvcpuinfo,
		XEN_DOMCTL_max_vcpus,
		XEN_DOMCTL_scheduler_op,
		XEN_DOMCTL_setdomainhandle,
		XEN_DOMCTL_hypercall_init,
		XEN_DOMCTL_settimeoffset,
		XEN_DOMCTL_getvcpuaffinity,
		XEN_DOMCTL_resumedomain,
		XEN_DOMCTL_gethvmcontext,
		XEN_DOMCTL_set_address_size,
		XEN_DOMCTL_get_address_size,
		XEN_DOMCTL_gettscinfo,
		XEN_DOMCTL_settscinfo,
		XEN_DOMCTL_setnodeaffinity,
		XEN_DOMCTL_getnodeaffinity,
		XEN_DOMCTL_soft_reset,
		XEN_DOMCTL_get_cpu_policy,
		XEN_DOMCTL_set_cpu_policy,
		XEN_DOMCTL_set_paging_mempool_size,
		XEN_DOMCTL_get_paging_mempool_size,
	};
	struct sched_remote_shutdown *s = xencall_alloc_buffer(c->call, sizeof(*s));
	struct xen_domctl op;
	char name[32];

	section(c, "a domain that is not there");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		memset(&op, 0, sizeof(op));
		snprintf(name, sizeof(name), "domctl %u", commands[i]);
		answer(c, name, domctl(c, commands[i], NOBODY, &op));
	}
	memset(&op, 0, sizeof(op));
	answer(c, "domctl 999", domctl(c, 999, NOBODY, &op));
	*s = (struct sched_remote_shutdown){ .domain_id = NOBODY };
	answer(c, "remote_shutdown",
	       xencall2(c->call, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, (uintptr_t)s));
	xencall_free_buffer(c->call, s);
	answer(c, "hvm parameter", xc_hvm_param_set(c->xch, NOBODY, HVM_PARAM_STORE_PFN, 1));
	answer(c, "alloc_unbound", xc_evtchn_alloc_unbound(c->xch, NOBODY, 0));
	answer(c, "claim_pages", xc_domain_claim_pages(c->xch, NOBODY, 1));
}

static void dom0_itself(struct contract *c)
{
	static const uint32_t pseudo[] = { 0x7ff0, 0x7ff1, 0x7ff2, 0x7ff4 };
	struct xen_domctl op;
	char name[32];

	section(c, "dom0 and pseudo-domains");
	memset(&op, 0, sizeof(op));
	answer(c, "destroy dom0", domctl(c, XEN_DOMCTL_destroydomain, 0, &op));
	answer(c, "pause dom0", domctl(c, XEN_DOMCTL_pausedomain, 0, &op));
	answer(c, "unpause dom0", domctl(c, XEN_DOMCTL_unpausedomain, 0, &op));
	answer(c, "resume dom0", domctl(c, XEN_DOMCTL_resumedomain, 0, &op));
	answer(c, "domctl 999 of dom0", domctl(c, 999, 0, &op));
	answer(c, "domctl 6 (removed) of dom0", domctl(c, 6, 0, &op));
	answer(c, "getvcpucontext of dom0", domctl(c, XEN_DOMCTL_getvcpucontext, 0, &op));
	answer(c, "hvm parameter of dom0", xc_hvm_param_set(c->xch, 0, HVM_PARAM_STORE_PFN, 1));
	for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++) {
		memset(&op, 0, sizeof(op));
		snprintf(name, sizeof(name), "getdomaininfo 0x%x", pseudo[i]);
		answer(c, name, domctl(c, XEN_DOMCTL_getdomaininfo, pseudo[i], &op));
	}
}

void contract_refusals(struct contract *c)
{
	numbers(c);
	versions(c);
	no_such_domain(c);
	dom0_itself(c);
}
