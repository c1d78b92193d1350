/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sleeping guests, the one that wakes first on top: a binary heap that knows where each lies. */
#ifndef HEAP_H
#define HEAP_H

#include <stdint.h>

struct played;

struct heap {
	struct played **at; /* owned array of borrowed guests */
	uint32_t n, room;
};

#define HEAP_NOWHERE UINT32_MAX

/** heap_reserve() - room for @n. Return: 0 or -ENOMEM. */
int heap_reserve(struct heap *heap, uint32_t n);
void heap_deinit(struct heap *heap);

/** heap_add() - by played->wake_ns; room must be reserved. */
void heap_add(struct heap *heap, struct played *played);
/** heap_remove() - if it is there. */
void heap_remove(struct heap *heap, struct played *played);
/** heap_first() - the one that wakes first, or NULL. */
struct played *heap_first(const struct heap *heap);

#endif
