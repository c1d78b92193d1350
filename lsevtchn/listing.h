/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table as the stock lsevtchn prints it, to the byte: scripts read this. */
#ifndef LISTING_H
#define LISTING_H

#include <stdio.h>

struct scan;

/**
 * listing_print() - one line for each port in use that the hypervisor tells of
 *
 * Source: the output of lsevtchn of Xen 4.17. The hypervisor's own ports are left out, as there.
 */
void listing_print(FILE *to, const struct scan *scan);

#endif
