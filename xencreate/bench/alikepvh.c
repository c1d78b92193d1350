/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PVH: all that the hypervisor tells of the vCPUs, all parameters, what it accounts for, which
 * pages there are and what they hold, the grants. Clocks run: they do not count.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "alike.h"
#include "cleanup.h"

/* After xenctrl.h: these are for those who speak of other domains. */
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

#define PAGE_BYTES    4096
#define WORDS	      (PAGE_BYTES / 8)
#define SPECIAL_FIRST (X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES)

struct state {
	char *records;
	size_t size;
};

/* Pages in a row, which may have holes. */
struct pages {
	uint64_t *words;
	int *errors; /* 0: the page is there */
	size_t n;
};

static int get_state(struct state *state, xc_interface *xch, uint32_t domid)
{
	int n = xc_domain_hvm_getcontext(xch, domid, NULL, 0);

	state->records = n > 0 ? calloc(1, (size_t)n) : NULL;
	if (!state->records)
		return -ENOMEM;
	n = xc_domain_hvm_getcontext(xch, domid, (uint8_t *)state->records, (uint32_t)n);
	if (n < 0)
		return -errno;
	state->size = (size_t)n;
	return 0;
}

/* The first record that is not the same, or -1: there is none. */
static long differing_record(const struct state *a, const struct state *b, unsigned int *n)
{
	size_t clock = sizeof(struct hvm_save_descriptor) + offsetof(struct hvm_hw_cpu, tsc);
	struct hvm_save_descriptor record;

	*n = 0;
	for (size_t at = 0; at + sizeof(record) <= a->size; at += sizeof(record) + record.length) {
		memcpy(&record, a->records + at, sizeof(record));
		if (at + sizeof(record) + record.length > b->size)
			return record.typecode;
		if (record.typecode == HVM_SAVE_CODE(CPU))
			memcpy(a->records + at + clock, b->records + at + clock, 8);
		if (memcmp(a->records + at, b->records + at, sizeof(record) + record.length))
			return record.typecode;
		++*n;
	}
	return a->size == b->size ? -1 : 0;
}

static int compare_states(xc_interface *xch, uint32_t a, uint32_t b)
{
	struct state state_a = { 0 }, state_b = { 0 };
	int r = get_state(&state_a, xch, a);
	unsigned int n = 0;
	long differs;

	if (!r)
		r = get_state(&state_b, xch, b);
	if (!r) {
		differs = differing_record(&state_a, &state_b, &n);
		printf("# %zu bytes, %u records\n", state_a.size, n);
		if (differs >= 0)
			printf("# record %u, of kind %ld, differs\n", n, differs);
		alike_verdict(differs < 0 && n > 3, "the state of the vCPUs is the same");
	}
	free(state_a.records);
	free(state_b.records);
	return r;
}

static void compare_params(xc_interface *xch, uint32_t a, uint32_t b)
{
	bool same = true;
	unsigned int n = 0;

	for (uint32_t i = 0; i < HVM_NR_PARAMS; i++) {
		uint64_t value_a = 0, value_b = 0;
		int r_a = xc_hvm_param_get(xch, (domid_t)a, i, &value_a);
		int r_b = xc_hvm_param_get(xch, (domid_t)b, i, &value_b);

		n += !r_a && value_a;
		same &= r_a == r_b && value_a == value_b;
		if (value_a != value_b)
			printf("# parameter %u: %#" PRIx64 ", %#" PRIx64 "\n", i, value_a, value_b);
	}
	printf("# %u of %u parameters are set\n", n, HVM_NR_PARAMS);
	alike_verdict(same && n >= 10, "all parameters are the same");
}

static int compare_accounts(xc_interface *xch, uint32_t a, uint32_t b)
{
	xc_domaininfo_t info[2];
	xen_pfn_t last[2];
	uint64_t pool[2];
	const uint32_t domids[] = { a, b };

	for (unsigned int i = 0; i < 2; i++)
		if (xc_domain_getinfolist(xch, domids[i], 1, &info[i]) != 1 ||
		    xc_domain_maximum_gpfn(xch, (domid_t)domids[i], &last[i]) < 0 ||
		    xc_get_paging_mempool_size(xch, domids[i], &pool[i]) < 0)
			return -errno;
	alike_verdict(info[0].tot_pages == info[1].tot_pages && info[0].tot_pages &&
			      info[0].max_pages == info[1].max_pages &&
			      info[0].outstanding_pages == info[1].outstanding_pages &&
			      info[0].flags == info[1].flags &&
			      info[0].nr_online_vcpus == info[1].nr_online_vcpus &&
			      info[0].max_vcpu_id == info[1].max_vcpu_id && last[0] == last[1] &&
			      pool[0] == pool[1],
		      "as many pages, vCPUs and flags");
	return 0;
}

