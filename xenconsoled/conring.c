/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console page: index arithmetic of both directions, on top of ring.h. */
#include "conring.h"

#include <stddef.h>

#include "ring.h"

#define CONNECTION_OFFSET 3088

_Static_assert(sizeof(((struct xencons_interface *)0)->out) == CONRING_OUT_SIZE, "out[]");
_Static_assert(sizeof(((struct xencons_interface *)0)->in) == CONRING_IN_SIZE, "in[]");
_Static_assert(offsetof(struct xencons_interface, out_prod) + sizeof(uint32_t) == CONNECTION_OFFSET,
	       "the connection byte follows the indices");

int conring_peek(struct xencons_interface *page, char *buf, uint32_t size, uint32_t *n)
{
	uint32_t cons = ring_load(&page->out_cons);
	uint32_t used;
	int r = ring_used(ring_load(&page->out_prod), cons, CONRING_OUT_SIZE, &used);

	if (r < 0)
		return r;
	if (used > size)
		used = size;
	ring_copy_out(buf, page->out, CONRING_OUT_SIZE, cons, used);
	*n = used;
	return 0;
}

void conring_take(struct xencons_interface *page, uint32_t n)
{
	ring_store(&page->out_cons, ring_load(&page->out_cons) + n);
}

uint32_t conring_room(struct xencons_interface *page)
{
	uint32_t used;

	if (ring_used(ring_load(&page->in_prod), ring_load(&page->in_cons), CONRING_IN_SIZE,
		      &used) < 0)
		return 0;
	return CONRING_IN_SIZE - used;
}

void conring_give(struct xencons_interface *page, const char *data, uint32_t len)
{
	uint32_t prod = ring_load(&page->in_prod);

	ring_copy_in(page->in, CONRING_IN_SIZE, prod, data, len);
	ring_store(&page->in_prod, prod + len);
}

void conring_set_connected(struct xencons_interface *page)
{
	__atomic_store_n((uint8_t *)page + CONNECTION_OFFSET, 0, __ATOMIC_RELEASE);
}
