/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free blocks are bits of a map that is searched from the top, so that an allocation of a block
 * costs a look at a few words however large the host is. Blocks that are split keep an owner per
 * frame; a second map says which of them have room.
 */
#include "memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define XEN_BLOCKS 8

struct split {
	uint16_t owner[MEMORY_BLOCK];
	uint16_t n_free;
};

struct block {
	uint16_t owner;	     /* of the whole block; unused while it is split */
	struct split *split; /* owned; NULL: not split */
};

struct memory {
	int fd;
	char *base; /* the file, mapped */
	uint64_t n_frames;
	uint64_t n_free;
	uint64_t n_reserved;
	uint64_t n_blocks;
	struct block *blocks;
	uint64_t *free_map; /* bit: the block is free and whole */
	uint64_t *room_map; /* bit: the block is split and has a free frame */
};

#define MAP_WORDS(n) (((n) + 63) / 64)

static void map_set(uint64_t *map, uint64_t bit, bool value)
{
	if (value)
		map[bit / 64] |= 1ull << (bit % 64);
	else
		map[bit / 64] &= ~(1ull << (bit % 64));
}

static bool map_get(const uint64_t *map, uint64_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

/* The highest set bit below @below, or -1. */
static int64_t map_last(const uint64_t *map, uint64_t below)
{
	uint64_t word = below / 64;
	uint64_t bits = below % 64 ? map[word] & ((1ull << (below % 64)) - 1) : 0;

	for (;;) {
		if (bits)
			return (int64_t)(word * 64 + 63 - (uint64_t)__builtin_clzll(bits));
		if (!word)
			return -1;
		bits = map[--word];
	}
}

int memory_new(struct memory **out, uint64_t n_frames)
{
	CLEANUP(memory_free) struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	memory->fd = -1;
	memory->n_blocks = n_frames / MEMORY_BLOCK;
	if (memory->n_blocks < 2 * XEN_BLOCKS)
		return -EINVAL;
	memory->n_frames = memory->n_blocks * MEMORY_BLOCK;
	memory->fd = memfd_create("simxen-frames", MFD_CLOEXEC);
	if (memory->fd < 0 ||
	    ftruncate(memory->fd, (off_t)(memory->n_frames * MEMORY_PAGE_BYTES)) < 0)
		return -errno;
	memory->base = mmap(NULL, memory->n_frames * MEMORY_PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_NORESERVE, memory->fd, 0);
	if (memory->base == MAP_FAILED) {
		memory->base = NULL;
		return -errno;
	}
	memory->blocks = calloc(memory->n_blocks, sizeof(*memory->blocks));
	memory->free_map = calloc(MAP_WORDS(memory->n_blocks) + 1, sizeof(uint64_t));
	memory->room_map = calloc(MAP_WORDS(memory->n_blocks) + 1, sizeof(uint64_t));
	if (!memory->blocks || !memory->free_map || !memory->room_map)
		return -ENOMEM;
	for (uint64_t i = 0; i < memory->n_blocks; i++) {
		memory->blocks[i].owner = i < XEN_BLOCKS ? MEMORY_OWNER_XEN : MEMORY_OWNER_NONE;
		map_set(memory->free_map, i, i >= XEN_BLOCKS);
	}
	memory->n_free = (memory->n_blocks - XEN_BLOCKS) * MEMORY_BLOCK;
	*out = STEAL(memory);
	return 0;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	for (uint64_t i = 0; memory->blocks && i < memory->n_blocks; i++)
		free(memory->blocks[i].split);
	if (memory->base)
		munmap(memory->base, memory->n_frames * MEMORY_PAGE_BYTES);
	if (memory->fd >= 0)
		close(memory->fd);
	free(memory->blocks);
	free(memory->free_map);
	free(memory->room_map);
	free(memory);
}

int memory_fd(const struct memory *memory)
{
	return memory->fd;
}

uint64_t memory_n_frames(const struct memory *memory)
{
	return memory->n_frames;
}

uint64_t memory_n_free(const struct memory *memory)
{
	return memory->n_free > memory->n_reserved ? memory->n_free - memory->n_reserved : 0;
}

void memory_limit(struct memory *memory, uint64_t n_frames)
{
	memory->n_reserved = n_frames < memory->n_free ? memory->n_free - n_frames : 0;
}

void *memory_frame(struct memory *memory, uint64_t mfn)
{
	assert(mfn < memory->n_frames);
	return memory->base + mfn * MEMORY_PAGE_BYTES;
}

uint16_t memory_owner(const struct memory *memory, uint64_t mfn)
{
	const struct block *block;

	if (mfn >= memory->n_frames)
		return MEMORY_OWNER_NONE;
	block = &memory->blocks[mfn / MEMORY_BLOCK];
	return block->split ? block->split->owner[mfn % MEMORY_BLOCK] : block->owner;
}

static int split_block(struct memory *memory, uint64_t at)
{
	struct block *block = &memory->blocks[at];

	if (block->split)
		return 0;
	block->split = malloc(sizeof(*block->split));
	if (!block->split)
		return -ENOMEM;
	for (unsigned int i = 0; i < MEMORY_BLOCK; i++)
		block->split->owner[i] = block->owner;
	block->split->n_free = block->owner == MEMORY_OWNER_NONE ? MEMORY_BLOCK : 0;
	map_set(memory->free_map, at, false);
	map_set(memory->room_map, at, block->split->n_free > 0);
	return 0;
}

static int take_blocks(struct memory *memory, uint16_t owner, uint64_t n, uint64_t *mfn)
{
	uint64_t below = memory->n_blocks;

	while (n <= below) {
		int64_t last = map_last(memory->free_map, below);
		uint64_t first, i;

		if (last < 0 || (uint64_t)last + 1 < n)
			return -ENOMEM;
		first = ((uint64_t)last + 1) / n * n; /* alignment: the run ends at or below here */
		first -= n;
		for (i = first; i < first + n && map_get(memory->free_map, i);)
			i++;
		if (i < first + n) {
			below = i;
			continue;
		}
		for (i = first; i < first + n; i++) {
			memory->blocks[i].owner = owner;
			map_set(memory->free_map, i, false);
		}
		*mfn = first * MEMORY_BLOCK;
		return 0;
	}
	return -ENOMEM;
}

static bool take_from_split(struct memory *memory, uint16_t owner, unsigned int order, uint64_t at,
			    uint64_t *mfn)
{
	struct split *split = memory->blocks[at].split;
	unsigned int n = 1u << order;

	if (split->n_free < n)
		return false;
	for (unsigned int top = MEMORY_BLOCK; top >= n; top -= n) {
		unsigned int i = top - n;

		while (i < top && split->owner[i] == MEMORY_OWNER_NONE)
			i++;
		if (i < top)
			continue;
		for (i = top - n; i < top; i++)
			split->owner[i] = owner;
		split->n_free -= n;
		map_set(memory->room_map, at, split->n_free > 0);
		*mfn = at * MEMORY_BLOCK + top - n;
		return true;
	}
	return false;
}

static int take_frames(struct memory *memory, uint16_t owner, unsigned int order, uint64_t *mfn)
{
	int64_t at = (int64_t)memory->n_blocks;
	int r;

	while ((at = map_last(memory->room_map, (uint64_t)at)) >= 0) {
		if (take_from_split(memory, owner, order, (uint64_t)at, mfn))
			return 0;
	}
	at = map_last(memory->free_map, memory->n_blocks);
	if (at < 0)
		return -ENOMEM;
	r = split_block(memory, (uint64_t)at);
	if (r < 0)
		return r;
	if (!take_from_split(memory, owner, order, (uint64_t)at, mfn))
		return -ENOMEM;
	return 0;
}

int memory_take(struct memory *memory, uint16_t owner, unsigned int order, uint64_t *mfn)
{
	uint64_t n;
	int r;

	assert(owner != MEMORY_OWNER_NONE);
	if (order > 40 || (n = 1ull << order) > memory_n_free(memory))
		return -ENOMEM;
	if (order >= MEMORY_BLOCK_ORDER)
		r = take_blocks(memory, owner, n / MEMORY_BLOCK, mfn);
	else
		r = take_frames(memory, owner, order, mfn);
	if (!r)
		memory->n_free -= n;
	return r;
}

static void clear_frames(struct memory *memory, uint64_t mfn, uint64_t n)
{
	/* Gives the memory back to the machine; what is read there next is zero. */
	if (fallocate(memory->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)(mfn * MEMORY_PAGE_BYTES), (off_t)(n * MEMORY_PAGE_BYTES)) < 0)
		memset(memory_frame(memory, mfn), 0, n * MEMORY_PAGE_BYTES);
}