static int get_pages(struct pages *pages, xenforeignmemory_handle *foreign, uint32_t domid,
		     size_t first, size_t n)
{
	CLEANUP(free) xen_pfn_t *frames = calloc(n, sizeof(*frames));

	pages->n = n;
	pages->errors = calloc(n, sizeof(*pages->errors));
	if (!frames || !pages->errors)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		frames[i] = first + i;
	pages->words = xenforeignmemory_map(foreign, domid, PROT_READ, n, frames, pages->errors);
	return pages->words ? 0 : -errno;
}

static void put_pages(struct pages *pages, xenforeignmemory_handle *foreign)
{
	if (pages->words)
		xenforeignmemory_unmap(foreign, pages->words, pages->n);
	free(pages->errors);
}

static bool same_holes(const struct pages *a, const struct pages *b)
{
	return a->n == b->n && !memcmp(a->errors, b->errors, a->n * sizeof(a->errors[0]));
}

/* The word of page @i that is the same in @a and @other and not in @b, or WORDS. */
static unsigned int differs_at(const struct pages *a, const struct pages *other,
			       const struct pages *b, size_t i)
{
	unsigned int at = 0;

	while (!a->errors[i] && at < WORDS &&
	       (a->words[i * WORDS + at] == b->words[i * WORDS + at] ||
		a->words[i * WORDS + at] != other->words[i * WORDS + at]))
		at++;
	return a->errors[i] ? WORDS : at;
}

static bool is_written(const struct pages *a, const struct pages *other, size_t i)
{
	static const uint64_t zeros[WORDS];

	return !a->errors[i] && memcmp(a->words + i * WORDS, zeros, PAGE_BYTES) &&
	       !memcmp(a->words + i * WORDS, other->words + i * WORDS, PAGE_BYTES);
}

/* @all: the library writes all of them; else from the first to the last that is not empty. */
static bool same_contents(const struct pages *a, const struct pages *other, const struct pages *b,
			  bool all, const char *name)
{
	size_t first = 0, end = a->n;
	bool same = true;

	while (!all && first < end && !is_written(a, other, first))
		first++;
	while (!all && end > first && !is_written(a, other, end - 1))
		end--;
	printf("# %s: %zu pages, written are %zu to %zu\n", name, a->n, first, end);
	for (size_t i = first; i < end; i++) {
		unsigned int at = differs_at(a, other, b, i);

		same &= at == WORDS;
		if (at < WORDS)
			printf("# page %zu word %u: %#" PRIx64 ", %#" PRIx64 "\n", i, at,
			       a->words[i * WORDS + at], b->words[i * WORDS + at]);
	}
	return same && end > first;
}

static int compare_pages(xenforeignmemory_handle *foreign, const uint32_t domids[3], size_t first,
			 size_t n, bool all, const char *name)
{
	struct pages pages[3] = { 0 };
	int r = 0;

	for (unsigned int i = 0; !r && i < 3; i++)
		r = get_pages(&pages[i], foreign, domids[i], first, n);
	if (!r)
		alike_verdict(same_holes(&pages[0], &pages[2]) &&
				      same_contents(&pages[0], &pages[1], &pages[2], all, name),
			      name);
	for (unsigned int i = 0; i < 3; i++)
		put_pages(&pages[i], foreign);
	return r;
}

static void compare_grants(xenforeignmemory_handle *foreign, uint32_t a, uint32_t b)
{
	xenforeignmemory_resource_handle *resource_a, *resource_b;
	grant_entry_v1_t *grants_a = alike_map_grants(foreign, a, &resource_a);
	grant_entry_v1_t *grants_b = alike_map_grants(foreign, b, &resource_b);

	alike_verdict(grants_a && grants_b && !memcmp(grants_a, grants_b, PAGE_BYTES),
		      "the grants are the same");
	if (grants_a)
		xenforeignmemory_unmap_resource(foreign, resource_a);
	if (grants_b)
		xenforeignmemory_unmap_resource(foreign, resource_b);
}

int alike_pvh(xc_interface *xch, xenforeignmemory_handle *foreign, uint32_t a, uint32_t other,
	      uint32_t b, size_t n_pages)
{
	const uint32_t domids[3] = { a, other, b };
	int r = compare_states(xch, a, b);

	if (!r)
		r = compare_accounts(xch, a, b);
	if (r < 0)
		return r;
	compare_params(xch, a, b);
	r = compare_pages(foreign, domids, 0, n_pages, false, "memory holds the same");
	if (!r)
		r = compare_pages(foreign, domids, SPECIAL_FIRST, X86_HVM_NR_SPECIAL_PAGES, true,
				  "and so do the special pages");
	if (!r)
		compare_grants(foreign, a, b);
	return r;
}
