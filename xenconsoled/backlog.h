/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests have printed and nobody has read yet. Each console has a queue of chunks; all chunks
 * come from one pool with a cap, so no number of guests can make the daemon grow beyond it.
 *
 * When the pool is empty, a console that needs a chunk gets the oldest one of the console that
 * holds the most: the guest that prints most loses first, a quiet one keeps its few lines. Each
 * console may hold one chunk whatever the others do, so the real bound is the cap or one chunk per
 * console, whichever is more. Where nothing may be lost, no chunk is taken from anybody: a console
 * waits while backlog_is_full(), and the bound is the cap and one chunk per console.
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"

/* One allocation; the payload is a little smaller. */
#define BACKLOG_CHUNK_BYTES 4096

struct backlog_pool;
struct backlog_chunk;

struct backlog {
	struct backlog_pool *pool;	     /* borrowed: outlives every console */
	STAILQ_HEAD(, backlog_chunk) chunks; /* owned, oldest first */
	struct backlog_chunk *last;	     /* of chunks; NULL if there is none */
	TAILQ_ENTRY(backlog) of_equals;	     /* in the pool's list of those with as many chunks */
	size_t n_chunks;
	size_t size_bytes;
	size_t limit_bytes;
	uint64_t dropped_bytes; /* since backlog_init(): never read by anybody */
};

/**
 * backlog_pool_new() - make a pool
 * @out:       owned by the caller, freed after all its backlogs
 * @cap_bytes: for all backlogs together, overhead included
 * @lossless:  users ask backlog_is_full() before they push
 *
 * Return: 0 or -ENOMEM.
 */
int backlog_pool_new(struct backlog_pool **out, size_t cap_bytes, bool lossless);
void backlog_pool_free(struct backlog_pool *pool);
DEFINE_CLEANUP(struct backlog_pool *, backlog_pool_free)

/** backlog_pool_used_bytes() - memory held by chunks now. */
size_t backlog_pool_used_bytes(const struct backlog_pool *pool);
size_t backlog_pool_cap_bytes(const struct backlog_pool *pool);

/** backlog_init() - an empty backlog that holds no memory yet. */
void backlog_init(struct backlog *backlog, struct backlog_pool *pool);
/** backlog_deinit() - give all memory back. */
void backlog_deinit(struct backlog *backlog);

/** backlog_set_limit() - at most @limit_bytes of payload; 0: only the pool's cap counts. */
void backlog_set_limit(struct backlog *backlog, size_t limit_bytes);

/** backlog_is_full() - has it reached its limit, or can it get no more memory without taking it
 * from another? For those who would rather wait than lose data. */
bool backlog_is_full(const struct backlog *backlog);

/**
 * backlog_push() - append @len bytes, giving up the oldest ones that do not fit
 *
 * Never fails: what finds no room, old or new, is counted in dropped_bytes. In a lossless pool all
 * bytes find room, and only running out of memory drops any; push at most a ring's worth there
 * after backlog_is_full() said no.
 */
void backlog_push(struct backlog *backlog, const char *data, size_t len);

/**
 * backlog_peek() - the oldest bytes, as far as they lie side by side
 * @data: out: borrowed until the next call that changes any backlog of the pool
 *
 * Return: their number; 0 if the backlog is empty.
 */
size_t backlog_peek(const struct backlog *backlog, const char **data);

/** backlog_consume() - forget the oldest @n bytes, at most what backlog_peek() gave. */
void backlog_consume(struct backlog *backlog, size_t n);

#endif