/* A block whose frames are all free again is whole again. */
static void rejoin(struct memory *memory, uint64_t at)
{
	struct block *block = &memory->blocks[at];

	if (block->split->n_free < MEMORY_BLOCK) {
		map_set(memory->room_map, at, block->split->n_free > 0);
		return;
	}
	free(block->split);
	block->split = NULL;
	block->owner = MEMORY_OWNER_NONE;
	map_set(memory->room_map, at, false);
	map_set(memory->free_map, at, true);
}

static uint64_t give_back_frames(struct memory *memory, uint16_t owner, uint64_t mfn, uint64_t n,
				 bool (*keep)(void *ctx, uint64_t mfn), void *ctx)
{
	uint64_t at = mfn / MEMORY_BLOCK, n_freed = 0, run = mfn;
	struct split *split;

	if (split_block(memory, at) < 0)
		return 0; /* stays with its owner: better lost than freed twice */
	split = memory->blocks[at].split;
	for (uint64_t i = mfn; i <= mfn + n; i++) {
		bool goes = i < mfn + n && split->owner[i % MEMORY_BLOCK] == owner &&
			    !(keep && keep(ctx, i));

		if (goes) {
			split->owner[i % MEMORY_BLOCK] = MEMORY_OWNER_NONE;
			split->n_free++;
			n_freed++;
			continue;
		}
		if (i > run)
			clear_frames(memory, run, i - run);
		run = i + 1;
	}
	rejoin(memory, at);
	return n_freed;
}

