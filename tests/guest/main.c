/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what the builder left to the two rings, for either kind of guest; turn.c does the rest. */
#include "guest.h"
#include "layout.h"

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>

extern char hypercall_page[];

static char shared_page[4096] __attribute__((aligned(4096)));
static struct guest the_guest;

static void *ring_of_mfn(uint64_t mfn)
{
	return (void *)(LAYOUT_VIRT_BASE + (hyper_mfn_to_pfn(mfn) << 12));
}

static void attach_pv(struct guest *guest, const struct start_info *info)
{
	uint64_t present_rw_user = 7;

	memcpy(guest->cmdline, info->cmd_line, sizeof(guest->cmdline) - 1);
	if (hyper_update_va(shared_page, info->shared_info | present_rw_user))
		hyper_shutdown(SHUTDOWN_crash);
	guest->shared = (struct shared_info *)shared_page;
	guest->store.ring = ring_of_mfn(info->store_mfn);
	guest->store.port = info->store_evtchn;
	guest->console.ring = ring_of_mfn(info->console.domU.mfn);
	guest->console.port = info->console.domU.evtchn;
}

/* Where the tables of start.S show a physical address. */
static void *of_paddr(uint64_t paddr)
{
	if (paddr >= LAYOUT_HIGH_PHYS)
		return (void *)(LAYOUT_HIGH_BASE + paddr - LAYOUT_HIGH_PHYS);
	return (void *)(LAYOUT_VIRT_BASE + paddr);
}

static uint64_t paddr_of(const void *ours)
{
	return (uint64_t)ours - LAYOUT_VIRT_BASE;
}

static void attach_pvh(struct guest *guest, const struct hvm_start_info *info)
{
	text_format(guest->cmdline, sizeof(guest->cmdline), "%s",
		    info->cmdline_paddr ? (const char *)of_paddr(info->cmdline_paddr) : "");
	hyper_enable(paddr_of(hypercall_page));
	if (hyper_map_shared(paddr_of(shared_page)))
		hyper_shutdown(SHUTDOWN_crash);
	guest->shared = (struct shared_info *)shared_page;
	guest->store.ring = of_paddr(hyper_param(HVM_PARAM_STORE_PFN) << 12);
	guest->store.port = (uint32_t)hyper_param(HVM_PARAM_STORE_EVTCHN);
	guest->console.ring = of_paddr(hyper_param(HVM_PARAM_CONSOLE_PFN) << 12);
	guest->console.port = (uint32_t)hyper_param(HVM_PARAM_CONSOLE_EVTCHN);
}

void main_pv(const struct start_info *info)
{
	attach_pv(&the_guest, info);
	turn_for_ever(&the_guest);
}

void main_pvh(uint64_t info_paddr)
{
	attach_pvh(&the_guest, of_paddr(info_paddr));
	turn_for_ever(&the_guest);
}
