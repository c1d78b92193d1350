/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PVH domain: its own view of memory, its parameters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "contract.h"

static void map(struct contract *c, const char *probe, uint32_t d)
{
	const xen_pfn_t gfns[] = { 0, 1 };
	int err[2] = { 1, 1 };
	void *p = xenforeignmemory_map(c->fmem, d, PROT_READ | PROT_WRITE, 2, gfns, err);

	say(c, probe, "%s, %d %d", p ? "mapped" : strerrorname_np(errno), err[0], err[1]);
	if (p)
		munmap(p, 8192);
}

void contract_hvm(struct contract *c)
{
	struct xen_domctl op = {
		.u.createdomain = { .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
				    .max_vcpus = 1,
				    .max_evtchn_port = 1023,
				    .max_grant_frames = 4,
				    .grant_opts = 1,
				    .arch.emulation_flags = XEN_X86_EMU_LAPIC },
	};
	xen_pfn_t gfn = 0;
	uint64_t value = 0;
	uint32_t d;
	int n;

	section(c, "PVH");
	if (answer_ok(c, "create", domctl(c, XEN_DOMCTL_createdomain, 0, &op)) < 0)
		return;
	d = op.domain;
	say_info(c, "info", d);
	answer(c, "limit", xc_domain_setmaxmem(c->xch, d, 4096));
	answer(c, "max_vcpus", xc_domain_max_vcpus(c->xch, d, 1));
	map(c, "map holes", d);
	answer(c, "pool size", xc_get_paging_mempool_size(c->xch, d, &value));
	say(c, "pool size", "%lu", value);
	answer(c, "pool of 1 MiB", xc_set_paging_mempool_size(c->xch, d, 1 << 20));
	answer(c, "pool of 4097 bytes", xc_set_paging_mempool_size(c->xch, d, 4097));
	answer(c, "populate gfn 0", xc_domain_populate_physmap_exact(c->xch, d, 1, 0, 0, &gfn));
	say(c, "its number", "%lu", gfn);
	map(c, "map gfn 0 and a hole", d);
	answer(c, "set a parameter", xc_hvm_param_set(c->xch, d, HVM_PARAM_STORE_PFN, 5));
	answer(c, "get it", xc_hvm_param_get(c->xch, d, HVM_PARAM_STORE_PFN, &value));
	say(c, "it is", "%lu", value);
	answer(c, "set it again", xc_hvm_param_set(c->xch, d, HVM_PARAM_STORE_PFN, 6));
	answer(c, "set number 99", xc_hvm_param_set(c->xch, d, 99, 1));
	answer(c, "set STORE_EVTCHN", xc_hvm_param_set(c->xch, d, HVM_PARAM_STORE_EVTCHN, 1));
	n = xc_domain_hvm_getcontext(c->xch, d, NULL, 0);
	say(c, "size of its context", "%s", n > 0 ? "some" : "none");
	answer(c, "increase the reservation of nobody",
	       xc_domain_increase_reservation_exact(c->xch, 999, 1, 0, 0, &gfn));
	say_info(c, "info", d);
	answer(c, "unpause, not initialised", xc_domain_unpause(c->xch, d));
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	wait_gone(c, "it", d);
}
