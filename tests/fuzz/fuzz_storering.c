/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes anything to its ring page at any time. What the daemon does with the page
 * must stay within it, and with what is outside nothing may happen.
 *
 * The page is real; event channels and the server's queues stand in here.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ringworld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Records of {what, length, bytes}: to the request ring, or anywhere in the page; then the guest
 * rings. */
static void play(struct ring_page *page, struct conn *conn, const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size;

	while (end - at > 3) {
		uint8_t what = at[0], n = at[1];
		uint16_t place = (uint16_t)(at[2] | at[3] << 8);

		at += 4;
		if (n > end - at)
			n = (uint8_t)(end - at);
		if (what & 1) {
			place %= sizeof(*page) - 255;
			memcpy((char *)page + place, at, n);
		} else {
			for (uint8_t i = 0; i < n; i++)
				page->req[(page->req_prod + i) % RING_BYTES] = (char)at[i];
			page->req_prod += n;
		}
		if (what & 2)
			page->rsp_cons = page->rsp_prod;
		at += n;
		server_ready((struct client *)conn);
		ringworld_turn(NULL, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ringworld world;

	ringworld_begin(&world, 1);
	play(world.page, ringconn_conn(world.ring), data, size);
	ringworld_end(&world);
	return 0;
}
