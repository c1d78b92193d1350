/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages that the library writes are read back once, by grants that the domain is made to give.
 * In the list of frames, in the page tables and in start_info they hold machine frames: each of
 * those words is remembered with the page that it means, and set anew for each domain. The pages
 * go into the domain by one grant copy. The library's own functions for start_info, the shared
 * page and the vCPU are used again: they find the page of start_info here.
 */
#include "mould.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xenguest.h>

#include "build.h"
#include "shell.h"

#define PAGE_BYTES	4096
#define WORDS		(PAGE_BYTES / sizeof(uint64_t))
#define ENTRIES		(PAGE_BYTES / sizeof(grant_entry_v1_t))
#define SUPERPAGE_ORDER 9
#define SUPERPAGE_PAGES (1U << SUPERPAGE_ORDER)
#define FRAME_MASK	UINT64_C(0x000ffffffffff000)
#define XEN_SLOT_FIRST	256
#define XEN_SLOT_END	272
#define OWN_DOMID	0 /* who copies; if it is another, taking the mould fails */
/* The shared page goes the same way, by the last of the entries. */
#define PAGES_MAX (ENTRIES - GNTTAB_NR_RESERVED_ENTRIES - 1)

/* A word that holds the frame of a page. */
struct mould_word {
	uint64_t *word;
	uint64_t flags; /* of an entry in a page table */
	uint32_t pfn;
	bool is_entry; /* else a plain frame number */
};

struct mould {
	struct xc_dom_image *dom; /* owned; what the library knows, of the domain at hand */
	xenforeignmemory_handle *foreign;
	xengnttab_handle *gnttab;
	xenforeignmemory_resource_handle *resource; /* while a grant table is mapped */
	grant_entry_v1_t *entries;		    /* likewise */
	xen_pfn_t *own_p2m;   /* owned; of the domain at hand. dom's is the library's */
	xen_pfn_t *first_p2m; /* borrowed: the library's, put back before it is released */
	xen_pfn_t *extents;   /* owned */
	uint32_t pfns[PAGES_MAX];
	bool is_zero[PAGES_MAX];
	unsigned int n_pages;
	char *pages; /* owned, mapped: n_pages, then the shared page, then one of zeros */
	struct mould_word *words; /* owned */
	size_t n_words, n_words_allocated;
	struct xc_dom_phys start_info; /* where the library finds that page */
	xengnttab_grant_copy_segment_t segments[PAGES_MAX + 1];
};

static char *page_of(const struct mould *mould, unsigned int i)
{
	return mould->pages + (size_t)i * PAGE_BYTES;
}

static char *shared_page(const struct mould *mould)
{
	return page_of(mould, mould->n_pages);
}

static char *zeros(const struct mould *mould)
{
	return page_of(mould, mould->n_pages + 1);
}

/* --- grants --- */

static int open_grants(struct mould *mould)
{
	void *at = NULL;

	mould->resource = xenforeignmemory_map_resource(
		mould->foreign, (domid_t)mould->dom->guest_domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &at, PROT_READ | PROT_WRITE, 0);
	if (!mould->resource)
		return errno ? -errno : -EIO;
	mould->entries = at;
	return 0;
}

static void close_grants(struct mould *mould)
{
	if (mould->resource)
		xenforeignmemory_unmap_resource(mould->foreign, STEAL(mould->resource));
	mould->entries = NULL;
}

static void grant(struct mould *mould, unsigned int ref, uint32_t domid, xen_pfn_t frame)
{
	if (domid == mould->dom->guest_domid)
		return;
	mould->entries[ref].domid = (domid_t)domid;
	mould->entries[ref].frame = (uint32_t)frame;
	__atomic_store_n(&mould->entries[ref].flags, GTF_permit_access, __ATOMIC_RELEASE);
}

/* The first ones are reserved; the domain must not find any of these. */
static void grant_pages(struct mould *mould)
{
	for (unsigned int i = 0; i < mould->n_pages; i++)
		grant(mould, GNTTAB_NR_RESERVED_ENTRIES + i, OWN_DOMID,
		      mould->dom->pv_p2m[mould->pfns[i]]);
	grant(mould, ENTRIES - 1, OWN_DOMID, mould->dom->shared_info_mfn);
}

