/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Life, death and memory of a domain; see domain.h. */
#include "domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "host.h"
#include "interface.h"
#include "mapping.h"
#include "memory.h"
#include "vcpu.h"

#define HVM_PAGING_POOL_BYTES (256 * MEMORY_PAGE_BYTES)
/* It is odd: as many numbers as there are, each once, and 0 last. */
#define UNIQUE_FACTOR 0x9e3779b97f4a7c15ull

int domain_new(struct domain **out, struct host *host, uint16_t id,
	       const struct domain_config *config)
{
	struct domain *domain = calloc(1, sizeof(*domain));
	int r;

	if (!domain)
		return -ENOMEM;
	domain->host = host;
	domain->id = id;
	domain->unique_id = ++host->n_created * UNIQUE_FACTOR;
	domain->config = *config;
	domain->pause_count = 1;
	domain->shared_info_gfn = ~0ull;
	domain->weight = 256;
	domain->address_bits = 64;
	domain->paging_pool_bytes = config->hap ? HVM_PAGING_POOL_BYTES : 0;
	LIST_INIT(&domain->mappings);
	r = evtchn_init(&domain->evtchn, config->max_evtchn_port);
	if (!r)
		r = memory_take(host->memory, id, 0, &domain->shared_info);
	if (!r)
		r = grant_init(domain, config->max_grant_frames);
	if (r < 0) {
		domain_free(domain);
		return r;
	}
	*out = domain;
	return 0;
}

static bool is_mapped(void *ctx, uint64_t mfn)
{
	return mapping_covers(ctx, mfn);
}

static void free_xen_frames(struct domain *domain)
{
	struct memory *memory = domain->host->memory;
	bool (*keep)(void *, uint64_t) = LIST_EMPTY(&domain->mappings) ? NULL : is_mapped;

	if (domain->shared_info)
		memory_give_back(memory, domain->id, domain->shared_info, 0, keep, domain);
	for (uint32_t i = 0; i < domain->grant.n_frames; i++)
		memory_give_back(memory, domain->id, domain->grant.frames[i], 0, keep, domain);
}

static void free_pages(struct domain *domain)
{
	bool (*keep)(void *, uint64_t) = LIST_EMPTY(&domain->mappings) ? NULL : is_mapped;

	for (uint32_t i = 0; i < domain->n_extents && domain->tot_pages; i++)
		domain->tot_pages -= memory_give_back(domain->host->memory, domain->id,
						      domain->extents[i].mfn,
						      domain->extents[i].order, keep, domain);
}

void domain_free(struct domain *domain)
{
	free_pages(domain);
	free_xen_frames(domain);
	grant_deinit(domain);
	evtchn_deinit(&domain->evtchn);
	p2m_deinit(&domain->p2m);
	for (uint32_t i = 0; i < domain->n_vcpus; i++)
		vcpu_deinit(&domain->vcpus[i]);
	free(domain->vcpus);
	free(domain->extents);
	free(domain);
}

int domain_destroy(struct domain *domain)
{
	struct host *host = domain->host;

	if (!domain->id)
		return -EINVAL;
	if (domain->dying)
		return 0;
	if (host->hooks.guest_gone)
		host->hooks.guest_gone(host->hooks.ctx, domain);
	domain->dying = true;
	LIST_INSERT_HEAD(&host->dying, domain, of_dying);
	host->outstanding_pages -= domain->claimed_pages;
	domain->claimed_pages = 0;
	evtchn_destroy(domain);
	mapping_verify(domain);
	free_pages(domain);
	changes_note(host, domain->id);
	evtchn_raise_virq(host_domain(host, 0), VIRQ_DOM_EXC);
	if (host->hooks.tidy_wanted)
		host->hooks.tidy_wanted(host->hooks.ctx);
	return 0;
}

bool domain_may_go(const struct domain *domain)
{
	return domain->dying && LIST_EMPTY(&domain->mappings);
}

void domain_mapping_gone(struct domain *domain)
{
	if (!domain->dying)
		return;
	free_pages(domain);
	if (domain_may_go(domain) && domain->host->hooks.tidy_wanted)
		domain->host->hooks.tidy_wanted(domain->host->hooks.ctx);
}

int domain_set_vcpus(struct domain *domain, uint32_t n)
{
	if (!n || n != domain->config.max_vcpus)
		return -EINVAL;
	if (domain->vcpus)
		return 0;
	domain->vcpus = calloc(n, sizeof(*domain->vcpus));
	if (!domain->vcpus)
		return -ENOMEM;
	domain->n_vcpus = n;
	for (uint32_t i = 0; i < n; i++) {
		memset(domain->vcpus[i].hard_affinity, 0xff,
		       sizeof(domain->vcpus[i].hard_affinity));
		memset(domain->vcpus[i].soft_affinity, 0xff,
		       sizeof(domain->vcpus[i].soft_affinity));
	}
	return 0;
}

bool domain_runs(const struct domain *domain)
{
	return !domain->pause_count && !domain->dying && !domain->shut_down && domain->n_vcpus &&
	       domain->vcpus[0].initialised;
}

void domain_pause(struct domain *domain)
{
	struct host *host = domain->host;

	if (domain_runs(domain) && host->hooks.guest_stops)
		host->hooks.guest_stops(host->hooks.ctx, domain);
	domain->pause_count++;
}

