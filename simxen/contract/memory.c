/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations, limits and claims. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "contract.h"

static int populate(struct contract *c, uint32_t d, uint32_t n, unsigned int order)
{
	xen_pfn_t *pfns = calloc(n, sizeof(*pfns));
	int r;

	for (uint32_t i = 0; i < n; i++)
		pfns[i] = (xen_pfn_t)i << order;
	r = xc_domain_populate_physmap(c->xch, d, n, order, 0, pfns);
	free(pfns);
	return r;
}

static int memory_op(struct contract *c, unsigned int cmd, void *arg, size_t size)
{
	void *copy = xencall_alloc_buffer(c->call, size);
	int r, saved;

	memcpy(copy, arg, size);
	r = xencall2(c->call, __HYPERVISOR_memory_op, cmd, (uintptr_t)copy);
	saved = errno;
	memcpy(arg, copy, size);
	xencall_free_buffer(c->call, copy);
	errno = saved;
	return r;
}

/* What builders and lists ask about a domain's memory. */
static void questions(struct contract *c)
{
	uint32_t d = create(c, 64);
	struct e820entry map[2] = { { 0, 4096, E820_RAM }, { 4096, 4096, E820_RESERVED } };
	struct xen_vnuma_topology_info vnuma = { .domid = (domid_t)d };
	domid_t id = (domid_t)d;
	xen_pfn_t frame = 5, highest = 0;
	int n;

	section(c, "questions about memory");
	answer(c, "limit", memory_op(c, XENMEM_maximum_reservation, &id, sizeof(id)));
	answer(c, "in use", memory_op(c, XENMEM_current_reservation, &id, sizeof(id)));
	answer(c, "one more, without a place",
	       xc_domain_increase_reservation(c->xch, d, 1, 0, 0, &frame));
	answer(c, "in use", memory_op(c, XENMEM_current_reservation, &id, sizeof(id)));
	answer(c, "highest frame", xc_domain_maximum_gpfn(c->xch, (domid_t)d, &highest));
	say(c, "highest frame", "%lu", highest);
	answer(c, "its map", xc_domain_set_memory_map(c->xch, d, map, 2));
	answer(c, "its map again", xc_domain_set_memory_map(c->xch, d, map, 1));
	answer(c, "vnuma", memory_op(c, XENMEM_get_vnumainfo, &vnuma, sizeof(vnuma)));
	vnuma.domid = 999;
	answer(c, "vnuma of nobody", memory_op(c, XENMEM_get_vnumainfo, &vnuma, sizeof(vnuma)));
	answer(c, "map of nobody", xc_domain_set_memory_map(c->xch, 999, map, 2));
	id = 999;
	answer(c, "limit of nobody", memory_op(c, XENMEM_maximum_reservation, &id, sizeof(id)));
	answer(c, "in use by nobody", memory_op(c, XENMEM_current_reservation, &id, sizeof(id)));
	answer(c, "highest frame of nobody", xc_domain_maximum_gpfn(c->xch, 999, &highest));
	n = memory_op(c, XENMEM_maximum_ram_page, &id, sizeof(id));
	say(c, "highest of the host", "%s", n > 0 ? "some" : "none");
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	wait_gone(c, "it", d);
}

/* A domain that is dying while a page of it is mapped: what can still be done to its memory. */
static void dying(struct contract *c)
{
	uint32_t d = create(c, 64);
	xen_pfn_t frames[2] = { 0, 1 };
	void *page;

	section(c, "memory of the dying");
	populate(c, d, 2, 0);
	answer(c, "populate", xc_domain_populate_physmap(c->xch, d, 2, 0, 0, frames));
	page = xenforeignmemory_map(c->fmem, d, PROT_READ, 1, frames, NULL);
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	answer(c, "populate", populate(c, d, 1, 0));
	answer(c, "release what is mapped",
	       xc_domain_decrease_reservation(c->xch, d, 1, 0, frames));
	answer(c, "claim", xc_domain_claim_pages(c->xch, d, 10));
	answer(c, "max_vcpus", xc_domain_max_vcpus(c->xch, d, 1));
	answer(c, "shut down", xc_domain_shutdown(c->xch, (int)d, SHUTDOWN_poweroff));
	say_info(c, "info", d);
	munmap(page, 4096);
	wait_gone(c, "it", d);
}

void contract_memory(struct contract *c)
{
	uint32_t d = create(c, 1024);
	xen_pfn_t pfn = 0, mfns[2] = { 0, 1 };

	section(c, "memory");
	answer(c, "populate 1025 of 1024", populate(c, d, 1025, 0));
	say_info(c, "info", d);
	answer(c, "one more", populate(c, d, 1, 0));
	answer(c, "one more, exactly", xc_domain_populate_physmap_exact(c->xch, d, 1, 0, 0, &pfn));
	answer(c, "populate a domain that is not there", populate(c, 999, 1, 0));
	answer(c, "limit below what it has", xc_domain_setmaxmem(c->xch, d, 40));
	say_info(c, "info", d);
	answer(c, "limit back", xc_domain_setmaxmem(c->xch, d, 4096));
	answer(c, "claim what it has", xc_domain_claim_pages(c->xch, d, 1024));
	answer(c, "claim above the limit", xc_domain_claim_pages(c->xch, d, 2000));
	answer(c, "claim nothing", xc_domain_claim_pages(c->xch, d, 0));
	answer(c, "limit of 1 TiB", xc_domain_setmaxmem(c->xch, d, 1ull << 30));
	answer(c, "claim more than there is", xc_domain_claim_pages(c->xch, d, 1ull << 27));
	answer(c, "claim 2000", xc_domain_claim_pages(c->xch, d, 2000));
	answer(c, "claim again", xc_domain_claim_pages(c->xch, d, 2100));
	answer(c, "give it back", xc_domain_claim_pages(c->xch, d, 0));
	answer(c, "an extent of 2^30", populate(c, d, 1, 30));
	answer(c, "two extents of 2 MiB", xc_domain_populate_physmap(c->xch, d, 2, 9, 0, mfns));
	say(c, "their frames", "%s, %s", mfns[0] % 512 || mfns[1] % 512 ? "not aligned" : "aligned",
	    mfns[1] < mfns[0] ? "falling" : "rising");
	say_info(c, "info", d);
	answer(c, "release two", xc_domain_decrease_reservation(c->xch, d, 1, 0, mfns));
	answer(c, "release it again", xc_domain_decrease_reservation(c->xch, d, 1, 0, mfns));
	say_info(c, "info", d);
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	wait_gone(c, "it", d);
	questions(c);
	dying(c);
}
