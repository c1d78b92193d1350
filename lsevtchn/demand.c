/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures follow Xen's protocols (xen/io) and Linux's drivers: a ring has one event channel,
 * which is a port on each side; what a driver is free to choose is counted as the most that it
 * chooses.
 */
#include "demand.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

#define P9_RINGS	   2   /* Linux, XEN_9PFS_NUM_RINGS */
#define NET_RING_ENTRIES   256 /* xen/io/netif.h, one page */
#define BLOCK_RING_PAGES   1   /* Linux blkfront, max_ring_page_order 0 */
#define QEMU_DISK_GRANTS   352 /* 32 requests of 11 segments */
#define STUBDOM_CONSOLES   3   /* log, save, restore */
#define HVM_SPECIAL_PAGES  8
#define LINUX_PORTS_A_VCPU 8  /* timer, debug, PMU and five inter-processor interrupts */
#define NODES_A_DOMAIN	   30 /* below /local/domain/N, owned by it: data, control, drivers, … */
#define NODES_A_DEVICE	   25 /* its frontend directory with features and one queue */
#define NODES_A_QUEUE	   6

struct maker {
	struct demand *demand;
	const struct guest *guest;
	const struct demand_facts *facts;
	bool by_process; /* what is being counted is served by a process, not by a kernel */
	bool failed;	 /* out of memory */
};

__attribute__((format(printf, 5, 6))) static void add(struct maker *maker,
						      enum demand_resource resource,
						      const char *where, uint64_t amount,
						      const char *fmt, ...)
{
	struct demand *demand = maker->demand;
	struct demand_item *items, item = { .resource = resource, .amount = amount };
	va_list ap;
	int n;

	if (!amount || maker->failed)
		return;
	maker->failed = true;
	items = reallocarray(demand->items, demand->n_items + 1, sizeof(*items));
	if (!items)
		return;
	demand->items = items;
	if (where) {
		item.where = strdup(where);
		if (!item.where)
			return;
	}
	va_start(ap, fmt);
	n = vasprintf(&item.why, fmt, ap);
	va_end(ap);
	if (n < 0) {
		free(item.where);
		return;
	}
	items[demand->n_items++] = item;
	maker->failed = false;
}

/* What stays mapped is mapped at busy times too. */
static void add_mapped(struct maker *maker, const char *backend, uint64_t n, const char *why)
{
	bool twice = maker->by_process && maker->facts->process_maps == 2;
	const char *how = twice ? ", twice (by a process)" : "";

	n *= maker->by_process ? maker->facts->process_maps : 1;
	add(maker, DEMAND_MAPTRACK, backend, n, "%s%s", why, how);
	add(maker, DEMAND_MAPTRACK_BUSY, backend, n, "%s%s", why, how);
}

/* A ring between the guest and @backend: a port on each side, and pages granted by the one and
 * mapped by the other. */
__attribute__((format(printf, 5, 6))) static void add_ring(struct maker *maker, const char *backend,
							   uint32_t n_ports, uint32_t n_grants,
							   const char *fmt, ...)
{
	char *why;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&why, fmt, ap);
	va_end(ap);
	if (n < 0) {
		maker->failed = true;
		return;
	}
	add(maker, DEMAND_PORTS, backend, n_ports, "%s", why);
	add(maker, DEMAND_GUEST_PORTS, NULL, n_ports, "%s", why);
	add(maker, DEMAND_GUEST_GRANTS, NULL, n_grants, "%s", why);
	add_mapped(maker, backend, n_grants, why);
	free(why);
}

