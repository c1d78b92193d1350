/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Powering the simulated machine on, and what is the host's rather than one domain's; see host.h.
 */
#include "host.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "conring.h"
#include "domain.h"
#include "evtchndev.h"
#include "fault.h"
#include "interface.h"
#include "log.h"
#include "mapping.h"
#include "memory.h"

/* Structures of Xen that each domain costs: measured as 4.14 MB of free memory for a domain of 4
 * MB. */
#define DOMAIN_OVERHEAD_PAGES 34

/* A Linux dom0 with one vCPU has these ports before any daemon starts. */
static int boot_dom0_ports(struct host *host, struct domain *dom0)
{
	static const uint32_t pirqs[] = { 12, 1, 8, 231, 230 };
	uint32_t port;
	int r = 0;

	for (uint32_t vcpu = 0; !r && vcpu < dom0->n_vcpus; vcpu++) {
		r = evtchn_bind_virq(dom0, VIRQ_TIMER, vcpu, &port);
		for (int ipi = 0; !r && ipi < 4; ipi++)
			r = evtchn_bind_ipi(dom0, vcpu, &port);
	}
	if (!r)
		r = evtchn_alloc_unbound(dom0, 0, &host->store_port);
	if (!r)
		r = evtchn_bind_virq(dom0, VIRQ_PCPU_STATE, 0, &port);
	if (!r)
		r = evtchn_bind_pirq(dom0, 9, &port);
	if (!r)
		r = evtchn_bind_virq(dom0, VIRQ_MCA, 0, &port);
	if (!r)
		r = evtchn_bind_virq(dom0, VIRQ_CONSOLE, 0, &port);
	for (size_t i = 0; !r && i < sizeof(pirqs) / sizeof(pirqs[0]); i++)
		r = evtchn_bind_pirq(dom0, pirqs[i], &port);
	return r;
}

static int boot_dom0(struct host *host)
{
	struct domain_config config = {
		.max_vcpus = host->config.n_dom0_vcpus,
		.max_evtchn_port = UINT32_MAX,
		.max_grant_frames = GRANT_FRAMES_MAX,
		.max_maptrack_frames = 1024,
		.grant_version = 2,
		.emulation_flags = XEN_X86_EMU_PIT,
	};
	uint64_t left = host->config.n_dom0_frames, mfn = 0;
	struct domain *dom0;
	int r;

	r = domain_new(&dom0, host, 0, &config);
	if (r < 0)
		return r;
	host->domains[0] = dom0;
	host->n_domains = 1;
	dom0->max_pages = left;
	r = domain_set_vcpus(dom0, config.max_vcpus);
	for (uint32_t i = 0; !r && i < dom0->n_vcpus; i++)
		dom0->vcpus[i].initialised = dom0->vcpus[i].online = true;
	dom0->pause_count = 0;
	while (!r && left) {
		unsigned int order = left >= MEMORY_BLOCK ? MEMORY_BLOCK_ORDER : 0;

		r = domain_populate(dom0, 0, order, &mfn);
		left -= r ? 0 : 1u << order;
	}
	host->store_mfn = mfn;
	if (!r)
		r = boot_dom0_ports(host, dom0);
	if (!r && host->config.dom0_fifo)
		evtchn_use_fifo(dom0);
	return r;
}

int host_new(struct host **out, const struct host_config *config, const struct host_hooks *hooks,
	     struct log *log)
{
	CLEANUP(host_free) struct host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return -ENOMEM;
	host->config = *config;
	host->hooks = *hooks;
	host->log = log;
	host->next_domid = 1;
	host->ratelimit_us = 1000;
	LIST_INIT(&host->dying);
	if (config->n_dom0_frames + MEMORY_BLOCK * 16 > config->n_frames || !config->n_dom0_vcpus ||
	    config->n_dom0_vcpus > DOMAIN_CPUS_MAX || !config->n_cpus ||
	    config->n_cpus > DOMAIN_CPUS_MAX)
		return -EINVAL;
	host->domains = calloc(HOST_DOMIDS, sizeof(struct domain *));
	if (!host->domains)
		return -ENOMEM;
	r = memory_new(&host->memory, config->n_frames);
	if (!r)
		r = evtchndev_new(&host->evtchndev, host);
	if (!r)
		r = conring_new(&host->conring, config->conring_size);
	if (!r)
		r = fault_plan_new(&host->faults, config->seed);
	if (!r)
		r = boot_dom0(host);
	if (r < 0)
		return r;
	host->boot_ns = host_now_ns(host);
	host_print(host, "(XEN) Xen version 4.17.7 (simxen)\n");
	host_print(host, "(XEN) Command line: %s\n", config->cmdline);
	host_print(host, "(XEN) *** Building Dom0 ***\n");
	*out = STEAL(host);
	return 0;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	for (uint32_t i = 0; host->domains && i < HOST_DOMIDS; i++)
		if (host->domains[i])
			domain_free(host->domains[i]);
	free(host->domains);
	evtchndev_free(host->evtchndev);
	conring_free(host->conring);
	fault_plan_free(host->faults);
	memory_free(host->memory);
	free(host);
}

