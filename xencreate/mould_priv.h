/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mould_take.c, mould.c and mould_pvh.c share. */
#ifndef MOULD_PRIV_H
#define MOULD_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xenguest.h>

#define MOULD_PAGE_BYTES 4096
#define MOULD_ENTRIES	 (MOULD_PAGE_BYTES / sizeof(grant_entry_v1_t))
#define MOULD_OWN_DOMID	 0 /* who copies; if it is another, taking the mould fails */
/* The shared page goes the same way, by the last of the entries. */
#define MOULD_PAGES_MAX (MOULD_ENTRIES - GNTTAB_NR_RESERVED_ENTRIES - 1)

/* Words in a row that hold the frames of pages in a row. */
struct mould_run {
	uint64_t *words;
	uint32_t n;
	uint32_t pfn;
	uint64_t flags; /* of entries in a page table */
	bool is_entry;	/* else plain frame numbers */
};

struct mould_pvh;

struct mould {
	struct xc_dom_image *dom; /* owned; what the library knows, of the domain at hand */
	struct mould_pvh *pvh;	  /* owned; NULL: PV */
	xenforeignmemory_handle *foreign;
	xengnttab_handle *gnttab;
	xenforeignmemory_resource_handle *resource; /* while a grant table is mapped */
	grant_entry_v1_t *entries;		    /* likewise */
	xen_pfn_t *own_p2m;   /* owned; of the domain at hand. dom's is the library's; PV */
	xen_pfn_t *first_p2m; /* borrowed: the library's, put back before it is released */
	xen_pfn_t *extents;   /* owned; PV */
	uint32_t pfns[MOULD_PAGES_MAX];
	bool is_zero[MOULD_PAGES_MAX];
	unsigned int n_pages;
	char *pages; /* owned, mapped: n_pages, then the shared page, then one of zeros */
	struct mould_run *runs; /* owned; none with PVH */
	size_t n_runs, n_runs_allocated;
	struct xc_dom_phys start_info; /* where the library finds that page */
	xengnttab_grant_copy_segment_t segments[MOULD_PAGES_MAX + 1];
};

/** mould_page() - the page of ours with this index; after the last comes the shared page, then
 * zeros
 */
char *mould_page(const struct mould *mould, unsigned int i);

/** mould_index() - the index of a page of the domain, which is there */
unsigned int mould_index(const struct mould *mould, xen_pfn_t pfn);

/** mould_open_grants() - map the grants of the domain at hand. Return: 0, or what that says. */
int mould_open_grants(struct mould *mould);
void mould_close_grants(struct mould *mould);

/** mould_grant() - have the domain at hand grant a frame. To itself it grants nothing. */
void mould_grant(struct mould *mould, unsigned int ref, uint32_t domid, xen_pfn_t frame);

/** mould_grant_pages() - and all of the mould's pages, to us; mould_revoke_pages(): the domain must
 * not find any of these. */
void mould_grant_pages(struct mould *mould);
void mould_revoke_pages(struct mould *mould);

/** mould_n_copied() - the pages, and with PV the shared page */
unsigned int mould_n_copied(const struct mould *mould);

/** mould_prepare() - page @i, or the shared page if it is the one after the last, is to be copied
 * from or to @ours */
void mould_prepare(struct mould *mould, unsigned int i, bool to_domain, void *ours);

/** mould_copy() - copy what was prepared. Return: 0, -EIO (one of them at least was not), or what
 * the device says. */
int mould_copy(struct mould *mould, unsigned int n);

/**
 * mould_pvh_take() - what a PVH domain has beside its memory: parameters, and the state of its
 * vCPUs
 *
 * Return: 0, -EPROTO (not as expected), -ENOMEM, or what the hypervisor says.
 */
int mould_pvh_take(struct mould *mould);

/** mould_pvh_get_memory() - for the domain at hand. Return: 0, -ENOMEM, or what Xen says. */
int mould_pvh_get_memory(struct mould *mould);

/** mould_pvh_set_params() - likewise. Return: 0, or what the hypervisor says. */
int mould_pvh_set_params(struct mould *mould);

/** mould_pvh_set_up_vcpus() - likewise. Return: 0, or what the hypervisor says. */
int mould_pvh_set_up_vcpus(struct mould *mould);

void mould_pvh_free(struct mould_pvh *pvh);

/** mould_pvh_is_proven() - do vCPUs get their state in one call, not from the library? */
bool mould_pvh_is_proven(const struct mould_pvh *pvh);

/** mould_get_shared_frame() - ask for the frame of the shared page. Return: 0 or -ESRCH. */
int mould_get_shared_frame(struct mould *mould);

#endif