static void add_nic(struct maker *maker, const struct guest_device *nic)
{
	const struct demand_facts *facts = maker->facts;
	uint32_t n_queues = maker->guest->n_max_vcpus < facts->vif_max_queues
				    ? maker->guest->n_max_vcpus
				    : facts->vif_max_queues;
	uint32_t n_ports = n_queues * (facts->split ? 2 : 1);
	bool control = facts->control_ring && maker->guest->type == DOMTYPE_HVM;
	const char *plural = n_queues == 1 ? "" : "s";

	/* The backend maps the two rings and what is on its way out; what comes in is copied into
	 * granted pages. */
	add(maker, DEMAND_PORTS, nic->backend, n_ports, "vif: %" PRIu32 " queue%s%s", n_queues,
	    plural, facts->split ? " x 2 (split)" : "");
	add(maker, DEMAND_GUEST_PORTS, NULL, n_ports, "vif: %" PRIu32 " queue%s%s", n_queues,
	    plural, facts->split ? " x 2 (split)" : "");
	add_mapped(maker, nic->backend, 2ull * n_queues, "vif: 2 rings a queue");
	add(maker, DEMAND_MAPTRACK_BUSY, nic->backend, (uint64_t)n_queues * NET_RING_ENTRIES,
	    "vif: %" PRIu32 " queue%s x %d buffers", n_queues, plural, NET_RING_ENTRIES);
	add(maker, DEMAND_GUEST_GRANTS, NULL, n_queues * (2ull + 2 * NET_RING_ENTRIES),
	    "vif: %" PRIu32 " queue%s x (2 rings + %d buffers)", n_queues, plural,
	    2 * NET_RING_ENTRIES);
	if (control)
		add_ring(maker, nic->backend, 1, 1, "vif: control ring (Windows drivers)");
	if (nic->bridge && !nic->backend)
		add(maker, DEMAND_BRIDGE_PORTS, nic->bridge, 1, "vif");
	/* The emulated card has a tap device on the same bridge. */
	if (nic->bridge && !nic->backend && maker->guest->type == DOMTYPE_HVM)
		add(maker, DEMAND_BRIDGE_PORTS, nic->bridge, 1, "tap of the emulated card");
	if (!nic->backend)
		add(maker, DEMAND_TASKS, NULL, n_queues * 2ull, "vif: 2 threads a queue");
	add(maker, DEMAND_GUEST_NODES, NULL, NODES_A_DEVICE + (n_queues - 1) * NODES_A_QUEUE,
	    "vif");
}

static void add_disk(struct maker *maker, const struct guest_device *disk)
{
	const struct demand_facts *facts = maker->facts;
	bool kernel = disk->kind == GUEST_DISK;
	uint32_t n_queues = 1;
	uint64_t n_busy;

	if (kernel)
		n_queues = maker->guest->n_max_vcpus < facts->vbd_max_queues
				   ? maker->guest->n_max_vcpus
				   : facts->vbd_max_queues;
	add_ring(maker, disk->backend, n_queues, n_queues * BLOCK_RING_PAGES,
		 "%s: %" PRIu32 " queue%s", guest_device_name(disk->kind), n_queues,
		 n_queues == 1 ? "" : "s");
	n_busy = (uint64_t)n_queues * (kernel ? facts->vbd_persistent_grants : QEMU_DISK_GRANTS);
	add(maker, DEMAND_MAPTRACK_BUSY, disk->backend, n_busy, "%s: data",
	    guest_device_name(disk->kind));
	add(maker, DEMAND_GUEST_GRANTS, NULL, n_busy, "%s: data", guest_device_name(disk->kind));
	if (kernel && !disk->backend)
		add(maker, DEMAND_TASKS, NULL, n_queues, "disk: a thread a queue");
	add(maker, DEMAND_GUEST_NODES, NULL, NODES_A_DEVICE + (n_queues - 1) * NODES_A_QUEUE,
	    "disk");
}

/* The rest has a backend in Linux, or a domain of its own. */
static bool is_by_process(enum guest_device_kind kind)
{
	switch (kind) {
	case GUEST_DISK_QEMU:
	case GUEST_VFB:
	case GUEST_VKB:
	case GUEST_VDISPL:
	case GUEST_VSND:
	case GUEST_P9:
	case GUEST_CHANNEL:
		return true;
	default:
		return false;
	}
}

static void add_device(struct maker *maker, const struct guest_device *device)
{
	const char *name = guest_device_name(device->kind);

	maker->by_process = is_by_process(device->kind);
	switch (device->kind) {
	case GUEST_NIC:
		add_nic(maker, device);
		return;
	case GUEST_DISK:
	case GUEST_DISK_QEMU:
		add_disk(maker, device);
		return;
	case GUEST_VDISPL:
		add_ring(maker, device->backend, 2 * device->n, 2 * device->n,
			 "%s: 2 for each of %" PRIu32 " connectors", name, device->n);
		break;
	case GUEST_VSND:
		add_ring(maker, device->backend, 2 * device->n, 2 * device->n,
			 "%s: 2 for each of %" PRIu32 " streams", name, device->n);
		break;
	case GUEST_P9:
		add_ring(maker, device->backend, P9_RINGS, P9_RINGS * 513, "%s: %d rings", name,
			 P9_RINGS);
		break;
	case GUEST_PVCALLS:
		add_ring(maker, device->backend, 1, 1, "%s: without those of its sockets", name);
		break;
	case GUEST_PCI:
		add_ring(maker, NULL, 1, 1, "%s: the bus", name);
		add(maker, DEMAND_GUEST_PORTS, NULL, device->n, "%s: an interrupt for each device",
		    name);
		break;
	default:
		add_ring(maker, device->backend, 1, 1, "%s", name);
		break;
	}
	if (device->kind == GUEST_CHANNEL)
		add(maker, DEMAND_PTYS, NULL, 1, "%s", name);
	add(maker, DEMAND_GUEST_NODES, NULL, NODES_A_DEVICE, "%s", name);
}

