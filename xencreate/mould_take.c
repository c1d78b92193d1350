/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a domain to its mould: which pages the library has written, and which words hold frames. */
#include "mould.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mould_priv.h"

#define WORDS	   (MOULD_PAGE_BYTES / sizeof(uint64_t))
#define FRAME_MASK UINT64_C(0x000ffffffffff000)
/* Slots of the top of the page tables that are the hypervisor's. Source: xen/arch-x86/xen-x86_64.h,
 * HYPERVISOR_VIRT_START and _END. */
#define XEN_SLOT_FIRST 256
#define XEN_SLOT_END   272

static int add_pages(struct mould *mould, xen_pfn_t first, xen_pfn_t n)
{
	if (n > MOULD_PAGES_MAX - mould->n_pages)
		return -EOPNOTSUPP;
	for (xen_pfn_t i = 0; i < n; i++)
		mould->pfns[mould->n_pages++] = (uint32_t)(first + i);
	return 0;
}

static int list_pvh_pages(struct mould *mould)
{
	const struct xc_dom_seg *start_info = &mould->dom->start_info_seg;
	int r = add_pages(mould, start_info->pfn, start_info->pages);

	if (!r)
		r = add_pages(mould, X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES,
			      X86_HVM_NR_SPECIAL_PAGES);
	return r;
}

static int list_pv_pages(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	int r = add_pages(mould, dom->p2m_seg.pfn, dom->p2m_seg.pages);

	if (!r)
		r = add_pages(mould, dom->start_info_pfn, 1);
	if (!r)
		r = add_pages(mould, dom->xenstore_pfn, 1);
	if (!r)
		r = add_pages(mould, dom->console_pfn, 1);
	if (!r)
		r = add_pages(mould, dom->pgtables_seg.pfn, dom->pgtables_seg.pages);
	return r;
}

/* All that the library writes. */
static int list_pages(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	int r = add_pages(mould, dom->kernel_seg.pfn, dom->kernel_seg.pages);

	for (unsigned int i = 0; !r && i < dom->num_modules; i++)
		r = add_pages(mould, dom->modules[i].seg.pfn, dom->modules[i].seg.pages);
	if (!r)
		r = xc_dom_translated(dom) ? list_pvh_pages(mould) : list_pv_pages(mould);
	return r;
}

/* Also tries whether the shared page can be written like this: with what the library has written
 * there. */
static int read_pages(struct mould *mould)
{
	int r = mould_open_grants(mould);

	if (r < 0)
		return r;
	mould_grant_pages(mould);
	for (unsigned int i = 0; i < mould->n_pages; i++)
		mould_prepare(mould, i, false, mould_page(mould, i));
	if (!mould->pvh)
		mould_prepare(mould, mould->n_pages, true, mould_page(mould, mould->n_pages));
	r = mould_copy(mould, mould_n_copied(mould));
	mould_revoke_pages(mould);
	mould_close_grants(mould);
	return r;
}

static bool goes_on(const struct mould_run *run, const struct mould_run *next)
{
	return next->words == run->words + run->n && next->pfn == run->pfn + run->n &&
	       next->flags == run->flags && next->is_entry == run->is_entry;
}

/* @word: a run of one */
static int add_word(struct mould *mould, const struct mould_run *word)
{
	if (mould->n_runs && goes_on(&mould->runs[mould->n_runs - 1], word)) {
		mould->runs[mould->n_runs - 1].n++;
		return 0;
	}
	if (mould->n_runs == mould->n_runs_allocated) {
		size_t n = mould->n_runs_allocated ? mould->n_runs_allocated * 2 : 64;
		struct mould_run *runs = reallocarray(mould->runs, n, sizeof(*runs));

		if (!runs)
			return -ENOMEM;
		mould->runs = runs;
		mould->n_runs_allocated = n;
	}
	mould->runs[mould->n_runs++] = *word;
	return 0;
}

/* The list of all frames, at the beginning of its segment. */
static int find_list(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	uint64_t *list = (uint64_t *)mould_page(mould, mould_index(mould, dom->p2m_seg.pfn));
	int r = 0;

	for (xen_pfn_t pfn = 0; !r && pfn < dom->p2m_size; pfn++) {
		struct mould_run word = { .words = &list[pfn], .n = 1, .pfn = (uint32_t)pfn };

		r = list[pfn] == dom->pv_p2m[pfn] ? add_word(mould, &word) : -EPROTO;
	}
	return r;
}

/* Which page of the domain has this frame? They come in long runs: the next one is a good guess. */
static int find_page(const struct xc_dom_image *dom, uint64_t frame, uint32_t *pfn)
{
	if (*pfn + 1 < dom->p2m_size && dom->pv_p2m[*pfn + 1] == frame) {
		++*pfn;
		return 0;
	}
	for (*pfn = 0; *pfn < dom->p2m_size; ++*pfn)
		if (dom->pv_p2m[*pfn] == frame)
			return 0;
	return -EPROTO;
}

static int find_entries(struct mould *mould, xen_pfn_t first, xen_pfn_t n)
{
	uint32_t pfn = 0;
	int r = 0;

	for (xen_pfn_t i = 0; i < n; i++) {
		uint64_t *table = (uint64_t *)mould_page(mould, mould_index(mould, first + i));

		for (size_t j = 0; !r && j < WORDS; j++) {
			struct mould_run word = { .words = &table[j],
						  .n = 1,
						  .flags = table[j] & ~FRAME_MASK,
						  .is_entry = true };

			if (!table[j])
				continue;
			r = find_page(mould->dom, (table[j] & FRAME_MASK) / MOULD_PAGE_BYTES, &pfn);
			word.pfn = pfn;
			if (!r)
				r = add_word(mould, &word);
		}
	}
	return r;
}

