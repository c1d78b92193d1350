/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a domain leaves behind in the store, cleared in time that follows how much that is. */
#ifndef DEATH_H
#define DEATH_H

#include <stdbool.h>
#include <stdint.h>

struct store;
struct watch_index;

/**
 * death_sweep() - remove the nodes that @domid owns, with all below them and with events as for RM,
 * and its entries in the permissions of other nodes, without events
 * @keep_orphans: give its nodes to dom0 instead
 *
 * "/" and the nodes beside the tree are always kept and given to dom0.
 */
void death_sweep(struct store *store, struct watch_index *watches, uint32_t domid,
		 bool keep_orphans);

#endif
