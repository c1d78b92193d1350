/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chunks: a few of what malloc() gives fastest (for more than 1 KiB it tidies up first), then each
 * twice as large as the one before.
 */
#include "model/arena.h"

#include <stdlib.h>

#define CHUNK_MIN 1008
#define N_SMALL	  6
#define CHUNK_MAX 32768

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	_Alignas(16) char data[];
};

void *arena_grow(struct arena *arena, size_t n_bytes)
{
	size_t size = arena->n_chunks < N_SMALL ? CHUNK_MIN : arena->chunks->size * 2;
	struct arena_chunk *chunk;

	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < n_bytes)
		size = n_bytes;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->n_chunks++;
	arena->at = chunk->data + n_bytes;
	arena->end = chunk->data + size;
	return chunk->data;
}

void arena_clear(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
	*arena = (struct arena){ 0 };
}
