/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1 entries: the guest (or its builder) writes into shared frames which of
 * its pages another domain may map.
 *
 * Source: xen/grant_table.h.
 */
#ifndef GRANT_H
#define GRANT_H

#include <stdbool.h>
#include <stdint.h>

struct domain;

#define GRANT_FRAMES_MAX     64
#define GRANT_ENTRIES_A_PAGE 512

struct grant_table {
	uint64_t *frames; /* owned: mfns, room for max_frames */
	uint32_t n_frames;
	uint32_t max_frames;
};

/**
 * grant_init() - a table of one frame
 *
 * Return: 0 or -ENOMEM.
 */
int grant_init(struct domain *domain, uint32_t max_frames);

/** grant_deinit() - forget the frames; those that are mapped stay the domain's until unmapped. */
void grant_deinit(struct domain *domain);

/**
 * grant_grow() - make the table at least @n frames long
 *
 * Return: 0, -EINVAL (beyond the limit), -ENOMEM.
 */
int grant_grow(struct domain *domain, uint32_t n);

/**
 * grant_begin() - look an entry up for mapping by @mapper and mark it in use in the shared frame
 * @mfn: out
 *
 * Return: 0, -EINVAL (no such entry, not granted to @mapper, read-only though @write, no frame of
 * this domain, or the domain is dying).
 */
int grant_begin(struct domain *domain, uint32_t ref, uint16_t mapper, bool write, uint64_t *mfn);

/** grant_end() - clear the marks of an entry that nobody maps any more. */
void grant_end(struct domain *domain, uint32_t ref, bool write);

#endif
