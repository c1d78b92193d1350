/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits to be sent to one client: whole messages, answers and events in the order in which
 * they came about, back to back in chunks, so that a turn's worth leaves in one system call.
 */
#ifndef OUTQ_H
#define OUTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct outq_chunk;

/* Chunks to be used again, shared by all queues. Zeroed is empty. */
struct outq_pool {
	struct outq_chunk *free;  /* owned */
	struct outq_chunk *spare; /* owned; for when there is no memory: NULL: is in use */
	uint32_t n_free;
};

struct outq {
	struct outq_chunk *first; /* owned list */
	struct outq_chunk *last;
	uint32_t n_bytes;
	uint32_t n_answers; /* messages that are no events and are not sent as a whole */
	uint32_t head_left; /* of the message at the front; 0: all of it */
	bool head_is_answer;
};

/* A place in the queue, at the header of a message. */
struct outq_at {
	struct outq_chunk *chunk;
	uint32_t offset;
};

void outq_pool_deinit(struct outq_pool *pool);

/**
 * outq_reserve() - room for one message at the end of the queue
 *
 * Return: where to write its @len bytes, at once; NULL if there is no memory.
 */
char *outq_reserve(struct outq *outq, struct outq_pool *pool, uint32_t len);

/**
 * outq_next() - walk the messages of which nothing is sent yet
 * @at:      zeroed: begin
 * @message: out: header and payload; at its place until the queue is dropped or rebuilt
 * @len:     out: of both
 *
 * Return: false after the last one.
 */
bool outq_next(const struct outq *outq, struct outq_at *at, char **message, uint32_t *len);

/** outq_next_bytes() - walk the waiting bytes, some at a time; @at as above; false: no more */
bool outq_next_bytes(const struct outq *outq, struct outq_at *at, struct iovec *iov);

/** outq_front() - the first byte that is not sent; outq_back() - the one after the last, in its
 * chunk */
const char *outq_front(const struct outq *outq);
const char *outq_back(const struct outq *outq);

/** outq_peek() - the waiting bytes, in order; returns how many of @iov were filled */
int outq_peek(const struct outq *outq, struct iovec *iov, int n_iov);
/** outq_drop() - the first @len bytes are sent */
void outq_drop(struct outq *outq, struct outq_pool *pool, uint32_t len);
/** outq_clear() - forget everything */
void outq_clear(struct outq *outq, struct outq_pool *pool);

#endif
