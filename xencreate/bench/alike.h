/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the comparisons of PV and of PVH domains share. */
#ifndef ALIKE_H
#define ALIKE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

/** alike_verdict() - one line of TAP */
void alike_verdict(bool good, const char *name);

/** alike_map_grants() - the first page of a domain's grants, to be unmapped as @resource; NULL: it
 * cannot be had */
grant_entry_v1_t *alike_map_grants(xenforeignmemory_handle *foreign, uint32_t domid,
				   xenforeignmemory_resource_handle **resource);

/**
 * alike_pvh() - is domain @b, which was cast, like @a, which the library built?
 * @other: built by the library, too: where it differs from @a, there is nothing to compare
 * @n_pages: of the memory from address 0 on
 *
 * Return: 0 (the verdicts are printed), or a negative errno.
 */
int alike_pvh(xc_interface *xch, xenforeignmemory_handle *foreign, uint32_t a, uint32_t other,
	      uint32_t b, size_t n_pages);

#endif
