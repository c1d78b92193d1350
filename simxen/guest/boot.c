/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See boot.h. Every address comes from the domain's memory and must be the domain's. */
#include "boot.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/domain.h"
#include "core/host.h"
#include "core/interface.h"
#include "core/memory.h"
#include "core/vcpu.h"

#include <xen/arch-x86/hvm/start_info.h>

#define PTE_PRESENT 1ull
#define PTE_LARGE   (1ull << 7)
#define PTE_FRAME   0x000ffffffffff000ull
#define PAGE_BITS   12

/* A page of the domain by machine frame, or NULL. */
static void *page_of(struct domain *domain, uint64_t mfn)
{
	if (memory_owner(domain->host->memory, mfn) != domain->id)
		return NULL;
	return memory_frame(domain->host->memory, mfn);
}

/* Four levels of page tables. */
static char *by_virtual(struct domain *domain, uint64_t cr3, uint64_t address)
{
	uint64_t mfn = cr3 >> PAGE_BITS;

	for (int shift = 39; shift >= PAGE_BITS; shift -= 9) {
		const uint64_t *table = page_of(domain, mfn);
		uint64_t entry;

		if (!table)
			return NULL;
		entry = table[address >> shift & 511];
		if (!(entry & PTE_PRESENT))
			return NULL;
		mfn = (entry & PTE_FRAME) >> PAGE_BITS;
		if (shift > PAGE_BITS && shift < 39 && (entry & PTE_LARGE)) {
			mfn += (address & ((1ull << shift) - 1)) >> PAGE_BITS;
			break;
		}
	}
	return page_of(domain, mfn)
		       ? (char *)page_of(domain, mfn) + (address & (MEMORY_PAGE_BYTES - 1))
		       : NULL;
}

static char *by_physical(struct domain *domain, uint64_t address)
{
	uint64_t mfn = p2m_get(&domain->p2m, address >> PAGE_BITS);

	if (mfn == P2M_HOLE || !page_of(domain, mfn))
		return NULL;
	return (char *)page_of(domain, mfn) + (address & (MEMORY_PAGE_BYTES - 1));
}

static int find_pv(struct domain *domain, uint64_t at, uint64_t cr3, struct boot_info *info)
{
	const start_info_t *start = (const start_info_t *)(void *)by_virtual(domain, cr3, at);

	if (!start || strncmp(start->magic, "xen-3.0-x86_64", 14))
		return -EFAULT;
	memcpy(info->cmdline, start->cmd_line, sizeof(info->cmdline) - 1);
	info->store_mfn = start->store_mfn;
	info->store_port = start->store_evtchn;
	info->console_mfn = start->console.domU.mfn;
	info->console_port = start->console.domU.evtchn;
	return 0;
}

static int find_hvm(struct domain *domain, uint64_t at, struct boot_info *info)
{
	const struct hvm_start_info *start =
		(const struct hvm_start_info *)(void *)by_physical(domain, at);
	const uint64_t *params = domain->hvm_params;

	if (!start || start->magic != XEN_HVM_START_MAGIC_VALUE)
		return -EFAULT;
	for (size_t i = 0; start->cmdline_paddr && i + 1 < sizeof(info->cmdline); i++) {
		const char *c = by_physical(domain, start->cmdline_paddr + i);

		if (!c || !*c)
			break;
		info->cmdline[i] = *c;
	}
	info->store_mfn = p2m_get(&domain->p2m, params[HVM_PARAM_STORE_PFN]);
	info->console_mfn = p2m_get(&domain->p2m, params[HVM_PARAM_CONSOLE_PFN]);
	info->store_port = (uint32_t)params[HVM_PARAM_STORE_EVTCHN];
	info->console_port = (uint32_t)params[HVM_PARAM_CONSOLE_EVTCHN];
	return 0;
}

int boot_find(struct domain *domain, struct boot_info *info)
{
	uint64_t start_info, cr3;
	int r;

	memset(info, 0, sizeof(*info));
	vcpu_start(&domain->vcpus[0], &start_info, &cr3);
	if (domain->config.hvm)
		r = find_hvm(domain, start_info, info);
	else
		r = find_pv(domain, start_info, cr3, info);
	if (r < 0)
		return r;
	if (!page_of(domain, info->store_mfn) || !page_of(domain, info->console_mfn))
		return -EFAULT;
	return 0;
}
