/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records are found from two sides: by address from the process (a tree), by owner from the domain
 * (a list). A mapping of several domains' grants has one record per domain at the same address.
 */
#include "mapping.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "domain.h"
#include "host.h"
#include "memory.h"

static int compare(struct mapping *a, struct mapping *b)
{
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->domain->id < b->domain->id ? -1 : a->domain->id > b->domain->id;
}

RB_PROTOTYPE_INTERNAL(mapping_tree, mapping, of_mapper, compare, __attribute__((unused)) static)
RB_GENERATE_INTERNAL(mapping_tree, mapping, of_mapper, compare, __attribute__((unused)) static)

void mapper_init(struct mapper *mapper, struct host *host, uint64_t id)
{
	mapper->host = host;
	mapper->id = id;
	RB_INIT(&mapper->mappings);
}

bool mapping_has_ref(const struct domain *domain, uint32_t ref, bool write)
{
	const struct mapping *m;

	LIST_FOREACH (m, &domain->mappings, of_domain) {
		for (uint32_t i = 0; i < m->n_refs; i++)
			if (m->refs[i] == ref && (!write || m->write))
				return true;
	}
	return false;
}

static void drop(struct mapping *m)
{
	struct domain *domain = m->domain;

	RB_REMOVE(mapping_tree, &m->mapper->mappings, m);
	LIST_REMOVE(m, of_domain);
	for (uint32_t i = 0; i < m->n_refs; i++) {
		if (m->refs[i] != UINT32_MAX && !mapping_has_ref(domain, m->refs[i], m->write))
			grant_end(domain, m->refs[i], m->write);
	}
	free(m->refs);
	free(m);
	domain_mapping_gone(domain);
}

void mapper_deinit(struct mapper *mapper)
{
	struct mapping *m;

	while ((m = RB_MIN(mapping_tree, &mapper->mappings)))
		drop(m);
}

void mapping_begin(struct mapper *mapper, uint64_t address, uint64_t n_pages)
{
	uint64_t end = address + n_pages * MEMORY_PAGE_BYTES;
	struct domain lowest = { .id = 0 };
	struct mapping key = { .address = address, .domain = &lowest };
	struct mapping *m = RB_NFIND(mapping_tree, &mapper->mappings, &key), *before, *next;

	/* Several, if they are grants of several domains at the same address. */
	for (;;) {
		before = m ? RB_PREV(mapping_tree, &mapper->mappings, m)
			   : RB_MAX(mapping_tree, &mapper->mappings);
		if (!before || before->address + before->n_pages * MEMORY_PAGE_BYTES <= address)
			break;
		drop(before);
	}
	for (; m && m->address < end; m = next) {
		next = RB_NEXT(mapping_tree, &mapper->mappings, m);
		drop(m);
	}
}

static uint32_t count_runs(const uint64_t *mfns, uint64_t n_pages)
{
	uint32_t n = 0;

	for (uint64_t i = 0; i < n_pages; i++)
		if (mfns[i] != UINT64_MAX && (!i || mfns[i - 1] != mfns[i] - 1))
			n++;
	return n;
}

static void fill_runs(struct mapping *m, const uint64_t *mfns)
{
	for (uint64_t i = 0; i < m->n_pages; i++) {
		if (mfns[i] == UINT64_MAX)
			continue;
		if (i && m->n_runs && mfns[i - 1] == mfns[i] - 1) {
			m->runs[m->n_runs - 1].n++;
			continue;
		}
		m->runs[m->n_runs++] =
			(struct mapping_run){ .mfn = mfns[i], .page = (uint32_t)i, .n = 1 };
	}
}

int mapping_add(struct mapper *mapper, struct domain *domain, uint64_t address, uint64_t n_pages,
		const uint64_t *mfns, const uint32_t *refs, bool write)
{
	uint32_t n_runs = count_runs(mfns, n_pages);
	struct mapping *taken;
	struct mapping *m = calloc(1, sizeof(*m) + n_runs * sizeof(m->runs[0]));

	if (!m)
		return -ENOMEM;
	m->mapper = mapper;
	m->domain = domain;
	m->address = address;
	m->n_pages = n_pages;
	m->write = write;
	if (refs) {
		m->is_grant = true;
		m->refs = malloc(n_pages * sizeof(*refs));
		if (!m->refs) {
			free(m);
			return -ENOMEM;
		}
		m->n_refs = (uint32_t)n_pages;
		for (uint64_t i = 0; i < n_pages; i++)
			m->refs[i] = mfns[i] == UINT64_MAX ? UINT32_MAX : refs[i];
	}
	fill_runs(m, mfns);
	taken = RB_INSERT(mapping_tree, &mapper->mappings, m);
	assert(!taken);
	LIST_INSERT_HEAD(&domain->mappings, m, of_domain);
	return 0;
}

static struct mapping *first_at(struct mapper *mapper, uint64_t address)
{
	struct domain lowest = { .id = 0 };
	struct mapping key = { .address = address, .domain = &lowest };
	struct mapping *m = RB_NFIND(mapping_tree, &mapper->mappings, &key);

	return m && m->address == address ? m : NULL;
}

bool mapping_find_grant(struct mapper *mapper, uint64_t address, uint64_t n_pages)
{
	const struct mapping *m = first_at(mapper, address);

	return m && m->is_grant && m->n_pages == n_pages;
}

int mapping_remove(struct mapper *mapper, uint64_t address, uint64_t n_pages, bool is_grant)
{
	struct mapping *m, *next;

	if (is_grant && !mapping_find_grant(mapper, address, n_pages))
		return -EINVAL;
	for (m = first_at(mapper, address); m && m->address == address; m = next) {
		next = RB_NEXT(mapping_tree, &mapper->mappings, m);
		drop(m);
	}
	return 0;
}

void mapping_verify(struct domain *domain)
{
	const struct host_hooks *hooks = &domain->host->hooks;
	struct mapping *m = LIST_FIRST(&domain->mappings), *next;

	for (; m && hooks->mapping_alive; m = next) {
		next = LIST_NEXT(m, of_domain);
		if (!hooks->mapping_alive(hooks->ctx, m))
			drop(m);
	}
}

bool mapping_covers(const struct domain *domain, uint64_t mfn)
{
	const struct mapping *m;

	LIST_FOREACH (m, &domain->mappings, of_domain) {
		for (uint32_t i = 0; i < m->n_runs; i++)
			if (mfn - m->runs[i].mfn < m->runs[i].n)
				return true;
	}
	return false;
}
