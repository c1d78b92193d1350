/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings shared with a guest: free-running 32-bit producer and consumer indices over a power-of-two
 * buffer. The guest can write every byte of the page at any time, so an index is read once, judged,
 * and only the copy is used.
 */
#ifndef RING_H
#define RING_H

#include <stdint.h>
#include <string.h>

#define ring_load(p)	 __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ring_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/**
 * ring_used() - bytes between two indices
 * @prod, @cons: our copies of the indices
 * @size:        of the buffer, a power of two
 * @used:        out
 *
 * Return: 0 or -ERANGE if no honest peer can have left the indices so.
 * Source: xen/io/xs_wire.h, xen/io/console.h: prod - cons never exceeds the size.
 */
int ring_used(uint32_t prod, uint32_t cons, uint32_t size, uint32_t *used);

/** ring_copy_out() - copy @len bytes that start at index @at out of the buffer, around its end
 * where need be. */
void ring_copy_out(void *to, const char *ring, uint32_t size, uint32_t at, uint32_t len);
/** ring_copy_in() - the same into the buffer. @len is at most @size for both. */
void ring_copy_in(char *ring, uint32_t size, uint32_t at, const void *from, uint32_t len);

#endif
