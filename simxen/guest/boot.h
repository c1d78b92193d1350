/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest finds when it starts, in its own memory, as the builder left it there. */
#ifndef BOOT_H
#define BOOT_H

#include <stddef.h>
#include <stdint.h>

struct domain;

struct boot_info {
	char cmdline[1024];
	uint64_t store_mfn, console_mfn;
	uint32_t store_port, console_port;
};

/**
 * boot_find() - follow the registers of vCPU 0
 *
 * PV: rsi is the virtual address of start_info, found through the page tables at cr3. PVH: rbx is
 * the physical address of hvm_start_info, rings and ports are HVM parameters.
 *
 * Return: 0 or -EFAULT (what is needed is not there: a real guest would crash).
 */
int boot_find(struct domain *domain, struct boot_info *info);

#endif
