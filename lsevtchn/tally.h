/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ports of one table add up to: by kind and by peer. */
#ifndef TALLY_H
#define TALLY_H

#include "scan.h"

/* What a domain's ports have to do with one other domain. */
struct tally_peer {
	uint32_t domid;
	uint32_t n_connected; /* interdomain, both ends there */
	uint32_t n_waiting;   /* unbound, offered to @domid or left by it */
};

struct tally {
	uint32_t n_kind[SCAN_N_KINDS];
	uint32_t n_used;    /* all but the closed ones */
	uint32_t highest;   /* highest port in use; 0 if none: port 0 is reserved */
	uint32_t n_self;    /* interdomain ports whose other end is in the same table */
	uint32_t n_private; /* neither connected nor offered to another domain: what the domain
			       needs for itself */
	struct tally_peer *peers; /* owned; rising domid, without the domain itself */
	size_t n_peers;
};

/**
 * tally_make() - add up @scan
 * @tally: overwritten; tally_deinit()
 *
 * Return: 0 or -ENOMEM.
 */
int tally_make(struct tally *tally, const struct scan *scan);
void tally_deinit(struct tally *tally);

/** tally_peer() - what @tally holds for @domid, or NULL. Borrowed. */
const struct tally_peer *tally_peer(const struct tally *tally, uint32_t domid);

/** tally_by_size() - for qsort() over tally_peer: most ports first, then rising domid. */
int tally_by_size(const void *a, const void *b);

#endif
