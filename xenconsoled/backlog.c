/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chunk queues and their pool. The pool keeps its backlogs in lists by number of chunks, and the
 * highest number in use, so the largest holder is found at once; both change by one step at a time.
 */
#include "backlog.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct backlog_chunk {
	STAILQ_ENTRY(backlog_chunk) next;
	uint16_t begin; /* first byte not yet consumed */
	uint16_t end;	/* first byte not yet written */
	char bytes[];
};

#define CHUNK_PAYLOAD (BACKLOG_CHUNK_BYTES - sizeof(struct backlog_chunk))

TAILQ_HEAD(backlog_list, backlog);

struct backlog_pool {
	size_t cap_chunks;
	size_t n_chunks;
	bool lossless;
	size_t most;		       /* no backlog has more chunks than this */
	struct backlog_list *by_count; /* owned; [n] lists the backlogs with n chunks, n >= 1 */
	size_t n_by_count;
};

int backlog_pool_new(struct backlog_pool **out, size_t cap_bytes, bool lossless)
{
	CLEANUP(backlog_pool_free) struct backlog_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	pool->lossless = lossless;
	pool->cap_chunks = cap_bytes / BACKLOG_CHUNK_BYTES;
	/* One backlog may hold all chunks of the cap, and its own guaranteed one. */
	pool->n_by_count = pool->cap_chunks + 2;
	pool->by_count = calloc(pool->n_by_count, sizeof(pool->by_count[0]));
	if (!pool->by_count)
		return -ENOMEM;
	*out = STEAL(pool);
	return 0;
}

void backlog_pool_free(struct backlog_pool *pool)
{
	if (!pool)
		return;
	assert(!pool->n_chunks);
	free(pool->by_count);
	free(pool);
}

size_t backlog_pool_used_bytes(const struct backlog_pool *pool)
{
	return pool->n_chunks * BACKLOG_CHUNK_BYTES;
}

size_t backlog_pool_cap_bytes(const struct backlog_pool *pool)
{
	return pool->cap_chunks * BACKLOG_CHUNK_BYTES;
}

void backlog_init(struct backlog *backlog, struct backlog_pool *pool)
{
	memset(backlog, 0, sizeof(*backlog));
	backlog->pool = pool;
	STAILQ_INIT(&backlog->chunks);
	backlog_set_limit(backlog, 0);
}

/* Moves a backlog to the list of its new number of chunks. */
static void recount(struct backlog *backlog, size_t n_chunks)
{
	struct backlog_pool *pool = backlog->pool;
	struct backlog_list *list;

	if (backlog->n_chunks)
		TAILQ_REMOVE(&pool->by_count[backlog->n_chunks], backlog, of_equals);
	pool->n_chunks += n_chunks - backlog->n_chunks;
	backlog->n_chunks = n_chunks;
	if (n_chunks) {
		assert(n_chunks < pool->n_by_count);
		list = &pool->by_count[n_chunks];
		if (!list->tqh_last)
			TAILQ_INIT(list); /* the table was zeroed, and paged in as far as needed */
		TAILQ_INSERT_TAIL(list, backlog, of_equals);
	}
	if (n_chunks > pool->most)
		pool->most = n_chunks;
	while (pool->most && !TAILQ_FIRST(&pool->by_count[pool->most]))
		pool->most--;
}

static struct backlog_chunk *detach_oldest(struct backlog *backlog)
{
	struct backlog_chunk *chunk = STAILQ_FIRST(&backlog->chunks);

	STAILQ_REMOVE_HEAD(&backlog->chunks, next);
	if (backlog->last == chunk)
		backlog->last = NULL;
	backlog->size_bytes -= (size_t)(chunk->end - chunk->begin);
	recount(backlog, backlog->n_chunks - 1);
	return chunk;
}

static struct backlog_chunk *drop_oldest(struct backlog *backlog)
{
	struct backlog_chunk *chunk = STAILQ_FIRST(&backlog->chunks);

	backlog->dropped_bytes += (size_t)(chunk->end - chunk->begin);
	return detach_oldest(backlog);
}

void backlog_deinit(struct backlog *backlog)
{
	while (!STAILQ_EMPTY(&backlog->chunks))
		free(detach_oldest(backlog));
}

