/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * malloc() takes memory from the end of the heap, a page fault for each 4 KiB. If the heap is made
 * as large as it is going to be, its pages can be large ones. Without them all works as well.
 */
#include "persist/heap.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE_PAGE (2u * 1024 * 1024)
/* What the end of the heap has as a rule: a piece that is larger moves it, and is not mapped. */
#define PAD   (128 * 1024)
#define PIECE (100 * 1024)
/* Nobody is helped by more at once. */
#define EXPECT_MAX (1024u * 1024 * 1024)

static uintptr_t end_of_heap(void)
{
	return (uintptr_t)sbrk(0);
}

void heap_advise(void *base, uint64_t n_bytes)
{
	uintptr_t from = ((uintptr_t)base + 4095) & ~(uintptr_t)4095;
	uintptr_t to = ((uintptr_t)base + n_bytes) & ~(uintptr_t)4095;

	if (to > from && to - from >= LARGE_PAGE)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
}

void heap_expect(uint64_t n_bytes)
{
	uintptr_t before = end_of_heap();
	void *pieces[2] = { NULL };

	if (n_bytes < LARGE_PAGE * 2 || n_bytes > EXPECT_MAX)
		return;
	/* It would give back what has not been used yet. */
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_TOP_PAD, (int)n_bytes);
	for (int i = 0; i < 2 && end_of_heap() == before; i++)
		pieces[i] = malloc(PIECE);
	if (end_of_heap() > before)
		heap_advise((void *)before, end_of_heap() - before);
	free(pieces[0]);
	free(pieces[1]);
}

void heap_settle(void)
{
	mallopt(M_TOP_PAD, PAD);
	mallopt(M_TRIM_THRESHOLD, PAD);
}
