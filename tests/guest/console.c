/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console ring: we write out[] and read in[]. Source: xen/io/console.h. */
#include "guest.h"

uint32_t console_room(struct guest *guest)
{
	struct xencons_interface *ring = guest->console.ring;
	uint32_t used = ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);

	return used < sizeof(ring->out) ? (uint32_t)sizeof(ring->out) - used : 0;
}

uint32_t console_put(struct guest *guest, const char *data, uint32_t len)
{
	struct xencons_interface *ring = guest->console.ring;
	uint32_t room = console_room(guest), prod = ring->out_prod;

	if (len > room)
		len = room;
	for (uint32_t i = 0; i < len; i++)
		ring->out[MASK_XENCONS_IDX(prod + i, ring->out)] = data[i];
	if (!len)
		return 0;
	__atomic_store_n(&ring->out_prod, prod + len, __ATOMIC_SEQ_CST);
	hyper_notify(guest->console.port);
	return len;
}

uint32_t console_get(struct guest *guest, char *data, uint32_t size)
{
	struct xencons_interface *ring = guest->console.ring;
	uint32_t cons = ring->in_cons, n = __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE) - cons;

	if (n > size)
		n = size;
	for (uint32_t i = 0; i < n; i++)
		data[i] = ring->in[MASK_XENCONS_IDX(cons + i, ring->in)];
	if (!n)
		return 0;
	__atomic_store_n(&ring->in_cons, cons + n, __ATOMIC_SEQ_CST);
	hyper_notify(guest->console.port);
	return n;
}

void console_print(struct guest *guest, const char *fmt, ...)
{
	uint64_t end_ns = clock_ns(guest) + 1000 * MS;
	char line[1000];
	uint32_t len, n = 0;
	va_list ap;

	va_start(ap, fmt);
	len = (uint32_t)text_vformat(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (;;) {
		clock_take(guest, guest->console.port);
		n += console_put(guest, line + n, len - n);
		if (n == len || clock_ns(guest) >= end_ns)
			return;
		/* Only the console's event helps; the store's stays pending for its own reader. */
		hyper_poll(&guest->console.port, 1, end_ns);
	}
}
