/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of domains; see hypercall.h. Source: xen/memory.h. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "domain.h"
#include "host.h"
#include "hypercall.h"
#include "interface.h"
#include "memory.h"
#include "resource.h"

typedef int64_t memory_fn(struct host *host, struct caller *caller, uint64_t arg);

static int64_t populate_physmap(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_memory_reservation r;
	struct domain *domain;
	uint64_t at, i;

	if (caller->read(caller, &r, arg, sizeof(r)) < 0)
		return -EFAULT;
	domain = hypercall_domain(host, r.domid);
	if (!domain)
		return 0; /* as many as were done */
	at = (uintptr_t)r.extent_start.p;
	for (i = 0; i < r.nr_extents; i++) {
		uint64_t pfn, mfn;

		if (caller->read(caller, &pfn, at + i * sizeof(pfn), sizeof(pfn)) < 0 ||
		    domain_populate(domain, pfn, r.extent_order, &mfn) < 0)
			break;
		/* A guest with its own view of memory goes on by the numbers that it gave. */
		if (!domain->config.hvm &&
		    caller->write(caller, at + i * sizeof(mfn), &mfn, sizeof(mfn)) < 0)
			break;
	}
	return (int64_t)i;
}

/* Like populate_physmap, but the guest is told nothing of where the frames are. */
static int64_t increase_reservation(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_memory_reservation r;
	const struct domain *domain;

	if (caller->read(caller, &r, arg, sizeof(r)) < 0)
		return -EFAULT;
	domain = hypercall_domain(host, r.domid);
	if (domain && domain->config.hvm)
		return hypercall_unknown(host, "memory_op", XENMEM_increase_reservation,
					 "increase_reservation of HVM");
	return populate_physmap(host, caller, arg);
}

static int64_t decrease_reservation(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_memory_reservation r;
	struct domain *domain;
	uint64_t at, i;

	if (caller->read(caller, &r, arg, sizeof(r)) < 0)
		return -EFAULT;
	domain = hypercall_domain(host, r.domid);
	if (!domain || r.extent_order > 18)
		return 0;
	at = (uintptr_t)r.extent_start.p;
	for (i = 0; i < r.nr_extents; i++) {
		uint64_t frame;

		if (caller->read(caller, &frame, at + i * sizeof(frame), sizeof(frame)) < 0)
			return (int64_t)i;
		for (uint64_t n = 0; n < 1ull << r.extent_order; n++)
			if (domain_release_frame(domain, frame + n) < 0)
				return (int64_t)i;
	}
	return (int64_t)i;
}

static int64_t claim_pages(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_memory_reservation r;
	struct domain *domain;

	if (caller->read(caller, &r, arg, sizeof(r)) < 0)
		return -EFAULT;
	if (r.extent_start.p || r.extent_order)
		return -EINVAL;
	domain = hypercall_domain(host, r.domid);
	return domain ? domain_claim(domain, r.nr_extents) : -EINVAL;
}

static struct domain *domain_at(struct host *host, struct caller *caller, uint64_t arg, int *error)
{
	struct domain *domain;
	domid_t domid;

	*error = caller->read(caller, &domid, arg, sizeof(domid));
	if (*error < 0)
		return NULL;
	domain = hypercall_domain(host, domid);
	if (!domain)
		*error = -ESRCH;
	return domain;
}

static int64_t current_reservation(struct host *host, struct caller *caller, uint64_t arg)
{
	int error;
	const struct domain *domain = domain_at(host, caller, arg, &error);

	return domain ? (int64_t)domain->tot_pages : error;
}

static int64_t maximum_reservation(struct host *host, struct caller *caller, uint64_t arg)
{
	int error;
	const struct domain *domain = domain_at(host, caller, arg, &error);

	return domain ? (int64_t)domain->max_pages : error;
}

static int64_t maximum_gpfn(struct host *host, struct caller *caller, uint64_t arg)
{
	int error;
	const struct domain *domain = domain_at(host, caller, arg, &error);

	if (!domain)
		return error;
	/* PV: what the guest has written into its shared_info, nothing before it runs. */
	return domain->config.hvm ? (int64_t)p2m_highest(&domain->p2m) : 0;
}

