/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See conring.h. Source: xen/sysctl.h, XEN_SYSCTL_readconsole. */
#include "conring.h"

#include <errno.h>

struct conring {
	uint32_t size;
	uint32_t produced;
	uint32_t consumed;
	char *text; /* owned */
};

int conring_new(struct conring **out, uint32_t size)
{
	CLEANUP(conring_free) struct conring *ring = NULL;

	if (!size || (size & (size - 1)))
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->size = size;
	ring->text = calloc(1, size);
	if (!ring->text)
		return -ENOMEM;
	*out = STEAL(ring);
	return 0;
}

void conring_free(struct conring *ring)
{
	if (!ring)
		return;
	free(ring->text);
	free(ring);
}

void conring_write(struct conring *ring, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring->text[ring->produced++ & (ring->size - 1)] = text[i];
	if (ring->produced - ring->consumed > ring->size)
		ring->consumed = ring->produced - ring->size;
}

uint32_t conring_read(struct conring *ring, bool incremental, bool clear, uint32_t *index, char *to,
		      uint32_t size)
{
	uint32_t at = ring->consumed, n = 0;

	/* An index ahead of the oldest byte counts, one that fell behind does not. */
	if (incremental && (int32_t)(*index - at) > 0)
		at = *index;
	while ((int32_t)(ring->produced - at) > 0 && n < size)
		to[n++] = ring->text[at++ & (ring->size - 1)];
	if (clear)
		ring->consumed = at;
	*index = at;
	return n;
}
