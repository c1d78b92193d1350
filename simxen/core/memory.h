/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's machine frames: one sparse memory file that simxend and every client map, so that a
 * foreign or granted page is the same page everywhere. A frame costs real memory only once somebody
 * writes to it.
 *
 * Frames are handed out from the top, in aligned powers of two. Bookkeeping is by blocks of 512
 * frames (2 MiB): a block has one owner, or is split and has an owner per frame.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

#define MEMORY_PAGE_BYTES  4096
#define MEMORY_BLOCK_ORDER 9
#define MEMORY_BLOCK	   (1u << MEMORY_BLOCK_ORDER)

/* Owners that are no domain. */
#define MEMORY_OWNER_XEN  0x7ff2
#define MEMORY_OWNER_NONE 0x7ff4

struct memory;

/**
 * memory_new() - make the frames of a host
 * @out:      owned by the caller, memory_free()
 * @n_frames: size of the host; rounded down to whole blocks. The lowest 8 blocks belong to Xen.
 *
 * Return: 0, -EINVAL (fewer than 16 blocks), or what memfd_create(), ftruncate() and mmap() say.
 */
int memory_new(struct memory **out, uint64_t n_frames);
void memory_free(struct memory *memory);
DEFINE_CLEANUP(struct memory *, memory_free)

/** memory_fd() - the file in which frame n lies at offset n << 12; borrowed. */
int memory_fd(const struct memory *memory);
uint64_t memory_n_frames(const struct memory *memory);
uint64_t memory_n_free(const struct memory *memory);

/** memory_frame() - the content of frame @mfn, which must be below memory_n_frames(). */
void *memory_frame(struct memory *memory, uint64_t mfn);

/** memory_owner() - the domid (or MEMORY_OWNER_*) that holds @mfn; NONE also beyond the end. */
uint16_t memory_owner(const struct memory *memory, uint64_t mfn);

/**
 * memory_take() - allocate 2^@order aligned frames, filled with zeroes
 * @mfn: out: the first of them
 *
 * Return: 0 or -ENOMEM (no such block, also when the order is beyond the host).
 */
int memory_take(struct memory *memory, uint16_t owner, unsigned int order, uint64_t *mfn);

/**
 * memory_give_back() - free those of the 2^@order frames at @mfn that @owner holds
 * @keep: called for each run of frames that is about to be freed, or NULL; a frame for which it
 *        returns true stays with its owner (it is still mapped by somebody)
 *
 * Return: the number of frames freed.
 */
uint64_t memory_give_back(struct memory *memory, uint16_t owner, uint64_t mfn, unsigned int order,
			  bool (*keep)(void *ctx, uint64_t mfn), void *ctx);

/** memory_limit() - have at most @n_frames look free from now on (fault injection); UINT64_MAX ends
 * it. */
void memory_limit(struct memory *memory, uint64_t n_frames);

#endif
