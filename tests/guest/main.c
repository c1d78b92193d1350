/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From start_info to the two rings; turn.c does the rest. */
#include "guest.h"
#include "layout.h"

static char shared_page[4096] __attribute__((aligned(4096)));
static struct guest the_guest;

static void *ring_of_mfn(uint64_t mfn)
{
	return (void *)(LAYOUT_VIRT_BASE + (hyper_mfn_to_pfn(mfn) << 12));
}

static void attach(struct guest *guest, const struct start_info *info)
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

void main_pv(struct start_info *info)
{
	struct guest *guest = &the_guest;

	attach(guest, info);
	turn_for_ever(guest);
}
