/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small simulated host for unit tests, and hypercalls upon it by a caller in this process. */
#ifndef SIMHOST_H
#define SIMHOST_H

#include <stdint.h>

#include "core/domain.h"
#include "core/host.h"
#include "core/interface.h"

struct simhost {
	struct host *host;
	struct log *log;
	uint32_t n_ran, n_stopped, n_gone, n_guest_events;
	uint32_t last_guest_port;
	bool mappings_alive;
};

void simhost_init(struct simhost *sim);
void simhost_deinit(struct simhost *sim);

/** simhost_domain() - a domain with one vCPU, limit and @n_pages of memory. */
struct domain *simhost_domain(struct simhost *sim, uint64_t n_pages);

/** simhost_domctl() - fill in the version and carry it out. */
int64_t simhost_domctl(struct simhost *sim, uint32_t cmd, uint16_t domid, struct xen_domctl *op);

/** simhost_call() - any hypercall. */
int64_t simhost_call(struct simhost *sim, uint64_t op, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t d);

#endif
