/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function a resource; each puts one limit into the capacity, a known one or an unknown one
 * with its reason.
 */
#include "measure.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "capacity.h"
#include "census.h"
#include "daemons.h"
#include "guest.h"
#include "hyper.h"
#include "sysfacts.h"

#define CONSOLE_FDS_OURS	3     /* both sides of the terminal, and the log */
#define DOMIDS_MAX		32751 /* xen/xen.h, DOMID_FIRST_RESERVED - 1, without domain 0 */
#define GRANT_FRAMES_DEFAULT	64
#define GRANTS_A_FRAME		512
#define MAPTRACK_FRAMES_DEFAULT 1024
#define MAPTRACK_A_FRAME	256
#define PTYS_MAX		((1 << 20) - 1) /* Linux, NR_UNIX98_PTY_MAX */
#define NODES_A_GUEST		1000		/* xenstored's quotas if nobody changes them */
#define WATCHES_A_GUEST		100		/* 128 with the C implementation */

void measure_facts(struct demand_facts *facts, const struct census *census)
{
	const struct census_domain *self = census_find(census, census->self);
	struct daemons_process store, console;
	uint64_t value;

	*facts = demand_facts_default(sysfacts_cpus());
	if (sysfacts_parameter(&value, "xen_netback/parameters/max_queues") == 0 && value)
		facts->vif_max_queues = value;
	if (sysfacts_parameter(&value, "xen_netback/parameters/separate_tx_rx_irq") == 0)
		facts->split = value;
	if (sysfacts_parameter(&value, "xen_blkback/parameters/max_queues") == 0 && value)
		facts->vbd_max_queues = value;
	if (sysfacts_parameter(&value, "xen_blkback/parameters/max_persistent_grants") == 0)
		facts->vbd_persistent_grants = value;
	if (daemons_store(&store) == 0)
		facts->store_maps_grants = strcmp(store.name, "xenstored") == 0;
	if (daemons_console(&console) == 0 && !daemons_is_stock(&console))
		facts->console_fds = CONSOLE_FDS_OURS;
	/* A PV kernel's gntdev maps a page for itself and for the process; others map it once. */
	if (self && self->type != DOMTYPE_PV)
		facts->process_maps = 1;
	for (size_t i = 0; i < census->n_domains; i++)
		facts->store_elsewhere |= census->domains[i].is_store &&
					  census->domains[i].domid != census->self;
}

static int set_unknown(struct capacity *capacity, enum demand_resource resource, const char *where,
		       const char *what, int error)
{
	const struct capacity_limit limit = { .resource = resource, .where = (char *)where };

	return capacity_set(capacity, &limit, "%s: %s", what, strerror(-error));
}

static int set_use(struct capacity *capacity, enum demand_resource resource, const char *where,
		   const struct sysfacts_use *use, int error, const char *source)
{
	const struct capacity_limit limit = {
		.resource = resource,
		.where = (char *)where,
		.limit = use->limit,
		.maybe = use->limit,
		.used = use->used,
		.certainty = CAPACITY_MEASURED,
	};

	if (error < 0)
		return set_unknown(capacity, resource, where, source, error);
	return capacity_set(capacity, &limit, "%s", source);
}

static int set_ports(struct capacity *capacity, const struct census_domain *domain,
		     const char *where, uint64_t reserve)
{
	uint32_t cap = domain->cap.source == CAP_SOURCE_UNKNOWN ? CAP_NONE : domain->cap.max_port;
	bool sure = domain->abi.proof == ABI_PROVEN;
	const struct capacity_limit limit = {
		.resource = DEMAND_PORTS,
		.where = (char *)where,
		.limit = census_usable(domain),
		.maybe = sure ? census_usable(domain) : cap_usable(cap, abi_ports(ABI_FIFO)),
		.used = domain->tally.n_used,
		.pending = domain->n_pending,
		.reserve = reserve,
		.certainty = sure ? CAPACITY_MEASURED : CAPACITY_ASSUMED,
	};

	if (domain->scan.error)
		return set_unknown(capacity, DEMAND_PORTS, where, "its table", domain->scan.error);
	return capacity_set(capacity, &limit, "%s, %s: %s", abi_name(domain->abi.kind),
			    abi_proof_name(domain->abi.proof), domain->abi.why);
}