static void revoke_pages(struct mould *mould)
{
	memset(&mould->entries[GNTTAB_NR_RESERVED_ENTRIES], 0,
	       mould->n_pages * sizeof(mould->entries[0]));
	memset(&mould->entries[ENTRIES - 1], 0, sizeof(mould->entries[0]));
}

/* Copies page @i of ours, or the shared page if it is the one after the last. */
static void prepare(struct mould *mould, unsigned int i, bool to_domain, void *ours)
{
	xengnttab_grant_copy_segment_t *segment = &mould->segments[i];
	uint32_t ref = i < mould->n_pages ? GNTTAB_NR_RESERVED_ENTRIES + i : (uint32_t)ENTRIES - 1;

	*segment = (xengnttab_grant_copy_segment_t){
		.len = PAGE_BYTES,
		.flags = to_domain ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
		.status = GNTST_general_error,
	};
	if (to_domain) {
		segment->source.virt = ours;
		segment->dest.foreign.ref = ref;
		segment->dest.foreign.domid = (domid_t)mould->dom->guest_domid;
	} else {
		segment->dest.virt = ours;
		segment->source.foreign.ref = ref;
		segment->source.foreign.domid = (domid_t)mould->dom->guest_domid;
	}
}

static int copy(struct mould *mould, unsigned int n)
{
	if (xengnttab_grant_copy(mould->gnttab, n, mould->segments) < 0)
		return errno ? -errno : -EIO;
	for (unsigned int i = 0; i < n; i++)
		if (mould->segments[i].status != GNTST_okay)
			return -EIO;
	return 0;
}

/* --- taking --- */

static int add_pages(struct mould *mould, xen_pfn_t first, xen_pfn_t n)
{
	if (n > PAGES_MAX - mould->n_pages)
		return -EOPNOTSUPP;
	for (xen_pfn_t i = 0; i < n; i++)
		mould->pfns[mould->n_pages++] = (uint32_t)(first + i);
	return 0;
}

