/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See heap.h. */
#include "heap.h"

#include <errno.h>
#include <stdlib.h>

#include "played.h"

int heap_reserve(struct heap *heap, uint32_t n)
{
	uint32_t room = heap->room ? heap->room : 64;
	struct played **at;

	if (n <= heap->room)
		return 0;
	while (room < n)
		room *= 2;
	at = reallocarray(heap->at, room, sizeof(struct played *));
	if (!at)
		return -ENOMEM;
	heap->at = at;
	heap->room = room;
	return 0;
}

void heap_deinit(struct heap *heap)
{
	free(heap->at);
}

static void put(struct heap *heap, uint32_t i, struct played *played)
{
	heap->at[i] = played;
	played->heap_at = i;
}

static void rise(struct heap *heap, uint32_t i)
{
	struct played *played = heap->at[i];

	for (; i && heap->at[(i - 1) / 2]->wake_ns > played->wake_ns; i = (i - 1) / 2)
		put(heap, i, heap->at[(i - 1) / 2]);
	put(heap, i, played);
}

static void sink(struct heap *heap, uint32_t i)
{
	struct played *played = heap->at[i];

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && heap->at[child + 1]->wake_ns < heap->at[child]->wake_ns)
			child++;
		if (heap->at[child]->wake_ns >= played->wake_ns)
			break;
		put(heap, i, heap->at[child]);
		i = child;
	}
	put(heap, i, played);
}

void heap_add(struct heap *heap, struct played *played)
{
	put(heap, heap->n, played);
	rise(heap, heap->n++);
}

void heap_remove(struct heap *heap, struct played *played)
{
	uint32_t i = played->heap_at;

	if (i == HEAP_NOWHERE)
		return;
	played->heap_at = HEAP_NOWHERE;
	heap->n--;
	if (i == heap->n)
		return;
	put(heap, i, heap->at[heap->n]);
	rise(heap, i);
	sink(heap, heap->at[i]->heap_at);
}

struct played *heap_first(const struct heap *heap)
{
	return heap->n ? heap->at[0] : NULL;
}