static int64_t maximum_ram_page(struct host *host, struct caller *caller, uint64_t arg)
{
	(void)caller, (void)arg;
	return (int64_t)memory_n_frames(host->memory) - 1;
}

static int64_t set_memory_map(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_foreign_memory_map map;

	if (caller->read(caller, &map, arg, sizeof(map)) < 0)
		return -EFAULT;
	if (map.map.nr_entries > 128)
		return -EINVAL;
	return hypercall_domain(host, map.domid) ? 0 : -ESRCH;
}

static int64_t nothing_shared(struct host *host, struct caller *caller, uint64_t arg)
{
	(void)host, (void)caller, (void)arg;
	return 0;
}

static int64_t get_vnumainfo(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_vnuma_topology_info info;

	if (caller->read(caller, &info, arg, sizeof(info)) < 0)
		return -EFAULT;
	if (info.pad)
		return -EINVAL;
	return hypercall_domain(host, info.domid) ? -EOPNOTSUPP : -ESRCH;
}

static int64_t add_to_physmap(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_add_to_physmap x;
	struct domain *domain;

	if (caller->read(caller, &x, arg, sizeof(x)) < 0)
		return -EFAULT;
	domain = hypercall_domain(host, x.domid);
	if (!domain)
		return -ESRCH;
	if (x.space != XENMAPSPACE_shared_info || x.idx)
		return hypercall_unknown(host, "memory_op.add_to_physmap space", x.space, NULL);
	domain->shared_info_gfn = x.gpfn;
	return 0;
}

static int64_t acquire_resource(struct host *host, struct caller *caller, uint64_t arg)
{
	struct xen_mem_acquire_resource x;
	uint64_t n;
	int r;

	if (caller->read(caller, &x, arg, sizeof(x)) < 0)
		return -EFAULT;
	if (x.pad)
		return -EINVAL;
	if (x.frame_list.p) /* mapping goes through resource.h, from the library */
		return hypercall_unknown(host, "memory_op", XENMEM_acquire_resource,
					 "acquire_resource with frames");
	r = resource_size(host, x.domid, x.type, x.id, &n);
	if (r < 0)
		return r;
	x.nr_frames = (uint32_t)n;
	return caller->write(caller, arg, &x, sizeof(x));
}

#define NAMED(command) [XENMEM_##command] = { #command, NULL }
#define ENTRY(command) [XENMEM_##command] = { #command, command }

static const struct {
	const char *name;
	memory_fn *fn; /* NULL: not simulated */
} commands[] = {
	ENTRY(increase_reservation),
	ENTRY(decrease_reservation),
	ENTRY(maximum_ram_page),
	ENTRY(current_reservation),
	ENTRY(maximum_reservation),
	NAMED(machphys_mfn_list),
	ENTRY(populate_physmap),
	ENTRY(add_to_physmap),
	NAMED(memory_map),
	NAMED(machine_memory_map),
	NAMED(exchange),
	NAMED(machphys_mapping),
	ENTRY(set_memory_map),
	ENTRY(maximum_gpfn),
	NAMED(remove_from_physmap),
	NAMED(set_pod_target),
	NAMED(get_pod_target),
	[XENMEM_get_sharing_freed_pages] = { "get_sharing_freed_pages", nothing_shared },
	[XENMEM_get_sharing_shared_pages] = { "get_sharing_shared_pages", nothing_shared },
	NAMED(paging_op),
	NAMED(access_op),
	NAMED(sharing_op),
	NAMED(add_to_physmap_batch),
	ENTRY(claim_pages),
	NAMED(machphys_compat_mfn_list),
	ENTRY(get_vnumainfo),
	NAMED(reserved_device_memory_map),
	ENTRY(acquire_resource),
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int64_t memory_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg)
{
	const char *name = cmd < N_COMMANDS ? commands[cmd].name : NULL;
	char full[64];
	int r;

	if (!name || !commands[cmd].fn)
		return hypercall_unknown(host, "memory_op", cmd, name);
	snprintf(full, sizeof(full), "memory_op.%s", name);
	r = hypercall_fault(host, full);
	return r < 0 ? r : commands[cmd].fn(host, caller, arg);
}