/* What every domain has. */
static void add_basics(struct maker *maker)
{
	const struct guest *guest = maker->guest;
	const struct demand_facts *facts = maker->facts;

	maker->by_process = true;
	add(maker, DEMAND_DOMIDS, NULL, 1, "the domain");
	if (!facts->store_elsewhere) {
		add(maker, DEMAND_PORTS, NULL, 1, "xenstore");
		add_mapped(maker, NULL, facts->store_maps_grants, "xenstore");
		/* Source: the comment on XENSTORED_MAX_OPEN_FDS in Xen's sysconfig file. */
		add(maker, DEMAND_STORE_FDS, NULL, guest->type == DOMTYPE_HVM ? 5 : 3,
		    "toolstack and device model connections");
	}
	add(maker, DEMAND_PORTS, NULL, 1, "console");
	add_mapped(maker, NULL, 1, "console");
	add(maker, DEMAND_PTYS, NULL, 1, "console");
	add(maker, DEMAND_CONSOLE_FDS, NULL, facts->console_fds, "console");
	add(maker, DEMAND_TASKS, NULL, facts->monitor, "the xl that waits for its end");
	add(maker, DEMAND_GUEST_PORTS, NULL, 2, "xenstore and console");
	add(maker, DEMAND_GUEST_USUAL, NULL, LINUX_PORTS_A_VCPU * (uint64_t)guest->n_max_vcpus,
	    "%d for each vCPU of Linux", LINUX_PORTS_A_VCPU);
	add(maker, DEMAND_GUEST_GRANTS, NULL, 8 + 2, "8 reserved, xenstore, console");
	add(maker, DEMAND_GUEST_NODES, NULL, NODES_A_DOMAIN, "its directory");
	add(maker, DEMAND_GUEST_WATCHES, NULL, 4 + guest->n_devices,
	    "control, memory, cpus, devices");
}

static void add_memory(struct maker *maker)
{
	const struct guest *guest = maker->guest;
	uint64_t n_vcpus = guest->n_max_vcpus;

	add(maker, DEMAND_MEMORY, NULL, guest->memory_kib, "memory");
	if (guest->type != DOMTYPE_PV) {
		add(maker, DEMAND_MEMORY, NULL, guest->shadow_kib, "paging pool");
		add(maker, DEMAND_MEMORY, NULL, 4 * HVM_SPECIAL_PAGES, "special pages");
	}
	add(maker, DEMAND_MEMORY, NULL, maker->facts->overhead_kib + 16 * (n_vcpus - 1),
	    "the hypervisor's own for it");
}

/* A process in domain 0 that plays the hardware, with a channel for each vCPU and one for buffered
 * writes. */
static void add_local_model(struct maker *maker)
{
	uint64_t n = maker->guest->n_max_vcpus + 1ull;

	add(maker, DEMAND_PORTS, NULL, n, "device model: %" PRIu32 " vCPUs + 1",
	    maker->guest->n_max_vcpus);
	add(maker, DEMAND_GUEST_PORTS, NULL, n, "device model (the hypervisor's ends)");
	add(maker, DEMAND_PTYS, NULL, maker->guest->n_serial, "serial line");
	add(maker, DEMAND_TASKS, NULL, 4, "device model");
}

/* What PV devices that no kernel serves need: one process in domain 0 for all of them. */
static void add_pv_model(struct maker *maker)
{
	for (size_t i = 0; i < maker->guest->n_devices; i++) {
		const struct guest_device *device = &maker->guest->devices[i];

		if (device->backend)
			continue;
		if (device->kind == GUEST_DISK_QEMU || device->kind == GUEST_VFB ||
		    device->kind == GUEST_P9 || device->kind == GUEST_CHANNEL) {
			add(maker, DEMAND_TASKS, NULL, 4, "the process that serves its %s",
			    guest_device_name(device->kind));
			return;
		}
	}
}

/* The same in a domain of its own, which needs what any PV domain needs, and the devices once more.
 */
