/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the simulated host that asks for anything: any hypercall with any structure, ports
 * and mappings in any order, any command. The host must stand, and when all domains are gone it
 * must have all its frames back.
 *
 * The input is a list of steps; memory that a call reads is the input too, whatever the address.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/domain.h"
#include "core/evtchndev.h"
#include "core/fault.h"
#include "core/host.h"
#include "core/hypercall.h"
#include "core/interface.h"
#include "core/mapping.h"
#include "core/memory.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 200
#define PAGES_MAX 8
#define DOMAINS	  8

struct world {
	struct caller caller;
	struct host *host;
	struct log *log;
	struct evtchndev_handle *handle;
	struct mapper mapper;
	const uint8_t *at, *end;
	unsigned int sum;
};

static void take(struct world *w, void *to, size_t len)
{
	size_t n = len < (size_t)(w->end - w->at) ? len : (size_t)(w->end - w->at);

	memset(to, 0, len);
	memcpy(to, w->at, n);
	w->at += n;
}

static uint8_t byte(struct world *w)
{
	uint8_t b;

	take(w, &b, 1);
	return b;
}

/* Numbers of domains that are there, mostly. */
static uint16_t domid(struct world *w)
{
	uint8_t b = byte(w);

	return b < 224 ? b % DOMAINS : (uint16_t)(0x7fe0 + b % 32);
}

static int read_input(struct caller *caller, void *to, uint64_t from, size_t len)
{
	struct world *w = (struct world *)caller;
	struct xen_domctl *domctl_op = to;
	struct xen_sysctl *sysctl_op_ = to;

	if (!from || w->at == w->end)
		return -EFAULT;
	if (len == sizeof(*domctl_op) && byte(w) != 255) {
		uint32_t cmd = byte(w);

		domctl_op->domain = 0;
		memset(to, 0, len);
		domctl_op->domain = domid(w);
		take(w, &domctl_op->u, byte(w) % sizeof(domctl_op->u));
		domctl_op->cmd = cmd;
		domctl_op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
		/* What stands there costs time by its size, and finds nothing. */
		if (cmd == XEN_DOMCTL_createdomain)
			domctl_op->u.createdomain.max_vcpus %= 32;
		return 0;
	}
	take(w, to, len);
	if (len == sizeof(*sysctl_op_)) {
		sysctl_op_->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
		sysctl_op_->cmd %= 40;
	}
	return 0;
}

static int write_nowhere(struct caller *caller, uint64_t to, const void *from, size_t len)
{
	struct world *w = (struct world *)caller;

	if (!to)
		return -EFAULT;
	for (size_t i = 0; i < len; i++)
		w->sum += ((const uint8_t *)from)[i]; /* all of it must be there */
	return 0;
}

static void on_readable(void *ctx)
{
	(void)ctx;
}

static bool mapping_alive(void *ctx, const struct mapping *mapping)
{
	(void)ctx;
	return mapping->address & 0x1000;
}

static void step_hypercall(struct world *w)
{
	static const uint8_t families[] = {
		__HYPERVISOR_domctl,	     __HYPERVISOR_domctl,
		__HYPERVISOR_domctl,	     __HYPERVISOR_sysctl,
		__HYPERVISOR_memory_op,	     __HYPERVISOR_event_channel_op,
		__HYPERVISOR_grant_table_op, __HYPERVISOR_hvm_op,
		__HYPERVISOR_sched_op,	     __HYPERVISOR_mmuext_op,
		__HYPERVISOR_xen_version,
	};
	uint64_t args[5] = { 1, 1, 1, 0, 0 }, op = families[byte(w) % sizeof(families)];

	if (op == __HYPERVISOR_mmuext_op) {
		args[1] = byte(w) % 4;
		args[3] = domid(w);
	} else if (op != __HYPERVISOR_domctl && op != __HYPERVISOR_sysctl) {
		args[0] = byte(w) % 48;
	}
	hypercall(w->host, &w->caller, op, args);
}

static void step_port(struct world *w)
{
	uint8_t what = byte(w);
	uint32_t port = byte(w) % 64, got;

	switch (what % 8) {
	case 0:
		evtchndev_bind_interdomain(w->handle, domid(w), port, &got);
		break;
	case 1:
		evtchndev_bind_unbound(w->handle, domid(w), &got);
		break;
	case 2:
		evtchndev_bind_virq(w->handle, port, &got);
		break;
	case 3:
		evtchndev_unbind(w->handle, port);
		break;
	case 4:
		evtchndev_notify(w->handle, port);
		break;
	case 5:
		evtchndev_unmask(w->handle, port);
		break;
	case 6:
		while (evtchndev_take(w->handle, &got, 1))
			evtchndev_unmask(w->handle, got);
		break;
	default:
		if (what == 255)
			evtchndev_restrict(w->handle, domid(w));
	}
}

