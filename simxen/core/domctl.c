/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of domctls, and the small ones; see domctl.h for the others. */
#include "domctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "domain.h"
#include "host.h"
#include "memory.h"

#define GPADDR_BITS   40
#define MAP_BYTES_MAX 8192 /* nobody has so many CPUs or nodes */

void domctl_fill_info(const struct domain *domain, struct xen_domctl_getdomaininfo *info)
{
	uint32_t run_state = XEN_DOMINF_blocked;
	const struct domain_config *config = &domain->config;

	memset(info, 0, sizeof(*info));
	info->domain = domain->id;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for (uint32_t i = 0; i < domain->n_vcpus; i++) {
		const struct domain_vcpu *vcpu = &domain->vcpus[i];

		info->max_vcpu_id = i;
		info->cpu_time += vcpu->cpu_time_ns;
		if (!vcpu->online)
			continue;
		info->nr_online_vcpus++;
		if (!vcpu->blocked)
			run_state &= ~(uint32_t)XEN_DOMINF_blocked;
	}
	if (!domain->id) {
		run_state |= XEN_DOMINF_running;
		info->cpu_time = host_now_ns(domain->host) - domain->host->boot_ns;
	}
	info->flags = info->nr_online_vcpus ? run_state : 0;
	info->flags |= (domain->dying ? XEN_DOMINF_dying : 0) |
		       (domain->shut_down ? XEN_DOMINF_shutdown : 0) |
		       (domain->pause_count ? XEN_DOMINF_paused : 0) |
		       (config->hvm ? XEN_DOMINF_hvm_guest : 0) |
		       (config->hap ? XEN_DOMINF_hap : 0) |
		       (config->xenstore_domain ? XEN_DOMINF_xs_domain : 0);
	info->flags |= (domain->shut_down ? domain->shutdown_code : 0xffffu)
		       << XEN_DOMINF_shutdownshift;
	info->tot_pages = domain->tot_pages;
	info->max_pages = domain->max_pages;
	info->outstanding_pages = domain->claimed_pages;
	info->shared_info_frame = config->hvm ? domain->shared_info_gfn : domain->shared_info;
	info->ssidref = config->ssidref;
	memcpy(info->handle, config->handle, sizeof(info->handle));
	info->cpupool = config->cpupool;
	info->gpaddr_bits = GPADDR_BITS;
	info->arch_config.emulation_flags = config->emulation_flags;
	info->arch_config.misc_flags = config->misc_flags;
}

int domctl_copy_map(struct caller *caller, const struct xenctl_bitmap *to, const uint8_t *map,
		    uint32_t n_bits)
{
	uint32_t n_bytes = to->nr_bits / 8 + (to->nr_bits % 8 != 0);

	if (n_bytes > MAP_BYTES_MAX)
		return -EFAULT;
	for (uint32_t i = 0; i < n_bytes; i++) {
		uint8_t byte = 0;

		for (uint32_t bit = 0; bit < 8 && 8 * i + bit < n_bits; bit++)
			byte |= (uint8_t)(map[i] & (1u << bit));
		if (caller->write(caller, (uintptr_t)to->bitmap.p + i, &byte, 1) < 0)
			return -EFAULT;
	}
	return 0;
}

static int destroydomain(struct host *host, struct caller *caller, struct domain *domain,
			 struct xen_domctl *op)
{
	(void)host, (void)caller, (void)op;
	return domain_destroy(domain);
}

static int pausedomain(struct host *host, struct caller *caller, struct domain *domain,
		       struct xen_domctl *op)
{
	(void)host, (void)caller, (void)op;
	if (!domain->id)
		return -EINVAL;
	domain_pause(domain);
	return 0;
}

static int unpausedomain(struct host *host, struct caller *caller, struct domain *domain,
			 struct xen_domctl *op)
{
	(void)host, (void)caller, (void)op;
	if (!domain->id)
		return -EINVAL;
	return domain_unpause(domain);
}

static int resumedomain(struct host *host, struct caller *caller, struct domain *domain,
			struct xen_domctl *op)
{
	(void)host, (void)caller, (void)op;
	if (!domain->id)
		return -EINVAL;
	domain_resume(domain);
	return 0;
}

