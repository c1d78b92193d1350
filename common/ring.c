/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Index arithmetic and copies of rings that a guest shares with us: the one place that does it by
 * hand. */
#include "ring.h"

#include <errno.h>

int ring_used(uint32_t prod, uint32_t cons, uint32_t size, uint32_t *used)
{
	uint32_t n = prod - cons; /* modulo 2^32, as the indices run */

	if (n > size)
		return -ERANGE;
	*used = n;
	return 0;
}

void ring_copy_out(void *to, const char *ring, uint32_t size, uint32_t at, uint32_t len)
{
	uint32_t from = at & (size - 1);
	uint32_t first = len < size - from ? len : size - from;

	memcpy(to, ring + from, first);
	memcpy((char *)to + first, ring, len - first);
}

void ring_copy_in(char *ring, uint32_t size, uint32_t at, const void *from, uint32_t len)
{
	uint32_t to = at & (size - 1);
	uint32_t first = len < size - to ? len : size - to;

	memcpy(ring + to, from, first);
	memcpy(ring, (const char *)from + first, len - first);
}
