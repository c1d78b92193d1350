/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted array of 512-frame blocks: contiguous ones take one word, others a table. */
#include "p2m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512u

struct p2m_block {
	uint64_t first;	 /* gfn / BLOCK */
	uint64_t whole;	 /* mfn of a contiguous block, or P2M_HOLE */
	uint64_t *table; /* owned: an mfn or P2M_HOLE for each frame, if not contiguous */
};

void p2m_deinit(struct p2m *p2m)
{
	for (uint32_t i = 0; i < p2m->n_blocks; i++)
		free(p2m->blocks[i].table);
	free(p2m->blocks);
	*p2m = (struct p2m){ .blocks = NULL };
}

/* The index of the block, or of the place where it belongs. */
static uint32_t block_index(const struct p2m *p2m, uint64_t first)
{
	uint32_t low = 0, high = p2m->n_blocks;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (p2m->blocks[mid].first < first)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct p2m_block *block_get(const struct p2m *p2m, uint64_t gfn)
{
	uint32_t i = block_index(p2m, gfn / BLOCK);

	return i < p2m->n_blocks && p2m->blocks[i].first == gfn / BLOCK ? &p2m->blocks[i] : NULL;
}

static struct p2m_block *block_add(struct p2m *p2m, uint64_t gfn)
{
	uint32_t i = block_index(p2m, gfn / BLOCK);
	struct p2m_block *blocks;

	blocks = reallocarray(p2m->blocks, p2m->n_blocks + 1, sizeof(*blocks));
	if (!blocks)
		return NULL;
	p2m->blocks = blocks;
	memmove(&blocks[i + 1], &blocks[i], (p2m->n_blocks - i) * sizeof(*blocks));
	p2m->n_blocks++;
	blocks[i] = (struct p2m_block){ .first = gfn / BLOCK, .whole = P2M_HOLE };
	return &blocks[i];
}

static int block_to_table(struct p2m_block *block)
{
	if (block->table)
		return 0;
	block->table = malloc(BLOCK * sizeof(*block->table));
	if (!block->table)
		return -ENOMEM;
	for (unsigned int i = 0; i < BLOCK; i++)
		block->table[i] = block->whole == P2M_HOLE ? P2M_HOLE : block->whole + i;
	block->whole = P2M_HOLE;
	return 0;
}

uint64_t p2m_get(const struct p2m *p2m, uint64_t gfn)
{
	const struct p2m_block *block = block_get(p2m, gfn);

	if (!block)
		return P2M_HOLE;
	if (block->table)
		return block->table[gfn % BLOCK];
	return block->whole == P2M_HOLE ? P2M_HOLE : block->whole + gfn % BLOCK;
}

static int set_part(struct p2m *p2m, uint64_t gfn, uint64_t n, uint64_t mfn)
{
	struct p2m_block *block = block_get(p2m, gfn);
	int r;

	if (!block)
		block = block_add(p2m, gfn);
	if (!block)
		return -ENOMEM;
	if (n == BLOCK && !block->table && block->whole == P2M_HOLE) {
		block->whole = mfn;
		return 0;
	}
	r = block_to_table(block);
	for (uint64_t i = 0; !r && i < n; i++)
		block->table[gfn % BLOCK + i] = mfn + i;
	return r;
}

int p2m_set(struct p2m *p2m, uint64_t gfn, unsigned int order, uint64_t mfn)
{
	uint64_t n = 1ull << order, step = n < BLOCK ? n : BLOCK;
	int r;

	if (gfn >= P2M_GFN_MAX || n > P2M_GFN_MAX - gfn || gfn % n)
		return -EINVAL;
	for (uint64_t i = 0; i < n; i++)
		if (p2m_get(p2m, gfn + i) != P2M_HOLE)
			return -EINVAL;
	for (uint64_t i = 0; i < n; i += step) {
		r = set_part(p2m, gfn + i, step, mfn + i);
		if (r < 0)
			return r;
	}
	return 0;
}

int p2m_clear(struct p2m *p2m, uint64_t gfn)
{
	struct p2m_block *block = block_get(p2m, gfn);
	int r;

	if (!block || p2m_get(p2m, gfn) == P2M_HOLE)
		return -EINVAL;
	r = block_to_table(block);
	if (!r)
		block->table[gfn % BLOCK] = P2M_HOLE;
	return r;
}

uint64_t p2m_highest(const struct p2m *p2m)
{
	for (uint32_t i = p2m->n_blocks; i-- > 0;)
		for (unsigned int j = BLOCK; j-- > 0;)
			if (p2m_get(p2m, p2m->blocks[i].first * BLOCK + j) != P2M_HOLE)
				return p2m->blocks[i].first * BLOCK + j;
	return 0;
}