static int getdomaininfo(struct host *host, struct caller *caller, struct domain *domain,
			 struct xen_domctl *op)
{
	(void)host, (void)caller;
	domctl_fill_info(domain, &op->u.getdomaininfo);
	op->domain = domain->id;
	return DOMCTL_COPY_BACK;
}

static int max_mem(struct host *host, struct caller *caller, struct domain *domain,
		   struct xen_domctl *op)
{
	(void)host, (void)caller;
	domain->max_pages = op->u.max_mem.max_memkb / 4;
	return 0;
}

static int nothing_to_do(struct host *host, struct caller *caller, struct domain *domain,
			 struct xen_domctl *op)
{
	(void)host, (void)caller, (void)domain, (void)op;
	return 0;
}

static int setdomainhandle(struct host *host, struct caller *caller, struct domain *domain,
			   struct xen_domctl *op)
{
	(void)host, (void)caller;
	memcpy(domain->config.handle, op->u.setdomainhandle.handle, sizeof(domain->config.handle));
	return 0;
}

static int hypercall_init(struct host *host, struct caller *caller, struct domain *domain,
			  struct xen_domctl *op)
{
	uint64_t mfn;
	int r = domain_frame_for(domain, op->u.hypercall_init.gmfn, &mfn);

	(void)caller;
	if (r < 0)
		return -EACCES;
	/* One stub of 32 bytes per hypercall: mov $nr, %eax; syscall; ret. */
	for (uint32_t nr = 0; nr < MEMORY_PAGE_BYTES / 32; nr++) {
		unsigned char *stub = (unsigned char *)memory_frame(host->memory, mfn) + 32 * nr;
		const unsigned char code[] = { 0xb8, (unsigned char)nr, 0, 0, 0, 0x0f, 0x05, 0xc3 };

		memset(stub, 0xcc, 32);
		memcpy(stub, code, sizeof(code));
	}
	return 0;
}

static int set_address_size(struct host *host, struct caller *caller, struct domain *domain,
			    struct xen_domctl *op)
{
	(void)host, (void)caller;
	if (op->u.address_size.size != 64 && (op->u.address_size.size != 32 || domain->config.hvm))
		return -EINVAL;
	if (op->u.address_size.size == 32 && domain->tot_pages)
		return -EACCES;
	domain->address_bits = op->u.address_size.size;
	return 0;
}

static int get_address_size(struct host *host, struct caller *caller, struct domain *domain,
			    struct xen_domctl *op)
{
	(void)host, (void)caller;
	op->u.address_size.size = domain->address_bits;
	return DOMCTL_COPY_BACK;
}

static int scheduler_op(struct host *host, struct caller *caller, struct domain *domain,
			struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

	(void)host, (void)caller;
	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (s->cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
		s->u.credit2.weight = (uint16_t)domain->weight;
		s->u.credit2.cap = (uint16_t)domain->cap;
		return DOMCTL_COPY_BACK;
	}
	if (s->cmd != XEN_DOMCTL_SCHEDOP_putinfo)
		return -EINVAL;
	if (s->u.credit2.weight)
		domain->weight = s->u.credit2.weight;
	if (s->u.credit2.cap != (uint16_t)~0u)
		domain->cap = s->u.credit2.cap;
	return 0;
}

static int settscinfo(struct host *host, struct caller *caller, struct domain *domain,
		      struct xen_domctl *op)
{
	(void)host, (void)caller;
	if (!domain->id)
		return -EINVAL;
	domain->tsc_mode = op->u.tsc_info.tsc_mode;
	return 0;
}

static int gettscinfo(struct host *host, struct caller *caller, struct domain *domain,
		      struct xen_domctl *op)
{
	(void)host, (void)caller;
	memset(&op->u.tsc_info, 0, sizeof(op->u.tsc_info));
	op->u.tsc_info.tsc_mode = domain->tsc_mode;
	return DOMCTL_COPY_BACK;
}

static int setnodeaffinity(struct host *host, struct caller *caller, struct domain *domain,
			   struct xen_domctl *op)
{
	const struct xenctl_bitmap *map = &op->u.nodeaffinity.nodemap;
	uint8_t first = 0;