static void step_map(struct world *w)
{
	uint8_t what = byte(w);
	uint64_t address = (uint64_t)(1 + what % 16) << 12, n = 1 + byte(w) % PAGES_MAX;
	struct domain *domain = host_domain(w->host, domid(w));
	uint64_t mfns[PAGES_MAX];

	if (what & 0x80) {
		mapping_remove(&w->mapper, address, n, what & 0x40);
		return;
	}
	if (!domain)
		return;
	mapping_begin(&w->mapper, address, n);
	for (uint64_t i = 0; i < n; i++)
		if (domain_frame_for(domain, domain->n_extents ? domain->extents[0].mfn + i : i,
				     &mfns[i]) < 0)
			mfns[i] = UINT64_MAX;
	mapping_add(&w->mapper, domain, address, n, mfns, NULL, what & 0x20);
}

static void step_populate(struct world *w)
{
	struct domain *domain = host_domain(w->host, domid(w));
	uint64_t mfn, gfn = byte(w);

	if (!domain || !domain->id)
		return;
	if (domain->max_pages < 64)
		domain->max_pages = 64;
	domain_populate(domain, gfn, byte(w) % 4, &mfn);
}

static void step_create(struct world *w)
{
	struct domain_config config = {
		.max_vcpus = 1, .max_evtchn_port = 100, .max_grant_frames = 4, .grant_version = 1
	};
	struct domain *domain;
	uint8_t what = byte(w);

	config.hvm = config.hap = what & 1;
	if (host_create(w->host, 1 + what % (DOMAINS - 1), &config, &domain) == 0)
		domain_set_vcpus(domain, 1);
}

static void step_command(struct world *w)
{
	char line[64], why[128];

	take(w, line, byte(w) % sizeof(line));
	line[sizeof(line) - 1] = '\0';
	if (fault_command(w->host->faults, line, why, sizeof(why)) == 0)
		memory_limit(w->host->memory, fault_memory(w->host->faults));
}

static void play(struct world *w)
{
	static void (*const steps[])(struct world *) = {
		step_hypercall, step_hypercall, step_hypercall, step_port,    step_port,
		step_map,	step_populate,	step_create,	step_command,
	};

	for (int i = 0; i < STEPS_MAX && w->at < w->end; i++) {
		uint8_t what = byte(w);

		if (what == 255)
			host_tidy(w->host, true);
		else
			steps[what % (sizeof(steps) / sizeof(steps[0]))](w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct host_config config = { .n_frames = 32 * MEMORY_BLOCK,
					    .n_dom0_frames = 4 * MEMORY_BLOCK,
					    .n_cpus = 2,
					    .n_dom0_vcpus = 1,
					    .dom0_fifo = !(size & 1),
					    .cmdline = "fuzz",
					    .conring_size = 1024 };
	const struct host_hooks hooks = { .mapping_alive = mapping_alive };
	struct world w = { .caller = { .read = read_input, .write = write_nowhere },
			   .at = data,
			   .end = data + size };
	uint64_t n_free;

	/* Nothing is said: what is refused is refused a million times. */
	assert(log_new(&w.log, "fuzz", LOG_LEVEL_ERROR, 0) == 0);
	assert(host_new(&w.host, &config, &hooks, w.log) == 0);
	assert(evtchndev_open(w.host->evtchndev, 1, on_readable, NULL, &w.handle) == 0);
	mapper_init(&w.mapper, w.host, 1);
	n_free = memory_n_free(w.host->memory);
	play(&w);
	memory_limit(w.host->memory, UINT64_MAX);
	mapper_deinit(&w.mapper);
	evtchndev_close(w.handle);
	for (uint32_t id = 1; id < HOST_DOMIDS; id++)
		if (host_domain(w.host, (uint16_t)id))
			domain_destroy(host_domain(w.host, (uint16_t)id));
	assert(host_tidy(w.host, true) == 0);
	assert(w.host->n_domains == 1);
	assert(memory_n_free(w.host->memory) + host_domain(w.host, 0)->tot_pages >= n_free);
	host_free(w.host);
	log_free(w.log);
	return 0;
}