void backlog_set_limit(struct backlog *backlog, size_t limit_bytes)
{
	size_t cap = backlog->pool->cap_chunks * CHUNK_PAYLOAD;

	backlog->limit_bytes = limit_bytes && limit_bytes < cap ? limit_bytes : cap;
	if (backlog->limit_bytes < CHUNK_PAYLOAD)
		backlog->limit_bytes = CHUNK_PAYLOAD;
}

bool backlog_is_full(const struct backlog *backlog)
{
	const struct backlog_pool *pool = backlog->pool;

	if (backlog->size_bytes >= backlog->limit_bytes)
		return true;
	return backlog->n_chunks && pool->n_chunks >= pool->cap_chunks;
}

/* An empty chunk that nobody holds: new, or the oldest of the largest holder. NULL: none. */
static struct backlog_chunk *get_chunk(struct backlog *backlog)
{
	struct backlog_pool *pool = backlog->pool;

	if (pool->n_chunks < pool->cap_chunks || pool->lossless)
		return malloc(BACKLOG_CHUNK_BYTES);
	if (!backlog->n_chunks && pool->most <= 1)
		return malloc(BACKLOG_CHUNK_BYTES); /* the one that everybody may have */
	if (backlog->n_chunks == pool->most)
		return drop_oldest(backlog);
	return drop_oldest(TAILQ_FIRST(&pool->by_count[pool->most]));
}

static struct backlog_chunk *append_chunk(struct backlog *backlog)
{
	struct backlog_chunk *chunk = get_chunk(backlog);

	if (!chunk && backlog->n_chunks)
		chunk = drop_oldest(backlog); /* out of memory: the newest bytes are worth more */
	if (!chunk)
		return NULL;
	chunk->begin = chunk->end = 0;
	STAILQ_INSERT_TAIL(&backlog->chunks, chunk, next);
	backlog->last = chunk;
	recount(backlog, backlog->n_chunks + 1);
	return chunk;
}

static struct backlog_chunk *chunk_with_room(struct backlog *backlog)
{
	struct backlog_chunk *last = backlog->last;

	if (last && last->end < CHUNK_PAYLOAD)
		return last;
	return append_chunk(backlog);
}

/* Gives up the oldest bytes beyond the limit, to the byte. */
static void trim(struct backlog *backlog)
{
	while (backlog->size_bytes > backlog->limit_bytes && !backlog->pool->lossless) {
		struct backlog_chunk *oldest = STAILQ_FIRST(&backlog->chunks);
		size_t excess = backlog->size_bytes - backlog->limit_bytes;
		size_t in_oldest = (size_t)(oldest->end - oldest->begin);

		backlog->dropped_bytes += excess < in_oldest ? excess : in_oldest;
		backlog_consume(backlog, excess < in_oldest ? excess : in_oldest);
	}
}

void backlog_push(struct backlog *backlog, const char *data, size_t len)
{
	while (len) {
		struct backlog_chunk *chunk = chunk_with_room(backlog);
		size_t n;

		if (!chunk) {
			backlog->dropped_bytes += len;
			return;
		}
		n = CHUNK_PAYLOAD - chunk->end;
		if (n > len)
			n = len;
		memcpy(chunk->bytes + chunk->end, data, n);
		chunk->end += (uint16_t)n;
		backlog->size_bytes += n;
		data += n;
		len -= n;
		trim(backlog);
	}
}

size_t backlog_peek(const struct backlog *backlog, const char **data)
{
	const struct backlog_chunk *chunk = STAILQ_FIRST(&backlog->chunks);

	if (!chunk)
		return 0;
	*data = chunk->bytes + chunk->begin;
	return (size_t)(chunk->end - chunk->begin);
}

void backlog_consume(struct backlog *backlog, size_t n)
{
	struct backlog_chunk *chunk = STAILQ_FIRST(&backlog->chunks);

	assert(chunk && n <= (size_t)(chunk->end - chunk->begin));
	chunk->begin += (uint16_t)n;
	backlog->size_bytes -= n;
	if (chunk->begin == chunk->end)
		free(detach_oldest(backlog));
}
