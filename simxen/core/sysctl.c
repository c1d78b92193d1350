/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about the host; see hypercall.h. Source: xen/sysctl.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "conring.h"
#include "domain.h"
#include "domctl.h"
#include "domctl_policy.h"
#include "host.h"
#include "hypercall.h"
#include "interface.h"
#include "memory.h"

#define READCONSOLE_MAX (1 << 20)
#define CPU_KHZ		2000000

typedef int sysctl_fn(struct host *host, struct caller *caller, struct xen_sysctl *op);

static int readconsole(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *c = &op->u.readconsole;
	uint32_t size = c->count < READCONSOLE_MAX ? c->count : READCONSOLE_MAX;
	CLEANUP(free) char *text = malloc(size ? size : 1);

	if (!text)
		return -ENOMEM;
	c->count = conring_read(host->conring, c->incremental, c->clear, &c->index, text, size);
	return caller->write(caller, (uintptr_t)c->buffer.p, text, c->count);
}

static int physinfo(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	static const uint32_t hw_cap[] = { 0x178bf3fd, 0xc0002001, 0x20100800, 0x00000007 };
	struct xen_sysctl_physinfo *p = &op->u.physinfo;

	(void)caller;
	memset(p, 0, sizeof(*p));
	p->threads_per_core = 1;
	p->cores_per_socket = host->config.n_cpus;
	p->nr_cpus = host->config.n_cpus;
	p->max_cpu_id = host->config.n_cpus - 1;
	p->nr_nodes = 1;
	p->max_node_id = 63;
	p->cpu_khz = CPU_KHZ;
	p->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hap |
			  XEN_SYSCTL_PHYSCAP_gnttab_v1 | XEN_SYSCTL_PHYSCAP_gnttab_v2;
	p->total_pages = memory_n_frames(host->memory);
	p->free_pages = host_n_free_pages(host);
	p->outstanding_pages = host->outstanding_pages;
	p->max_mfn = memory_n_frames(host->memory) - 1;
	memcpy(p->hw_cap, hw_cap, sizeof(hw_cap));
	return 0;
}

static int sched_id(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	(void)host, (void)caller;
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

static int getdomaininfolist(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
	uint64_t to = (uintptr_t)l->buffer.p;
	struct domain *domain = host_next_domain(host, l->first_domain);
	uint32_t n = 0;

	for (; domain && n < l->max_domains; domain = host_next_domain(host, domain->id + 1u)) {
		struct xen_domctl_getdomaininfo info;

		domctl_fill_info(domain, &info);
		if (caller->write(caller, to + n * sizeof(info), &info, sizeof(info)) < 0)
			return -EFAULT;
		n++;
	}
	l->num_domains = n;
	return 0;
}

static int getcpuinfo(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *c = &op->u.getcpuinfo;
	struct xen_sysctl_cpuinfo info = { .idletime = host_now_ns(host) - host->boot_ns };
	uint32_t n = c->max_cpus < host->config.n_cpus ? c->max_cpus : host->config.n_cpus;

	for (uint32_t i = 0; i < n; i++)
		if (caller->write(caller, (uintptr_t)c->info.p + i * sizeof(info), &info,
				  sizeof(info)) < 0)
			return -EFAULT;
	c->nr_cpus = n;
	return 0;
}

static int availheap(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	(void)caller;
	op->u.availheap.avail_bytes = host_n_free_pages(host) * MEMORY_PAGE_BYTES;
	return 0;
}

static int cputopoinfo(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
	uint32_t n = t->num_cpus < host->config.n_cpus ? t->num_cpus : host->config.n_cpus;

	for (uint32_t i = 0; t->cputopo.p && i < n; i++) {
		struct xen_sysctl_cputopo cpu = { .core = i };

		if (caller->write(caller, (uintptr_t)t->cputopo.p + i * sizeof(cpu), &cpu,
				  sizeof(cpu)) < 0)
			return -EFAULT;
	}
	t->num_cpus = t->cputopo.p ? n : host->config.n_cpus;
	return 0;
}

static int numainfo(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *n = &op->u.numainfo;
	struct xen_sysctl_meminfo info = {
		.memsize = memory_n_frames(host->memory) * MEMORY_PAGE_BYTES,
		.memfree = host_n_free_pages(host) * MEMORY_PAGE_BYTES,
	};
	uint32_t distance = 10;

	if (n->num_nodes && n->meminfo.p &&
	    caller->write(caller, (uintptr_t)n->meminfo.p, &info, sizeof(info)) < 0)
		return -EFAULT;
	if (n->num_nodes && n->distance.p &&
	    caller->write(caller, (uintptr_t)n->distance.p, &distance, sizeof(distance)) < 0)
		return -EFAULT;
	n->num_nodes = 1;
	return 0;
}

static int cpupool_op(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;
	uint8_t map[32] = { 0 };

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		/* The pool asked for or the next above; there is one. */
		if (p->cpupool_id)
			return -ENOENT;
		p->sched_id = XEN_SCHEDULER_CREDIT2;
		p->n_dom = host->n_domains;
		memset(map, 0xff, sizeof(map));
		return domctl_copy_map(caller, &p->cpumap, map, host->config.n_cpus);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return domctl_copy_map(caller, &p->cpumap, map, host->config.n_cpus);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		if (!host_domain(host, (uint16_t)p->domid))
			return -ESRCH;
		return p->cpupool_id ? -ENOENT : 0;
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		return p->cpupool_id ? -ENOENT : -EBUSY;
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		return p->cpupool_id ? -ENOENT : -ENODEV; /* it has them all */
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		if (p->cpupool_id)
			return -ENOENT;
		return hypercall_unknown(host, "sysctl.cpupool_op", p->op, "cpupool rmcpu");
	default: /* a pool beside the first */
		return hypercall_unknown(host, "sysctl.cpupool_op", p->op, NULL);
	}
}

