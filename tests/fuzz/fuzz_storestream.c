/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes from a guest, in pieces of any size. It is served or cut off; either way everybody else
 * is served, and the store is what it should be.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inproc.h"
#include "protocol/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct inproc_client *client)
{
	struct inproc_message m;

	while (inproc_receive(client, &m))
		if (m.len > WIRE_PAYLOAD_MAX)
			abort();
	inproc_flush(client, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t read_tool[] = { WIRE_READ, 0, 0, 0, 1, 0,	 0,   0,   0,	0,   0,
					     0,		6, 0, 0, 0, '/', 't', 'o', 'o', 'l', 0 };
	struct inproc *inproc = inproc_new();
	struct inproc_client *guest = inproc_client(inproc, "dom1");
	struct inproc_client *dom0 = inproc_client(inproc, "dom0");
	struct inproc_message m;
	size_t piece = size ? data[0] + 1u : 1;

	for (size_t at = 0; at < size && !inproc_is_killed(guest); at += piece) {
		inproc_send(guest, data + at, size - at < piece ? size - at : piece);
		drain(guest);
	}
	inproc_send(dom0, read_tool, sizeof(read_tool));
	if (!inproc_receive(dom0, &m) || m.type != WIRE_READ || m.len)
		abort();
	inproc_free(inproc);
	return 0;
}