int domain_unpause(struct domain *domain)
{
	struct host *host = domain->host;

	if (!domain->pause_count)
		return -EINVAL;
	domain->pause_count--;
	if (domain_runs(domain) && host->hooks.guest_runs)
		host->hooks.guest_runs(host->hooks.ctx, domain);
	return 0;
}

void domain_shutdown(struct domain *domain, uint8_t code)
{
	struct host *host = domain->host;

	if (domain->shut_down)
		return;
	if (domain_runs(domain) && host->hooks.guest_stops)
		host->hooks.guest_stops(host->hooks.ctx, domain);
	domain->shut_down = true;
	domain->shutdown_code = code;
	if (code == SHUTDOWN_crash)
		host_print(host, "(XEN) Domain %u crashed\n", domain->id);
	changes_note(host, domain->id);
	evtchn_raise_virq(host_domain(host, 0), VIRQ_DOM_EXC);
}

void domain_resume(struct domain *domain)
{
	struct host *host = domain->host;

	if (!domain->shut_down)
		return;
	domain->shut_down = false;
	domain->shutdown_code = 0;
	if (domain_runs(domain) && host->hooks.guest_runs)
		host->hooks.guest_runs(host->hooks.ctx, domain);
}

int domain_claim(struct domain *domain, uint64_t n_pages)
{
	struct host *host = domain->host;
	uint64_t wanted;

	if (!n_pages) {
		host->outstanding_pages -= domain->claimed_pages;
		domain->claimed_pages = 0;
		return 0;
	}
	if (domain->claimed_pages || n_pages <= domain->tot_pages || n_pages > domain->max_pages)
		return -EINVAL;
	wanted = n_pages - domain->tot_pages;
	if (wanted + host->outstanding_pages > host_n_free_pages(host))
		return -ENOMEM;
	domain->claimed_pages = wanted;
	host->outstanding_pages += wanted;
	return 0;
}

static int add_extent(struct domain *domain, uint64_t mfn, unsigned int order)
{
	struct domain_extent *extents;

	/* The array doubles: its capacity is the next power of two. */
	if (!(domain->n_extents & (domain->n_extents - 1))) {
		extents = reallocarray(domain->extents,
				       domain->n_extents ? 2 * (size_t)domain->n_extents : 1,
				       sizeof(*extents));
		if (!extents)
			return -ENOMEM;
		domain->extents = extents;
	}
	domain->extents[domain->n_extents++] = (struct domain_extent){ .mfn = mfn, .order = order };
	return 0;
}

static bool has_room(const struct domain *domain, uint64_t n)
{
	const struct host *host = domain->host;
	uint64_t others = host->outstanding_pages - domain->claimed_pages;

	return n + others <= host_n_free_pages(host);
}

int domain_populate(struct domain *domain, uint64_t gpfn, unsigned int order, uint64_t *mfn)
{
	struct memory *memory = domain->host->memory;
	uint64_t n, used_claim;
	int r;

	if (order > 18)
		return -EINVAL;
	n = 1ull << order;
	if (domain->tot_pages + n > domain->max_pages)
		return -E2BIG;
	if (domain->dying || !has_room(domain, n))
		return -ENOMEM;
	r = memory_take(memory, domain->id, order, mfn);
	if (r < 0)
		return r;
	r = add_extent(domain, *mfn, order);
	if (!r && domain->config.hvm)
		r = p2m_set(&domain->p2m, gpfn, order, *mfn);
	if (r < 0) {
		memory_give_back(memory, domain->id, *mfn, order, NULL, NULL);
		return r;
	}
	domain->tot_pages += n;
	used_claim = n < domain->claimed_pages ? n : domain->claimed_pages;
	domain->claimed_pages -= used_claim;
	domain->host->outstanding_pages -= used_claim;
	return 0;
}

static bool is_xen_frame_of(const struct domain *domain, uint64_t mfn)
{
	if (mfn == domain->shared_info)
		return true;
	for (uint32_t i = 0; i < domain->grant.n_frames; i++)
		if (domain->grant.frames[i] == mfn)
			return true;
	return false;
}

int domain_release_frame(struct domain *domain, uint64_t frame)
{
	uint64_t mfn = domain->config.hvm ? p2m_get(&domain->p2m, frame) : frame;
	int r;

	if (memory_owner(domain->host->memory, mfn) != domain->id || is_xen_frame_of(domain, mfn))
		return -EINVAL;
	if (domain->config.hvm) {
		r = p2m_clear(&domain->p2m, frame);
		if (r < 0)
			return r;
	}
	/* A frame that is still mapped somewhere stays ours until the domain's end. */
	domain->tot_pages -= memory_give_back(domain->host->memory, domain->id, mfn, 0,
					      LIST_EMPTY(&domain->mappings) ? NULL : is_mapped,
					      domain);
	return 0;
}

int domain_frame_for(struct domain *domain, uint64_t frame, uint64_t *mfn)
{
	uint16_t owner;

	if (domain->config.hvm) {
		frame = frame == domain->shared_info_gfn ? domain->shared_info
							 : p2m_get(&domain->p2m, frame);
		if (frame == P2M_HOLE)
			return -EINVAL;
	}
	owner = memory_owner(domain->host->memory, frame);
	if (owner == MEMORY_OWNER_NONE && frame >= memory_n_frames(domain->host->memory))
		return -EINVAL;
	if (owner == MEMORY_OWNER_XEN)
		return -EPERM;
	if (owner != domain->id)
		return -EBUSY;
	*mfn = frame;
	return 0;
}