/* All that the library writes. */
static int list_pages(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	int r = add_pages(mould, dom->kernel_seg.pfn, dom->kernel_seg.pages);

	for (unsigned int i = 0; !r && i < dom->num_modules; i++)
		r = add_pages(mould, dom->modules[i].seg.pfn, dom->modules[i].seg.pages);
	if (!r)
		r = add_pages(mould, dom->p2m_seg.pfn, dom->p2m_seg.pages);
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

static int get_shared_frame(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	xc_domaininfo_t info;

	if (xc_domain_getinfolist(dom->xch, dom->guest_domid, 1, &info) != 1 ||
	    info.domain != dom->guest_domid)
		return -ESRCH;
	dom->shared_info_mfn = info.shared_info_frame;
	return 0;
}

/* Also tries whether the shared page can be written like this: with what the library has written
 * there. */
static int read_pages(struct mould *mould)
{
	int r = open_grants(mould);

	if (r < 0)
		return r;
	grant_pages(mould);
	for (unsigned int i = 0; i < mould->n_pages; i++)
		prepare(mould, i, false, page_of(mould, i));
	prepare(mould, mould->n_pages, true, shared_page(mould));
	r = copy(mould, mould->n_pages + 1);
	revoke_pages(mould);
	close_grants(mould);
	return r;
}

static int add_word(struct mould *mould, const struct mould_word *word)
{
	if (mould->n_words == mould->n_words_allocated) {
		size_t n = mould->n_words_allocated ? mould->n_words_allocated * 2 : 4096;
		struct mould_word *words = reallocarray(mould->words, n, sizeof(*words));

		if (!words)
			return -ENOMEM;
		mould->words = words;
		mould->n_words_allocated = n;
	}
	mould->words[mould->n_words++] = *word;
	return 0;
}

static unsigned int index_of(const struct mould *mould, xen_pfn_t pfn)
{
	unsigned int i = 0;

	while (mould->pfns[i] != pfn) /* it is there: list_pages() */
		i++;
	return i;
}

/* The list of all frames, at the beginning of its segment. */
static int find_list(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	uint64_t *list = (uint64_t *)page_of(mould, index_of(mould, dom->p2m_seg.pfn));
	int r = 0;

	for (xen_pfn_t pfn = 0; !r && pfn < dom->p2m_size; pfn++) {
		struct mould_word word = { .word = &list[pfn], .pfn = (uint32_t)pfn };

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
		uint64_t *table = (uint64_t *)page_of(mould, index_of(mould, first + i));

		for (size_t j = 0; !r && j < WORDS; j++) {
			struct mould_word word = { .word = &table[j],
						   .flags = table[j] & ~FRAME_MASK,
						   .is_entry = true };

			if (!table[j])
				continue;
			r = find_page(mould->dom, (table[j] & FRAME_MASK) / PAGE_BYTES, &pfn);
			word.pfn = pfn;
			if (!r)
				r = add_word(mould, &word);
		}
	}
	return r;
}

/* What the hypervisor has put into the top of the page tables as they were pinned, it will put into
 * the next ones. Source: xen/arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START and _END. */
static void clear_its_own(struct mould *mould)
{
	xen_pfn_t top = mould->dom->pgtables_seg.pfn;

	memset(page_of(mould, index_of(mould, top)) + XEN_SLOT_FIRST * sizeof(uint64_t), 0,
	       (XEN_SLOT_END - XEN_SLOT_FIRST) * sizeof(uint64_t));
}

static int find_words(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	xen_pfn_t n_list = (dom->p2m_size * sizeof(uint64_t) + PAGE_BYTES - 1) / PAGE_BYTES;
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
	size_t size_bytes = (mould->n_pages + 2) * (size_t)PAGE_BYTES;
	void *pages = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (pages == MAP_FAILED)
		return -ENOMEM;
	mould->pages = pages;
	mould->own_p2m = calloc(dom->p2m_size, sizeof(*mould->own_p2m));
	mould->extents = calloc(dom->p2m_size, sizeof(*mould->extents));
	return mould->own_p2m && mould->extents ? 0 : -ENOMEM;
}

/* The library would look for the page of start_info in the domain. */
static void place_start_info(struct mould *mould)
{
	xen_pfn_t pfn = mould->dom->start_info_pfn;

	mould->start_info = (struct xc_dom_phys){
		.ptr = page_of(mould, index_of(mould, pfn)),
		.first = pfn,
		.count = 1,
	};
	mould->dom->phys_pages = &mould->start_info;
}

static void find_zeros(struct mould *mould)
{
	for (unsigned int i = 0; i < mould->n_pages; i++)
		mould->is_zero[i] = mould->pfns[i] != mould->dom->start_info_pfn &&
				    !memcmp(page_of(mould, i), zeros(mould), PAGE_BYTES);
}

static bool can_be_cast(const struct xc_dom_image *dom)
{
	return dom->container_type == XC_DOM_PV_CONTAINER && dom->guest_type &&
	       !strcmp(dom->guest_type, "xen-3.0-x86_64") && dom->p2m_size == dom->total_pages &&
	       !dom->phys_pages;
}

static int take(struct mould *mould, struct xentoollog_logger *logger)
{
	int r = list_pages(mould);

	if (!r)
		r = make_room(mould);
	if (!r)
		r = open_handles(mould, logger);
	if (!r)
		r = get_shared_frame(mould);
	if (r < 0)
		return r;
	mould->dom->arch_hooks->shared_info(mould->dom, shared_page(mould));
	r = read_pages(mould);
	if (!r)
		r = find_words(mould);
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
	find_zeros(mould);
	place_start_info(mould);
	mould->first_p2m = dom->pv_p2m;
	dom->pv_p2m = mould->own_p2m;
	*out = STEAL(mould);
	return 0;
}

void mould_free(struct mould *mould)
{
	if (!mould)
		return;
	close_grants(mould);
	if (mould->gnttab)
		xengnttab_close(mould->gnttab);
	if (mould->foreign)
		xenforeignmemory_close(mould->foreign);
	if (mould->pages)
		munmap(mould->pages, (mould->n_pages + 2) * (size_t)PAGE_BYTES);
	if (mould->dom) {
		mould->dom->phys_pages = NULL;
		mould->dom->pv_p2m = mould->first_p2m;
		xc_dom_release(mould->dom);
	}
	free(mould->own_p2m);
	free(mould->extents);
	free(mould->words);
	free(mould);
}

/* --- casting --- */

/* In pieces of 2 MiB as long as there are any, as the library does. */
static int get_memory(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	xen_pfn_t n = dom->p2m_size, done = 0, n_super = n / SUPERPAGE_PAGES;
	int got = 0;

	for (xen_pfn_t i = 0; i < n_super; i++)
		mould->extents[i] = i * SUPERPAGE_PAGES;
	if (n_super)
		got = xc_domain_populate_physmap(dom->xch, dom->guest_domid, n_super,
						 SUPERPAGE_ORDER, 0, mould->extents);
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++)
		for (unsigned int j = 0; j < SUPERPAGE_PAGES; j++)
			dom->pv_p2m[done++] = mould->extents[i] + j;
	for (xen_pfn_t pfn = done; pfn < n; pfn++)
		dom->pv_p2m[pfn] = pfn;
	if (done < n && xc_domain_populate_physmap_exact(dom->xch, dom->guest_domid, n - done, 0, 0,
							 &dom->pv_p2m[done]) < 0)
		return -ENOMEM;
	return 0;
}

