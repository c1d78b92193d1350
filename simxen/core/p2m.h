/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest-physical address space of an HVM-type domain: guest frame to machine frame. Kept by
 * blocks of 512 frames, sorted, because builders fill it with 2 MiB extents and a few single pages.
 */
#ifndef P2M_H
#define P2M_H

#include <stdint.h>

#define P2M_GFN_MAX (1ull << 28) /* 40 address bits */
#define P2M_HOLE    UINT64_MAX

struct p2m_block;

/* Embedded in its domain. */
struct p2m {
	struct p2m_block *blocks; /* owned, sorted by guest frame */
	uint32_t n_blocks;
};

void p2m_deinit(struct p2m *p2m);

/** p2m_get() - the machine frame behind @gfn, or P2M_HOLE. */
uint64_t p2m_get(const struct p2m *p2m, uint64_t gfn);

/**
 * p2m_set() - put 2^@order machine frames at @gfn
 *
 * Return: 0, -EINVAL (beyond P2M_GFN_MAX, not aligned, or something is there), -ENOMEM.
 */
int p2m_set(struct p2m *p2m, uint64_t gfn, unsigned int order, uint64_t mfn);

/**
 * p2m_clear() - make a hole at @gfn
 *
 * Return: 0, -EINVAL (is a hole), -ENOMEM.
 */
int p2m_clear(struct p2m *p2m, uint64_t gfn);

/** p2m_highest() - the highest guest frame in use, or 0. */
uint64_t p2m_highest(const struct p2m *p2m);

#endif
