/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks, each twice as large as the one before. The first suits what malloc() gives fastest. */
#include "model/arena.h"

#include <stdlib.h>

#define CHUNK_MIN 1008
#define CHUNK_MAX 32768

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	_Alignas(16) char data[];
};

void *arena_grow(struct arena *arena, size_t n_bytes)
{
	size_t size = arena->chunks ? arena->chunks->size * 2 : CHUNK_MIN;
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
