/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks of 2 KiB that go back to a pool, larger ones for larger messages. */
#include "protocol/outq.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/wire.h"

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
	free(pool->spare);
	pool->spare = NULL;
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
		if (!chunk && size == ORDINARY_SIZE) {
			chunk = pool->spare;
			pool->spare = NULL;
		}
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
	if (chunk->size == ORDINARY_SIZE && !pool->spare) {
		pool->spare = chunk;
		return;
	}
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

static uint32_t head_of(const char *message, bool *is_answer)
{
	struct xsd_sockmsg head;

	memcpy(&head, message, sizeof(head));
	*is_answer = head.type != WIRE_WATCH_EVENT;
	return WIRE_HEADER_SIZE + head.len;
}

bool outq_next(const struct outq *outq, struct outq_at *at, char **message, uint32_t *len)
{
	bool is_answer;

	if (!at->chunk) {
		at->chunk = outq->first;
		if (!at->chunk)
			return false;
		at->offset = at->chunk->start + outq->head_left;
	}
	while (at->offset == at->chunk->end) {
		if (!at->chunk->next)
			return false;
		at->chunk = at->chunk->next;
		at->offset = at->chunk->start;
	}
	*message = at->chunk->data + at->offset;
	*len = head_of(*message, &is_answer);
	at->offset += *len;
	return true;
}

bool outq_next_bytes(const struct outq *outq, struct outq_at *at, struct iovec *iov)
{
	struct outq_chunk *chunk = at->chunk ? at->chunk->next : outq->first;

	if (!chunk)
		return false;
	at->chunk = chunk;
	*iov = (struct iovec){ chunk->data + chunk->start, chunk->end - chunk->start };
	return true;
}

const char *outq_front(const struct outq *outq)
{
	return outq->first->data + outq->first->start;
}

const char *outq_back(const struct outq *outq)
{
	return outq->last->data + outq->last->end;
}

static void drop_chunk(struct outq *outq, struct outq_pool *pool)
{
	struct outq_chunk *chunk = outq->first;

	outq->first = chunk->next;
	if (!outq->first)
		outq->last = NULL;
	chunk_free(pool, chunk);
}

void outq_clear(struct outq *outq, struct outq_pool *pool)
{
	struct outq_chunk *chunk = outq->first;

	/* Most often it is one. */
	if (chunk && chunk == outq->last && chunk->size == ORDINARY_SIZE && pool->spare &&
	    pool->n_free < POOL_MAX) {
		chunk->next = pool->free;
		pool->free = chunk;
		pool->n_free++;
		outq->first = NULL;
	}
	while (outq->first)
		drop_chunk(outq, pool);
	*outq = (struct outq){ 0 };
}

/* Messages do not span chunks, so it is enough to go from header to header. */
void outq_drop(struct outq *outq, struct outq_pool *pool, uint32_t len)
{
	if (len == outq->n_bytes) {
		outq_clear(outq, pool);
		return;
	}
	outq->n_bytes -= len;
	while (len) {
		struct outq_chunk *chunk = outq->first;
		uint32_t n;

		if (!outq->head_left)
			outq->head_left =
				head_of(chunk->data + chunk->start, &outq->head_is_answer);
		n = len < outq->head_left ? len : outq->head_left;
		outq->head_left -= n;
		chunk->start += n;
		len -= n;
		if (!outq->head_left && outq->head_is_answer)
			outq->n_answers--;
		if (chunk->start == chunk->end)
			drop_chunk(outq, pool);
	}
}