/* Each connection has at least its ring mapped, mostly by a process; what else is, nobody tells. */
static int set_maptrack(struct capacity *capacity, struct hyper *hyper,
			const struct census_domain *domain, const char *where)
{
	uint64_t frames = MAPTRACK_FRAMES_DEFAULT;
	int r = hyper_parameter(hyper, "gnttab_max_maptrack_frames", &frames);
	uint32_t n_each = domain->type == DOMTYPE_PV ? 2 : 1;
	struct capacity_limit limit = {
		.resource = DEMAND_MAPTRACK,
		.where = (char *)where,
		.limit = frames * MAPTRACK_A_FRAME,
		.maybe = frames * MAPTRACK_A_FRAME,
		.used = (uint64_t)(domain->tally.n_kind[SCAN_INTERDOMAIN] - domain->tally.n_self) *
			n_each,
		.certainty = CAPACITY_ASSUMED,
	};
	const char *source = r < 0 ? "the default; counted by connections in use"
				   : "gnttab_max_maptrack_frames; counted by connections in use";

	if (capacity_set(capacity, &limit, "%s", source) < 0)
		return -ENOMEM;
	limit.resource = DEMAND_MAPTRACK_BUSY;
	return capacity_set(capacity, &limit, "%s", source);
}

static int set_serving_domain(struct capacity *capacity, struct hyper *hyper,
			      const struct census *census, const char *where, uint64_t reserve)
{
	const struct census_domain *domain = where ? census_find_name(census, where)
						   : census_find(census, 0);
	char *end = NULL;
	uint64_t domid = where ? strtoul(where, &end, 10) : 0;

	if (!domain && where && *where && !*end && domid < UINT32_MAX)
		domain = census_find(census, domid);
	if (!domain)
		return set_unknown(capacity, DEMAND_PORTS, where, "there is no such domain",
				   -ENOENT);
	if (set_ports(capacity, domain, where, reserve) < 0)
		return -ENOMEM;
	return set_maptrack(capacity, hyper, domain, where);
}

static int set_memory(struct capacity *capacity, struct hyper *hyper)
{
	uint64_t free_kib, total_kib;
	int r = hyper_memory(hyper, &free_kib, &total_kib);
	const struct capacity_limit limit = {
		.resource = DEMAND_MEMORY,
		.limit = r < 0 ? 0 : total_kib,
		.maybe = r < 0 ? 0 : total_kib,
		.used = r < 0 ? 0 : total_kib - free_kib,
		.reserve = MEASURE_RESERVE_KIB,
		.certainty = CAPACITY_MEASURED,
	};

	if (r < 0)
		return set_unknown(capacity, DEMAND_MEMORY, NULL, "the hypervisor's physinfo", r);
	return capacity_set(capacity, &limit, "the hypervisor");
}

static int set_fixed(struct capacity *capacity, enum demand_resource resource, uint64_t limit,
		     uint64_t used, const char *source)
{
	const struct capacity_limit entry = {
		.resource = resource,
		.limit = limit,
		.maybe = limit,
		.used = used,
		.certainty = CAPACITY_MEASURED,
	};

	return capacity_set(capacity, &entry, "%s", source);
}

/* The kernel's limit is a setting that a xenconsoled may raise when it is met; the stock one does
 * not. */
