/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What starting one domain costs of everything that runs out, item by item, so that the sum can be
 * explained.
 *
 * Pure arithmetic over the configuration and a few facts about the domains that serve it.
 */
#ifndef DEMAND_H
#define DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct guest;

enum demand_resource {
	/* Shared by all: what one takes the next has not. */
	DEMAND_PORTS, /* event channels of the domain that serves */
	DEMAND_DOMIDS,
	DEMAND_MEMORY,	 /* KiB of the host */
	DEMAND_MAPTRACK, /* grants that the serving domain keeps mapped: rings */
	DEMAND_PTYS,
	DEMAND_CONSOLE_FDS, /* descriptors of xenconsoled */
	DEMAND_STORE_FDS,   /* descriptors of xenstored */
	DEMAND_BRIDGE_PORTS,
	DEMAND_TASKS,	      /* threads and processes of domain 0 */
	DEMAND_MAPTRACK_BUSY, /* mapped grants when every disk and vif is busy; advice, no limit to
				 starting */
	DEMAND_N_SHARED,
	/* The domain's own. */
	DEMAND_GUEST_PORTS = DEMAND_N_SHARED, /* that it cannot do without */
	DEMAND_GUEST_USUAL,		      /* that a Linux of that size takes */
	DEMAND_GUEST_GRANTS,		      /* grant entries */
	DEMAND_GUEST_NODES,		      /* nodes of the store that it owns */
	DEMAND_GUEST_WATCHES,
	DEMAND_N,
};

struct demand_item {
	enum demand_resource resource;
	char *where; /* owned: which serving domain or bridge; NULL: domain 0, the host, the domain
			itself */
	uint64_t amount;
	char *why; /* owned: "vif: 2 queues x 2 (split)" */
};

struct demand {
	struct demand_item *items; /* owned */
	size_t n_items;
};

/* What the serving side does. */
struct demand_facts {
	uint32_t vif_max_queues;
	uint32_t vbd_max_queues;
	uint32_t vbd_persistent_grants; /* a disk keeps mapped at most */
	bool split;			/* transmit and receive of a vif each have a channel */
	bool control_ring;		/* HVM guests' vifs have one more, for Windows drivers */
	bool store_elsewhere;		/* xenstored runs in a domain of its own */
	bool store_maps_grants;		/* the C implementation does; OCaml's maps frames */
	uint32_t process_maps;		/* mapped grants for a page that a process has mapped */
	bool monitor;			/* each domain has an xl that waits for its end */
	uint32_t console_fds;		/* of xenconsoled for each domain */
	uint32_t overhead_kib;		/* of the hypervisor for each domain with one vCPU */
};

/** demand_facts_default() - Linux backends on a domain 0 with @n_cpus, and Debian's tools. */
struct demand_facts demand_facts_default(uint32_t n_cpus);

/**
 * demand_make() - what @guest costs
 * @demand: overwritten; demand_deinit()
 *
 * Return: 0 or -ENOMEM.
 */
int demand_make(struct demand *demand, const struct guest *guest, const struct demand_facts *facts);
void demand_deinit(struct demand *demand);

/** demand_sum() - of @resource in @where (NULL as in struct demand_item). */
uint64_t demand_sum(const struct demand *demand, enum demand_resource resource, const char *where);

/** demand_name() - "event channels", "domain numbers", …; demand_key() - "ports", "domids", … for
 * programs. */
const char *demand_name(enum demand_resource resource);
const char *demand_key(enum demand_resource resource);

#endif