static void add_stubdom(struct maker *maker)
{
	const struct guest *guest = maker->guest;
	const struct demand_facts *facts = maker->facts;
	uint32_t n_consoles = STUBDOM_CONSOLES + guest->n_serial;

	maker->by_process = true;
	add(maker, DEMAND_DOMIDS, NULL, 1, "stubdomain");
	add(maker, DEMAND_MEMORY, NULL, guest->stubdom_kib, "stubdomain: memory");
	add(maker, DEMAND_MEMORY, NULL, facts->overhead_kib,
	    "stubdomain: the hypervisor's own for it");
	add(maker, DEMAND_GUEST_PORTS, NULL, guest->n_max_vcpus + 1ull,
	    "device model (the hypervisor's ends)");
	add(maker, DEMAND_PORTS, NULL, !facts->store_elsewhere, "stubdomain: xenstore");
	add(maker, DEMAND_PORTS, NULL, n_consoles, "stubdomain: %" PRIu32 " consoles", n_consoles);
	add_mapped(maker, NULL, n_consoles + 1, "stubdomain: consoles and xenstore");
	add(maker, DEMAND_PTYS, NULL, 1 + guest->n_serial, "stubdomain");
	add(maker, DEMAND_CONSOLE_FDS, NULL, facts->console_fds, "stubdomain");
	add(maker, DEMAND_STORE_FDS, NULL, 3, "stubdomain");
	add(maker, DEMAND_TASKS, NULL, 4, "stubdomain: the process behind its consoles");
	for (size_t i = 0; i < guest->n_devices; i++) {
		const struct guest_device *device = &guest->devices[i];

		if (device->kind == GUEST_NIC)
			add(maker, DEMAND_PORTS, device->backend, facts->split ? 2 : 1,
			    "stubdomain: vif");
		else if (device->kind == GUEST_DISK || device->kind == GUEST_DISK_QEMU)
			add(maker, DEMAND_PORTS, device->backend, 1, "stubdomain: disk");
	}
	if (guest->stubdom_graphics)
		add(maker, DEMAND_PORTS, NULL, 2, "stubdomain: vfb and vkb");
}

struct demand_facts demand_facts_default(uint32_t n_cpus)
{
	return (struct demand_facts){
		.vif_max_queues = n_cpus < 8 ? n_cpus : 8,
		.vbd_max_queues = n_cpus,
		.vbd_persistent_grants = 1056,
		.split = true,
		.control_ring = true,
		.store_maps_grants = true,
		.process_maps = 2,
		.monitor = true,
		.console_fds = 4,
		.overhead_kib = 96, /* measured on 4.17: 84 for a PV domain */
	};
}

int demand_make(struct demand *demand, const struct guest *guest, const struct demand_facts *facts)
{
	struct maker maker = { .demand = demand, .guest = guest, .facts = facts };

	memset(demand, 0, sizeof(*demand));
	add_basics(&maker);
	add_memory(&maker);
	if (guest->type == DOMTYPE_HVM && guest->stubdom_kib)
		add_stubdom(&maker);
	else if (guest->type == DOMTYPE_HVM)
		add_local_model(&maker);
	else
		add_pv_model(&maker);
	for (size_t i = 0; i < guest->n_devices; i++)
		add_device(&maker, &guest->devices[i]);
	if (!maker.failed)
		return 0;
	demand_deinit(demand);
	return -ENOMEM;
}

void demand_deinit(struct demand *demand)
{
	for (size_t i = 0; i < demand->n_items; i++) {
		free(demand->items[i].where);
		free(demand->items[i].why);
	}
	free(demand->items);
	memset(demand, 0, sizeof(*demand));
}

uint64_t demand_sum(const struct demand *demand, enum demand_resource resource, const char *where)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < demand->n_items; i++) {
		const struct demand_item *item = &demand->items[i];

		if (item->resource == resource &&
		    (where ? item->where && strcmp(item->where, where) == 0 : !item->where))
			sum += item->amount;
	}
	return sum;
}

static const struct {
	const char *name, *key;
} names[DEMAND_N] = {
	[DEMAND_PORTS] = { "event channels", "ports" },
	[DEMAND_DOMIDS] = { "domain numbers", "domids" },
	[DEMAND_MEMORY] = { "memory (KiB)", "memory" },
	[DEMAND_MAPTRACK] = { "mapped grants", "maptrack" },
	[DEMAND_PTYS] = { "pseudo terminals", "ptys" },
	[DEMAND_CONSOLE_FDS] = { "xenconsoled's descriptors", "console-fds" },
	[DEMAND_STORE_FDS] = { "xenstored's descriptors", "store-fds" },
	[DEMAND_BRIDGE_PORTS] = { "bridge ports", "bridge-ports" },
	[DEMAND_TASKS] = { "threads and processes", "tasks" },
	[DEMAND_MAPTRACK_BUSY] = { "mapped grants under load", "maptrack-busy" },
	[DEMAND_GUEST_PORTS] = { "event channels of its own", "guest-ports" },
	[DEMAND_GUEST_USUAL] = { "usual event channels of its own", "guest-usual-ports" },
	[DEMAND_GUEST_GRANTS] = { "grants", "guest-grants" },
	[DEMAND_GUEST_NODES] = { "nodes in the store", "guest-nodes" },
	[DEMAND_GUEST_WATCHES] = { "watches", "guest-watches" },
};

const char *demand_name(enum demand_resource resource)
{
	return names[resource].name;
}

const char *demand_key(enum demand_resource resource)
{
	return names[resource].key;
}