	(void)host, (void)domain;
	if (map->nr_bits && caller->read(caller, &first, (uintptr_t)map->bitmap.p, 1) < 0)
		return -EFAULT;
	return first & 1 ? 0 : -EINVAL; /* there is node 0 */
}

static int getnodeaffinity(struct host *host, struct caller *caller, struct domain *domain,
			   struct xen_domctl *op)
{
	static const uint8_t node0[8] = { 1 };

	(void)host, (void)domain;
	return domctl_copy_map(caller, &op->u.nodeaffinity.nodemap, node0, 64);
}

static int get_paging_mempool_size(struct host *host, struct caller *caller, struct domain *domain,
				   struct xen_domctl *op)
{
	(void)host, (void)caller;
	if (!domain->config.hap)
		return -EOPNOTSUPP;
	op->u.paging_mempool.size = domain->paging_pool_bytes;
	return DOMCTL_COPY_BACK;
}

static int set_paging_mempool_size(struct host *host, struct caller *caller, struct domain *domain,
				   struct xen_domctl *op)
{
	(void)host, (void)caller;
	if (!domain->config.hap)
		return -EOPNOTSUPP;
	if (op->u.paging_mempool.size % MEMORY_PAGE_BYTES)
		return -EINVAL;
	domain->paging_pool_bytes = op->u.paging_mempool.size;
	return 0;
}

#ifdef XEN_DOMCTL_get_domain_state /* from 4.21 on */
/* Without @domain: the next that has changed. */
static int get_domain_state(struct host *host, struct caller *caller, struct domain *domain,
			    struct xen_domctl *op)
{
	struct xen_domctl_get_domain_state *s = &op->u.get_domain_state;
	uint16_t domid;
	int r;

	(void)caller;
	if (s->pad0)
		return -EINVAL;
	if (!domain) {
		r = changes_next(host, &domid);
		if (r < 0)
			return r;
		domain = host_domain(host, domid);
		op->domain = domid;
	}
	memset(s, 0, sizeof(*s));
	if (!domain)
		return DOMCTL_COPY_BACK;
	/* What is dying here is what Xen calls dead: it waits for the last of its pages. */
	s->state = XEN_DOMCTL_GETDOMSTATE_STATE_EXIST |
		   (domain->dying ? XEN_DOMCTL_GETDOMSTATE_STATE_DEAD : 0) |
		   (domain->shut_down ? XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN : 0);
	if (!domain->id)
		s->caps = XEN_DOMCTL_GETDOMSTATE_CAP_CONTROL | XEN_DOMCTL_GETDOMSTATE_CAP_HARDWARE;
	if (domain->config.xenstore_domain)
		s->caps |= XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE;
	s->unique_id = domain->unique_id;
	return DOMCTL_COPY_BACK;
}
#endif

#define NAMED(command) [XEN_DOMCTL_##command] = { #command, NULL }
#define ENTRY(command) [XEN_DOMCTL_##command] = { #command, command }
#define OTHER(command) [XEN_DOMCTL_##command] = { #command, domctl_##command }

