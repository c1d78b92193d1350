/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages that the library writes are read back once, by grants that the domain is made to give.
 * In the list of frames, in the page tables and in start_info they hold machine frames: each of
 * those words is remembered with the page that it means, and set anew for each domain. The pages
 * go into the domain by one grant copy. The library's own functions for start_info, the shared
 * page and the vCPU are used again: they find the page of start_info here.
 *
 * A PVH domain knows no machine frames: all its pages go in as they are.
 */
#include "mould.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "build.h"
#include "domaininfo.h"
#include "mould_priv.h"
#include "shell.h"

static_assert(sizeof(xen_pfn_t) == sizeof(uint64_t), "a list of frames is copied as it is");

#define SUPERPAGE_ORDER 9
#define SUPERPAGE_PAGES (1U << SUPERPAGE_ORDER)

char *mould_page(const struct mould *mould, unsigned int i)
{
	return mould->pages + (size_t)i * MOULD_PAGE_BYTES;
}

unsigned int mould_index(const struct mould *mould, xen_pfn_t pfn)
{
	unsigned int i = 0;

	while (mould->pfns[i] != pfn) /* it is there: mould_take() */
		i++;
	return i;
}

/* --- grants --- */

int mould_open_grants(struct mould *mould)
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

void mould_close_grants(struct mould *mould)
{
	if (mould->resource)
		xenforeignmemory_unmap_resource(mould->foreign, STEAL(mould->resource));
	mould->entries = NULL;
}

void mould_grant(struct mould *mould, unsigned int ref, uint32_t domid, xen_pfn_t frame)
{
	if (domid == mould->dom->guest_domid)
		return;
	mould->entries[ref].domid = (domid_t)domid;
	mould->entries[ref].frame = (uint32_t)frame;
	__atomic_store_n(&mould->entries[ref].flags, GTF_permit_access, __ATOMIC_RELEASE);
}

/* The first ones are reserved; the domain must not find any of these. */
void mould_grant_pages(struct mould *mould)
{
	for (unsigned int i = 0; i < mould->n_pages; i++)
		mould_grant(mould, GNTTAB_NR_RESERVED_ENTRIES + i, MOULD_OWN_DOMID,
			    xc_dom_p2m(mould->dom, mould->pfns[i]));
	if (!mould->pvh)
		mould_grant(mould, MOULD_ENTRIES - 1, MOULD_OWN_DOMID, mould->dom->shared_info_mfn);
}

void mould_revoke_pages(struct mould *mould)
{
	memset(&mould->entries[GNTTAB_NR_RESERVED_ENTRIES], 0,
	       mould->n_pages * sizeof(mould->entries[0]));
	memset(&mould->entries[MOULD_ENTRIES - 1], 0, sizeof(mould->entries[0]));
}

unsigned int mould_n_copied(const struct mould *mould)
{
	return mould->n_pages + !mould->pvh;
}

/* Copies page @i of ours, or the shared page if it is the one after the last. */
void mould_prepare(struct mould *mould, unsigned int i, bool to_domain, void *ours)
{
	xengnttab_grant_copy_segment_t *segment = &mould->segments[i];
	uint32_t ref = i < mould->n_pages ? GNTTAB_NR_RESERVED_ENTRIES + i
					  : (uint32_t)MOULD_ENTRIES - 1;

	*segment = (xengnttab_grant_copy_segment_t){
		.len = MOULD_PAGE_BYTES,
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

int mould_copy(struct mould *mould, unsigned int n)
{
	if (xengnttab_grant_copy(mould->gnttab, n, mould->segments) < 0)
		return errno ? -errno : -EIO;
	for (unsigned int i = 0; i < n; i++)
		if (mould->segments[i].status != GNTST_okay)
			return -EIO;
	return 0;
}

int mould_get_shared_frame(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	struct domaininfo info;
	int r = domaininfo_get(&info, dom->xch, dom->guest_domid);

	if (!r)
		dom->shared_info_mfn = info.shared_frame;
	return r;
}

void mould_free(struct mould *mould)
{
	if (!mould)
		return;
	mould_close_grants(mould);
	if (mould->gnttab)
		xengnttab_close(mould->gnttab);
	if (mould->foreign)
		xenforeignmemory_close(mould->foreign);
	if (mould->pages)
		munmap(mould->pages, (mould->n_pages + 2) * (size_t)MOULD_PAGE_BYTES);
	if (mould->dom) {
		mould->dom->phys_pages = NULL;
		mould->dom->pv_p2m = mould->first_p2m;
		xc_dom_release(mould->dom);
	}
	mould_pvh_free(mould->pvh);
	free(mould->own_p2m);
	free(mould->extents);
	free(mould->runs);
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
	for (size_t i = 0; i < mould->n_runs; i++) {
		const struct mould_run *run = &mould->runs[i];
		const xen_pfn_t *frames = &mould->dom->pv_p2m[run->pfn];

		if (run->is_entry)
			for (uint32_t j = 0; j < run->n; j++)
				run->words[j] = frames[j] * MOULD_PAGE_BYTES | run->flags;
		else
			memcpy(run->words, frames, run->n * sizeof(run->words[0]));
	}
}

static int write_pages(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	int r = mould_open_grants(mould);

	if (r < 0)
		return r;
	mould_grant_pages(mould);
	for (unsigned int i = 0; i < mould->n_pages; i++)
		mould_prepare(mould, i, true,
			      mould->is_zero[i] ? mould_page(mould, mould->n_pages + 1)
						: mould_page(mould, i));
	if (!mould->pvh)
		mould_prepare(mould, mould->n_pages, true, mould_page(mould, mould->n_pages));
	r = mould_copy(mould, mould_n_copied(mould));
	mould_revoke_pages(mould);
	mould_grant(mould, GNTTAB_RESERVED_CONSOLE, dom->console_domid,
		    xc_dom_p2m(dom, dom->console_pfn));
	mould_grant(mould, GNTTAB_RESERVED_XENSTORE, dom->xenstore_domid,
		    xc_dom_p2m(dom, dom->xenstore_pfn));
	mould_close_grants(mould);
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

struct step {
	const char *what; /* NULL after the last */
	int (*call)(struct mould *mould);
};

static const struct step pv_steps[] = {
	{ "getting memory", get_memory },
	{ "asking for the shared page", mould_get_shared_frame },
	{ "copying the kernel", fill },
	{ "pinning the page tables", pin },
	{ "setting up the first vCPU", set_up_vcpu },
	{ 0 },
};

static const struct step pvh_steps[] = {
	{ "getting memory", mould_pvh_get_memory },
	{ "copying the kernel", write_pages },
	{ "setting the parameters", mould_pvh_set_params },
	{ "setting up the vCPUs", mould_pvh_set_up_vcpus },
	{ 0 },
};

int mould_cast(struct mould *mould, struct build_result *result, const struct shell *shell,
	       const char **what)
{
	struct xc_dom_image *dom = mould->dom;

	dom->guest_domid = shell->domid;
	dom->xenstore_evtchn = shell->store_port;
	dom->console_evtchn = shell->console_port;
	for (const struct step *step = mould->pvh ? pvh_steps : pv_steps; step->what; step++) {
		int r = step->call(mould);

		*what = step->what;
		if (r < 0)
			return r;
	}
	result->store_frame = xc_dom_p2m(dom, dom->xenstore_pfn);
	result->console_frame = xc_dom_p2m(dom, dom->console_pfn);
	return 0;
}

bool mould_is_whole(const struct mould *mould)
{
	return !mould->pvh || mould_pvh_is_proven(mould->pvh);
}
