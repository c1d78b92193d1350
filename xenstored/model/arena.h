/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for many small things that all go at once: what a transaction takes note of. Each costs an
 * addition, and giving all of it back a few calls.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena_chunk;

/* Zeroed is empty. */
struct arena {
	struct arena_chunk *chunks; /* owned; youngest first */
	char *at;		    /* in the youngest: what is left of it */
	char *end;
	unsigned int n_chunks;
};

/** arena_grow() - for arena_get() */
void *arena_grow(struct arena *arena, size_t n_bytes);

/** arena_get() - @n_bytes, aligned for anything, until arena_clear(); NULL: no memory */
static inline void *arena_get(struct arena *arena, size_t n_bytes)
{
	size_t padded = (n_bytes + 15) & ~(size_t)15;
	char *room = arena->at;

	if (padded > (size_t)(arena->end - room))
		return arena_grow(arena, padded);
	arena->at += padded;
	return room;
}

/** arena_clear() - all of it goes, and it is empty */
void arena_clear(struct arena *arena);

#endif
