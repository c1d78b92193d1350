/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks of 2 KiB that go back to a pool, larger ones for larger messages. */
#include "protocol/outq.h"

#include <stdlib.h>

#define CHUNK_SIZE 2048
#define POOL_MAX   256

struct outq_chunk {
	struct outq_chunk *next;
	uint32_t start; /* sent up to here */
	uint32_t end;
	uint32_t size; /* of data */
	char data[];
};

#define ORDINARY_SIZE (CHUNK_SIZE - sizeof(struct outq_chunk))

void outq_pool_deinit(struct outq_pool *pool)
{
	while (pool->free) {
		struct outq_chunk *chunk = pool->free;

		pool->free = chunk->next;
		free(chunk);
	}
	pool->n_free = 0;
}

static struct outq_chunk *chunk_new(struct outq_pool *pool, uint32_t len)
{
	uint32_t size = len > ORDINARY_SIZE ? len : (uint32_t)ORDINARY_SIZE;
	struct outq_chunk *chunk = pool->free;

	if (chunk && size == ORDINARY_SIZE) {
		pool->free = chunk->next;
		pool->n_free--;
	} else {
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
	}
	chunk->next = NULL;
	chunk->start = chunk->end = 0;
	chunk->size = size;
	return chunk;
}

static void chunk_free(struct outq_pool *pool, struct outq_chunk *chunk)
{
	if (chunk->size != ORDINARY_SIZE || pool->n_free == POOL_MAX) {
		free(chunk);
		return;
	}
	chunk->next = pool->free;
	pool->free = chunk;
	pool->n_free++;
}

char *outq_reserve(struct outq *outq, struct outq_pool *pool, uint32_t len)
{
	struct outq_chunk *chunk = outq->last;

	if (!chunk || chunk->size - chunk->end < len) {
		chunk = chunk_new(pool, len);
		if (!chunk)
			return NULL;
		if (outq->last)
			outq->last->next = chunk;
		else
			outq->first = chunk;
		outq->last = chunk;
	}
	chunk->end += len;
	outq->n_bytes += len;
	return chunk->data + chunk->end - len;
}

int outq_peek(const struct outq *outq, struct iovec *iov, int n_iov)
{
	struct outq_chunk *chunk = outq->first;
	int n = 0;

	for (; chunk && n < n_iov; chunk = chunk->next)
		iov[n++] = (struct iovec){ chunk->data + chunk->start, chunk->end - chunk->start };
	return n;
}

void outq_drop(struct outq *outq, struct outq_pool *pool, uint32_t len)
{
	outq->n_bytes -= len;
	while (len) {
		struct outq_chunk *chunk = outq->first;
		uint32_t n = chunk->end - chunk->start;

		if (len < n) {
			chunk->start += len;
			return;
		}
		len -= n;
		outq->first = chunk->next;
		if (!outq->first)
			outq->last = NULL;
		chunk_free(pool, chunk);
	}
}

void outq_clear(struct outq *outq, struct outq_pool *pool)
{
	outq_drop(outq, pool, outq->n_bytes);
}
