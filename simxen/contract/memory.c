/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations, limits and claims. */
#include <errno.h>
#include <stdlib.h>

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
}