/* What the hypervisor has put into the top of the page tables as they were pinned, it will put into
 * the next ones. */
static void clear_its_own(struct mould *mould)
{
	xen_pfn_t top = mould->dom->pgtables_seg.pfn;

	memset(mould_page(mould, mould_index(mould, top)) + XEN_SLOT_FIRST * sizeof(uint64_t), 0,
	       (XEN_SLOT_END - XEN_SLOT_FIRST) * sizeof(uint64_t));
}

static int find_words(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	xen_pfn_t n_list =
		(dom->p2m_size * sizeof(uint64_t) + MOULD_PAGE_BYTES - 1) / MOULD_PAGE_BYTES;
	int r;

	clear_its_own(mould);
	if (!n_list || n_list > dom->p2m_seg.pages)
		return -EPROTO;
	r = find_list(mould);
	/* A kernel that wants the list elsewhere has the tables for that behind it. */
	if (!r)
		r = find_entries(mould, dom->p2m_seg.pfn + n_list, dom->p2m_seg.pages - n_list);
	if (!r)
		r = find_entries(mould, dom->pgtables_seg.pfn, dom->pgtables_seg.pages);
	return r;
}

static int open_handles(struct mould *mould, struct xentoollog_logger *logger)
{
	mould->foreign = xenforeignmemory_open(logger, 0);
	if (mould->foreign)
		mould->gnttab = xengnttab_open(logger, 0);
	return mould->gnttab ? 0 : errno ? -errno : -ENODEV;
}

static int make_room(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	size_t size_bytes = (mould->n_pages + 2) * (size_t)MOULD_PAGE_BYTES;
	void *pages = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (pages == MAP_FAILED)
		return -ENOMEM;
	mould->pages = pages;
	if (mould->pvh)
		return 0;
	mould->own_p2m = calloc(dom->p2m_size, sizeof(*mould->own_p2m));
	mould->extents = calloc(dom->p2m_size, sizeof(*mould->extents));
	return mould->own_p2m && mould->extents ? 0 : -ENOMEM;
}

/* The library would look for the page of start_info in the domain. It writes its beginning only:
 * what came behind that in the first domain is nobody else's business. */
static void place_start_info(struct mould *mould)
{
	xen_pfn_t pfn = mould->dom->start_info_pfn;
	char *page = mould_page(mould, mould_index(mould, pfn));

	memset(page, 0, MOULD_PAGE_BYTES);
	mould->start_info = (struct xc_dom_phys){
		.ptr = page,
		.first = pfn,
		.count = 1,
	};
	mould->dom->phys_pages = &mould->start_info;
}

static void find_zeros(struct mould *mould)
{
	for (unsigned int i = 0; i < mould->n_pages; i++)
		mould->is_zero[i] = (mould->pvh || mould->pfns[i] != mould->dom->start_info_pfn) &&
				    !memcmp(mould_page(mould, i),
					    mould_page(mould, mould->n_pages + 1),
					    MOULD_PAGE_BYTES);
}

/* 64-bit PV, with as many pages as its list of frames is long; PVH, with all its memory, which
 * nobody has given ACPI tables. */
static bool can_be_cast(const struct xc_dom_image *dom)
{
	if (!dom->guest_type || dom->phys_pages)
		return false;
	if (!xc_dom_translated(dom))
		return !strcmp(dom->guest_type, "xen-3.0-x86_64") &&
		       dom->p2m_size == dom->total_pages;
	return !strcmp(dom->guest_type, "hvm-3.0-x86_32") && !dom->device_model &&
	       dom->target_pages == dom->total_pages && !dom->acpi_modules[0].length;
}

static int take_pv(struct mould *mould)
{
	int r = mould_get_shared_frame(mould);

	if (r < 0)
		return r;
	mould->dom->arch_hooks->shared_info(mould->dom, mould_page(mould, mould->n_pages));
	r = read_pages(mould);
	if (!r)
		r = find_words(mould);
	if (r < 0)
		return r;
	find_zeros(mould);
	place_start_info(mould);
	mould->first_p2m = mould->dom->pv_p2m;
	mould->dom->pv_p2m = mould->own_p2m;
	return 0;
}

static int take_pvh(struct mould *mould)
{
	int r = read_pages(mould);

	if (!r)
		find_zeros(mould);
	return r;
}

static int take(struct mould *mould, struct xentoollog_logger *logger)
{
	int r = list_pages(mould);

	if (!r && xc_dom_translated(mould->dom))
		r = mould_pvh_take(mould);
	if (!r)
		r = make_room(mould);
	if (!r)
		r = open_handles(mould, logger);
	if (!r)
		r = mould->pvh ? take_pvh(mould) : take_pv(mould);
	return r;
}

int mould_take(struct mould **out, struct xc_dom_image *dom, struct xentoollog_logger *logger)
{
	CLEANUP(mould_free) struct mould *mould = NULL;
	int r;

	if (!can_be_cast(dom))
		return -EOPNOTSUPP;
	mould = calloc(1, sizeof(*mould));
	if (!mould)
		return -ENOMEM;
	mould->dom = dom;
	r = take(mould, logger);
	if (r < 0) {
		mould->dom = NULL; /* still the caller's */
		return r;
	}
	*out = STEAL(mould);
	return 0;
}