struct domain *host_domain(struct host *host, uint16_t id)
{
	return id < HOST_DOMIDS ? host->domains[id] : NULL;
}

struct domain *host_next_domain(struct host *host, uint32_t id)
{
	for (; id <= host->highest; id++)
		if (host->domains[id])
			return host->domains[id];
	return NULL;
}

uint16_t host_choose(struct host *host)
{
	uint16_t id = host->next_domid;

	for (uint32_t tries = 1; tries < HOST_DOMIDS; tries++) {
		if (!host->domains[id]) {
			host->next_domid = id + 1 < HOST_DOMIDS ? id + 1 : 1;
			return id;
		}
		id = id + 1 < HOST_DOMIDS ? id + 1 : 1;
	}
	return 0;
}

int host_create(struct host *host, uint16_t wanted, const struct domain_config *config,
		struct domain **out)
{
	uint16_t id = wanted && wanted < HOST_DOMIDS ? wanted : host_choose(host);
	int r;

	if (!id)
		return -ENOMEM;
	if (host->domains[id])
		return -EEXIST;
	r = domain_new(out, host, id, config);
	if (r < 0)
		return r;
	host->domains[id] = *out;
	host->n_domains++;
	changes_note(host, id);
	host->overhead_pages += DOMAIN_OVERHEAD_PAGES;
	if (id > host->highest)
		host->highest = id;
	return 0;
}

void host_event(struct domain *domain, uint32_t port)
{
	struct host *host = domain->host;
	unsigned int times = fault_events(host->faults, domain->id, port);

	for (; times; times--) {
		if (!domain->id)
			evtchndev_event(host->evtchndev, port);
		else if (host->hooks.guest_event)
			host->hooks.guest_event(host->hooks.ctx, domain, port);
	}
}

static void forget(struct domain *domain)
{
	struct host *host = domain->host;

	LIST_REMOVE(domain, of_dying);
	host->domains[domain->id] = NULL;
	changes_note(host, domain->id);
	host->n_domains--;
	host->overhead_pages -= DOMAIN_OVERHEAD_PAGES;
	while (host->highest && !host->domains[host->highest])
		host->highest--;
	domain_free(domain);
	evtchn_raise_virq(host_domain(host, 0), VIRQ_DOM_EXC);
}

uint32_t host_tidy(struct host *host, bool verify)
{
	struct domain *domain = LIST_FIRST(&host->dying), *next;
	uint32_t n_left = 0;

	for (; domain; domain = next) {
		next = LIST_NEXT(domain, of_dying);
		if (verify)
			mapping_verify(domain);
		if (domain_may_go(domain))
			forget(domain);
		else
			n_left++;
	}
	return n_left;
}

void host_print(struct host *host, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	conring_write(host->conring, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	evtchn_raise_virq(host_domain(host, 0), VIRQ_CON_RING);
}

bool host_fault_ports(const struct domain *domain)
{
	return fault_no_ports(domain->host->faults, domain->id);
}

uint64_t host_n_free_pages(const struct host *host)
{
	uint64_t n = memory_n_free(host->memory);

	return n > host->overhead_pages ? n - host->overhead_pages : 0;
}

uint64_t host_now_ns(struct host *host)
{
	return host->hooks.now_ns ? host->hooks.now_ns(host->hooks.ctx) : 0;
}