static const struct {
	const char *name;
	domctl_fn *fn; /* NULL: not simulated */
} commands[] = {
	OTHER(createdomain),
	ENTRY(destroydomain),
	ENTRY(pausedomain),
	ENTRY(unpausedomain),
	ENTRY(getdomaininfo),
	OTHER(setvcpuaffinity),
	NAMED(shadow_op),
	ENTRY(max_mem),
	OTHER(setvcpucontext),
	OTHER(getvcpucontext),
	OTHER(getvcpuinfo),
	OTHER(max_vcpus),
	ENTRY(scheduler_op),
	ENTRY(setdomainhandle),
	[XEN_DOMCTL_setdebugging] = { "setdebugging", nothing_to_do },
	NAMED(irq_permission),
	NAMED(iomem_permission),
	NAMED(ioport_permission),
	ENTRY(hypercall_init),
	[XEN_DOMCTL_settimeoffset] = { "settimeoffset", nothing_to_do },
	OTHER(getvcpuaffinity),
	ENTRY(resumedomain),
	NAMED(sendtrigger),
	NAMED(subscribe),
	OTHER(gethvmcontext),
	OTHER(sethvmcontext),
	ENTRY(set_address_size),
	ENTRY(get_address_size),
	NAMED(assign_device),
	NAMED(bind_pt_irq),
	NAMED(memory_mapping),
	NAMED(ioport_mapping),
	NAMED(set_ext_vcpucontext),
	NAMED(get_ext_vcpucontext),
	NAMED(test_assign_device),
	[XEN_DOMCTL_set_target] = { "set_target", nothing_to_do },
	NAMED(deassign_device),
	NAMED(unbind_pt_irq),
	NAMED(get_device_group),
	NAMED(debug_op),
	NAMED(gethvmcontext_partial),
	NAMED(vm_event_op),
	NAMED(mem_sharing_op),
	ENTRY(gettscinfo),
	ENTRY(settscinfo),
	NAMED(getpageframeinfo3),
	NAMED(setvcpuextstate),
	NAMED(getvcpuextstate),
	NAMED(set_access_required),
	NAMED(audit_p2m),
	NAMED(set_virq_handler),
	NAMED(set_broken_page_p2m),
	ENTRY(setnodeaffinity),
	ENTRY(getnodeaffinity),
	NAMED(cacheflush),
	NAMED(get_vcpu_msrs),
	NAMED(set_vcpu_msrs),
	NAMED(setvnumainfo),
	NAMED(psr_cmt_op),
	NAMED(monitor_op),
	NAMED(psr_alloc),
	NAMED(soft_reset),
	NAMED(vuart_op),
	OTHER(get_cpu_policy),
	OTHER(set_cpu_policy),
	NAMED(vmtrace_op),
	ENTRY(get_paging_mempool_size),
	ENTRY(set_paging_mempool_size),
#ifdef XEN_DOMCTL_get_domain_state
	ENTRY(get_domain_state),
#endif
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The calls that stay as they are have the version 0. */
static uint32_t version_of(const struct xen_domctl *op)
{
#ifdef XEN_DOMCTL_get_domain_state
	if (op->cmd == XEN_DOMCTL_get_domain_state)
		return 0;
#endif
	(void)op;
	return XEN_DOMCTL_INTERFACE_VERSION;
}

static bool asks_who_changed(const struct xen_domctl *op)
{
	return !version_of(op) && op->domain == DOMID_INVALID;
}

/* Up to 4.17 getdomaininfo answers for the next domain above where there is none of that number. */
#define INFO_OF_NEXT (XEN_DOMCTL_INTERFACE_VERSION < 0x16)

static int find_domain(struct host *host, const struct xen_domctl *op, struct domain **domain)
{
	*domain = host_domain(host, op->domain);
	if (INFO_OF_NEXT && op->cmd == XEN_DOMCTL_getdomaininfo) {
		if (op->domain >= HOST_DOMIDS)
			return -EINVAL;
		*domain = host_next_domain(host, op->domain);
	}
	if (op->domain == DOMID_SELF)
		*domain = host_domain(host, 0);
	return *domain || op->cmd == XEN_DOMCTL_createdomain || asks_who_changed(op) ? 0 : -ESRCH;
}

int64_t domctl(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_domctl op;
	struct domain *domain;
	char name[64];
	int r;

	if (caller->read(caller, &op, arg, sizeof(op)) < 0)
		return -EFAULT;
	if (op.interface_version != version_of(&op))
		return -EACCES;
	if (op.cmd < N_COMMANDS && commands[op.cmd].name) {
		snprintf(name, sizeof(name), "domctl.%s", commands[op.cmd].name);
		r = hypercall_fault(host, name);
		if (r < 0)
			return r;
	}
	r = find_domain(host, &op, &domain);
	if (r < 0)
		return r;
	if (op.cmd >= N_COMMANDS || !commands[op.cmd].fn)
		return hypercall_unknown(host, "domctl", op.cmd,
					 op.cmd < N_COMMANDS ? commands[op.cmd].name : NULL);
	r = commands[op.cmd].fn(host, caller, domain, &op);
	if (r < 0)
		return r;
	if (r == DOMCTL_COPY_BACK && caller->write(caller, arg, &op, sizeof(op)) < 0)
		return -EFAULT;
	return 0;
}