/* No device is known here: the simulated machine has no PCI. */
static int pcitopoinfo(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	const struct xen_sysctl_pcitopoinfo *t = &op->u.pcitopoinfo;
	const uint32_t none = XEN_INVALID_DEV;

	(void)host;
	if (!t->devs.p || !t->nodes.p)
		return -EINVAL;
	for (uint32_t i = 0; i < t->num_devs; i++) {
		physdev_pci_device_t dev;

		if (caller->read(caller, &dev, (uintptr_t)t->devs.p + i * sizeof(dev),
				 sizeof(dev)) < 0 ||
		    caller->write(caller, (uintptr_t)t->nodes.p + i * sizeof(none), &none,
				  sizeof(none)) < 0)
			return -EFAULT;
	}
	return 0;
}

static int get_cpu_featureset(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;

	(void)host;
	if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EINVAL;
	return policy_features(caller, (uintptr_t)f->features.p, &f->nr_features);
}

static int get_cpu_policy(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *p = &op->u.cpu_policy;

	(void)host;
	if (p->index > XEN_SYSCTL_cpu_policy_hvm_default)
		return -EINVAL;
	return policy_leaves(caller, (uintptr_t)p->leaves.p, &p->nr_leaves, (uintptr_t)p->msrs.p,
			     &p->nr_msrs);
}

/* Scheduler-wide parameters: only the rate limit is asked for. */
static int scheduler_op(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;

	(void)caller;
	if (s->cpupool_id)
		return -ESRCH;
	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		host->ratelimit_us = s->u.sched_credit2.ratelimit_us;
	s->u.sched_credit2.ratelimit_us = host->ratelimit_us;
	return 0;
}

static int debug_keys(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	(void)caller;
	host_print(host, "(XEN) %u debug keys were pressed\n", op->u.debug_keys.nr_keys);
	return 0;
}

static int no_such_hardware(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	(void)host, (void)caller, (void)op;
	return -ENODEV;
}

static int livepatch_op(struct host *host, struct caller *caller, struct xen_sysctl *op)
{
	(void)host, (void)caller, (void)op;
	return -EINVAL;
}

#define NAMED(command) [XEN_SYSCTL_##command] = { #command, NULL }
#define ENTRY(command) [XEN_SYSCTL_##command] = { #command, command }

static const struct {
	const char *name;
	sysctl_fn *fn; /* NULL: not simulated */
} commands[] = {
	ENTRY(readconsole),
	NAMED(tbuf_op),
	ENTRY(physinfo),
	ENTRY(sched_id),
	NAMED(perfc_op),
	ENTRY(getdomaininfolist),
	ENTRY(debug_keys),
	ENTRY(getcpuinfo),
	ENTRY(availheap),
	NAMED(get_pmstat),
	NAMED(cpu_hotplug),
	NAMED(pm_op),
	NAMED(page_offline_op),
	NAMED(lockprof_op),
	ENTRY(cputopoinfo),
	ENTRY(numainfo),
	ENTRY(cpupool_op),
	ENTRY(scheduler_op),
	NAMED(coverage_op),
	[XEN_SYSCTL_psr_cmt_op] = { "psr_cmt_op", no_such_hardware },
	ENTRY(pcitopoinfo),
	[XEN_SYSCTL_psr_alloc] = { "psr_alloc", no_such_hardware },
#ifdef XEN_SYSCTL_get_cpu_levelling_caps /* up to 4.21 */
	NAMED(get_cpu_levelling_caps),
#endif
	ENTRY(get_cpu_featureset),
	[XEN_SYSCTL_livepatch_op] = { "livepatch_op", livepatch_op },
	ENTRY(get_cpu_policy),
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int64_t sysctl_op(struct host *host, struct caller *caller, uint64_t arg)
{
	const char *name = NULL;
	struct xen_sysctl op;
	char full[64];
	int r;

	if (caller->read(caller, &op, arg, sizeof(op)) < 0)
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd < N_COMMANDS)
		name = commands[op.cmd].name;
	if (!name || !commands[op.cmd].fn)
		return hypercall_unknown(host, "sysctl", op.cmd, name);
	snprintf(full, sizeof(full), "sysctl.%s", name);
	r = hypercall_fault(host, full);
	if (r < 0)
		return r;
	r = commands[op.cmd].fn(host, caller, &op);
	if (r < 0)
		return r;
	return caller->write(caller, arg, &op, sizeof(op));
}