static void set_words(struct mould *mould)
{
	const xen_pfn_t *p2m = mould->dom->pv_p2m;

	for (size_t i = 0; i < mould->n_words; i++) {
		const struct mould_word *word = &mould->words[i];

		if (word->is_entry)
			*word->word = p2m[word->pfn] * PAGE_BYTES | word->flags;
		else
			*word->word = p2m[word->pfn];
	}
}

static int write_pages(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	int r = open_grants(mould);

	if (r < 0)
		return r;
	grant_pages(mould);
	for (unsigned int i = 0; i < mould->n_pages; i++)
		prepare(mould, i, true, mould->is_zero[i] ? zeros(mould) : page_of(mould, i));
	prepare(mould, mould->n_pages, true, shared_page(mould));
	r = copy(mould, mould->n_pages + 1);
	revoke_pages(mould);
	grant(mould, GNTTAB_RESERVED_CONSOLE, dom->console_domid,
	      xc_dom_p2m(dom, dom->console_pfn));
	grant(mould, GNTTAB_RESERVED_XENSTORE, dom->xenstore_domid,
	      xc_dom_p2m(dom, dom->xenstore_pfn));
	close_grants(mould);
	return r;
}

static int pin(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L4_TABLE };

	op.arg1.mfn = xc_dom_p2m(dom, dom->pgtables_seg.pfn);
	return xc_mmuext_op(dom->xch, &op, 1, (domid_t)dom->guest_domid) < 0 ? -errno : 0;
}

static int fill(struct mould *mould)
{
	set_words(mould);
	mould->dom->arch_hooks->start_info(mould->dom);
	return write_pages(mould);
}

static int set_up_vcpu(struct mould *mould)
{
	errno = 0;
	return mould->dom->arch_hooks->vcpu(mould->dom) ? (errno ? -errno : -EIO) : 0;
}

int mould_cast(struct mould *mould, struct build_result *result, const struct shell *shell,
	       const char **what)
{
	static const struct {
		const char *what;
		int (*call)(struct mould *mould);
	} steps[] = {
		{ "getting memory", get_memory },
		{ "asking for the shared page", get_shared_frame },
		{ "copying the kernel", fill },
		{ "pinning the page tables", pin },
		{ "setting up the first vCPU", set_up_vcpu },
	};
	struct xc_dom_image *dom = mould->dom;

	dom->guest_domid = shell->domid;
	dom->xenstore_evtchn = shell->store_port;
	dom->console_evtchn = shell->console_port;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int r = steps[i].call(mould);

		*what = steps[i].what;
		if (r < 0)
			return r;
	}
	result->store_frame = xc_dom_p2m(dom, dom->xenstore_pfn);
	result->console_frame = xc_dom_p2m(dom, dom->console_pfn);
	return 0;
}
