/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See simhost.h. */
#include "simhost.h"

#include <errno.h>

#include "core/hypercall.h"
#include "core/memory.h"
#include "log.h"
#include "unit.h"

static void guest_event(void *ctx, struct domain *domain, uint32_t port)
{
	struct simhost *sim = ctx;

	(void)domain;
	sim->n_guest_events++;
	sim->last_guest_port = port;
}

static void guest_runs(void *ctx, struct domain *domain)
{
	(void)domain;
	((struct simhost *)ctx)->n_ran++;
}

static void guest_stops(void *ctx, struct domain *domain)
{
	(void)domain;
	((struct simhost *)ctx)->n_stopped++;
}

static void guest_gone(void *ctx, struct domain *domain)
{
	(void)domain;
	((struct simhost *)ctx)->n_gone++;
}

static bool mapping_alive(void *ctx, const struct mapping *mapping)
{
	(void)mapping;
	return ((struct simhost *)ctx)->mappings_alive;
}

void simhost_init(struct simhost *sim)
{
	const struct host_config config = { .n_frames = 64 * MEMORY_BLOCK,
					    .n_dom0_frames = 4 * MEMORY_BLOCK,
					    .n_cpus = 2,
					    .n_dom0_vcpus = 1,
					    .dom0_fifo = true,
					    .cmdline = "unit test",
					    .conring_size = 4096 };
	const struct host_hooks hooks = { .ctx = sim,
					  .guest_event = guest_event,
					  .guest_runs = guest_runs,
					  .guest_stops = guest_stops,
					  .guest_gone = guest_gone,
					  .mapping_alive = mapping_alive };

	memset(sim, 0, sizeof(*sim));
	sim->mappings_alive = true;
	CHECK_EQ(log_new(&sim->log, "test", LOG_LEVEL_ERROR, LOG_TARGET_STDERR), 0);
	CHECK_EQ(host_new(&sim->host, &config, &hooks, sim->log), 0);
}

void simhost_deinit(struct simhost *sim)
{
	host_free(sim->host);
	log_free(sim->log);
}

struct domain *simhost_domain(struct simhost *sim, uint64_t n_pages)
{
	const struct domain_config config = {
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 4, .grant_version = 1
	};
	struct domain *domain;
	uint64_t mfn;

	CHECK_EQ(host_create(sim->host, 0, &config, &domain), 0);
	CHECK_EQ(domain_set_vcpus(domain, 1), 0);
	domain->max_pages = n_pages;
	for (uint64_t i = 0; i < n_pages; i++)
		CHECK_EQ(domain_populate(domain, i, 0, &mfn), 0);
	return domain;
}

static int copy_in(struct caller *caller, void *to, uint64_t from, size_t len)
{
	(void)caller;
	if (!from)
		return -EFAULT;
	memcpy(to, (void *)(uintptr_t)from, len);
	return 0;
}

static int copy_out(struct caller *caller, uint64_t to, const void *from, size_t len)
{
	(void)caller;
	if (!to)
		return -EFAULT;
	memcpy((void *)(uintptr_t)to, from, len);
	return 0;
}

int64_t simhost_call(struct simhost *sim, uint64_t op, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t d)
{
	struct caller caller = { .read = copy_in, .write = copy_out };
	const uint64_t args[5] = { a, b, c, d, 0 };

	return hypercall(sim->host, &caller, op, args);
}

int64_t simhost_domctl(struct simhost *sim, uint32_t cmd, uint16_t domid, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->domain = domid;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return simhost_call(sim, __HYPERVISOR_domctl, (uintptr_t)op, 0, 0, 0);
}