static int set_ptys(struct capacity *capacity)
{
	struct daemons_process console;
	struct sysfacts_use use = { 0 };
	int r = sysfacts_ptys(&use);
	bool fixed = daemons_console(&console) == 0 && daemons_is_stock(&console);
	const struct capacity_limit limit = {
		.resource = DEMAND_PTYS,
		.limit = use.limit,
		.maybe = fixed ? use.limit : PTYS_MAX,
		.used = use.used,
		.certainty = fixed ? CAPACITY_MEASURED : CAPACITY_ASSUMED,
	};

	if (r < 0)
		return set_unknown(capacity, DEMAND_PTYS, NULL, "sysctl kernel.pty", r);
	return capacity_set(capacity, &limit,
			    fixed ? "sysctl kernel.pty" : "sysctl kernel.pty, if nobody raises it");
}

/* What every domain has of its own. */
static int set_own(struct capacity *capacity, struct hyper *hyper)
{
	uint64_t frames = GRANT_FRAMES_DEFAULT;
	bool given = hyper_parameter(hyper, "gnttab_max_frames", &frames) == 0;

	if (set_fixed(capacity, DEMAND_GUEST_GRANTS, frames * GRANTS_A_FRAME, 0,
		      given ? "gnttab_max_frames" : "64 frames, the default") < 0 ||
	    set_fixed(capacity, DEMAND_GUEST_NODES, NODES_A_GUEST, 0, "xenstored's usual quota") <
		    0)
		return -ENOMEM;
	return set_fixed(capacity, DEMAND_GUEST_WATCHES, WATCHES_A_GUEST, 0,
			 "xenstored's usual quota");
}

static int set_descriptors(struct capacity *capacity, enum demand_resource resource,
			   const struct daemons_process *process, int error, const char *source)
{
	struct sysfacts_use use = { 0 };

	if (!error)
		error = sysfacts_descriptors(&use, process->pid);
	return set_use(capacity, resource, NULL, &use, error, source);
}

static int set_daemons(struct capacity *capacity)
{
	struct daemons_process process;
	int r = daemons_console(&process);

	if (set_descriptors(capacity, DEMAND_CONSOLE_FDS, &process, r,
			    "xenconsoled's limit of open files") < 0)
		return -ENOMEM;
	r = daemons_store(&process);
	return set_descriptors(capacity, DEMAND_STORE_FDS, &process, r,
			       "xenstored's limit of open files");
}

static int set_places(struct capacity *capacity, struct hyper *hyper, const struct census *census,
		      const struct guest *guest)
{
	for (size_t i = 0; i < guest->n_devices; i++) {
		const struct guest_device *device = &guest->devices[i];
		struct sysfacts_use use = { 0 };

		if (device->backend && !capacity_get(capacity, DEMAND_PORTS, device->backend) &&
		    set_serving_domain(capacity, hyper, census, device->backend, 0) < 0)
			return -ENOMEM;
		if (device->bridge && !device->backend &&
		    !capacity_get(capacity, DEMAND_BRIDGE_PORTS, device->bridge)) {
			int r = sysfacts_bridge(&use, device->bridge);

			if (set_use(capacity, DEMAND_BRIDGE_PORTS, device->bridge, &use, r,
				    "the bridge") < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

int measure_capacity(struct capacity *capacity, struct hyper *hyper, const struct census *census,
		     const struct guest *guests, size_t n_guests, uint64_t reserve_ports)
{
	struct sysfacts_use tasks = { 0 };
	int r_tasks = sysfacts_tasks(&tasks);
	uint64_t n_guests_now = census->n_domains ? census->n_domains - 1 : 0;

	if (set_serving_domain(capacity, hyper, census, NULL, reserve_ports) < 0 ||
	    set_fixed(capacity, DEMAND_DOMIDS, DOMIDS_MAX, n_guests_now,
		      "the hypervisor's numbers") < 0 ||
	    set_memory(capacity, hyper) < 0 || set_ptys(capacity) < 0 ||
	    set_use(capacity, DEMAND_TASKS, NULL, &tasks, r_tasks,
		    "sysctl kernel.pid_max, kernel.threads-max") < 0 ||
	    set_daemons(capacity) < 0 || set_own(capacity, hyper) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n_guests; i++)
		if (set_places(capacity, hyper, census, &guests[i]) < 0)
			return -ENOMEM;
	return 0;
}