static bool any_kept(uint64_t mfn, uint64_t n, bool (*keep)(void *ctx, uint64_t mfn), void *ctx)
{
	for (uint64_t i = mfn; keep && i < mfn + n; i++)
		if (keep(ctx, i))
			return true;
	return false;
}

uint64_t memory_give_back(struct memory *memory, uint16_t owner, uint64_t mfn, unsigned int order,
			  bool (*keep)(void *ctx, uint64_t mfn), void *ctx)
{
	uint64_t end = mfn + (1ull << order), n_freed = 0;

	while (mfn < end) {
		uint64_t at = mfn / MEMORY_BLOCK;
		uint64_t n = MEMORY_BLOCK - mfn % MEMORY_BLOCK;
		struct block *block = &memory->blocks[at];

		if (n > end - mfn)
			n = end - mfn;
		if (!block->split && block->owner != owner) {
			mfn += n;
			continue;
		}
		if (n == MEMORY_BLOCK && !block->split && !any_kept(mfn, n, keep, ctx)) {
			block->owner = MEMORY_OWNER_NONE;
			map_set(memory->free_map, at, true);
			clear_frames(memory, mfn, n);
			n_freed += n;
		} else {
			n_freed += give_back_frames(memory, owner, mfn, n, keep, ctx);
		}
		mfn += n;
	}
	memory->n_free += n_freed;
	return n_freed;
}
