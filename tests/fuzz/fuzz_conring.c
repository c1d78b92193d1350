/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its console page as it likes while we read it. Input: the four indices, then
 * one byte per step: what we do next, or which index the guest changes and how.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void guest_changes(struct xencons_interface *ring, uint8_t how)
{
	static const uint32_t steps[] = {
		1, 2047, 2048, 2049, 1024, 1025, 0x80000000u, UINT32_MAX
	};
	uint32_t *indices[] = { &ring->in_cons, &ring->in_prod, &ring->out_cons, &ring->out_prod };

	*indices[how >> 3 & 3] += steps[how & 7];
}

static void daemon_reads(struct xencons_interface *ring, uint32_t limit)
{
	uint32_t prod = ring->out_prod, cons = ring->out_cons, n = UINT32_MAX;
	char *buf = malloc(limit ? limit : 1);

	assert(buf);
	if (conring_peek(ring, buf, limit, &n) < 0) {
		assert(prod - cons > CONRING_OUT_SIZE && n == UINT32_MAX);
	} else {
		assert(n <= limit && n <= prod - cons && prod - cons <= CONRING_OUT_SIZE);
		for (uint32_t i = 0; i < n; i++)
			assert(buf[i] == ring->out[(cons + i) % CONRING_OUT_SIZE]);
		conring_take(ring, n);
		assert(ring->out_cons == cons + n);
	}
	free(buf);
}

static void daemon_writes(struct xencons_interface *ring, uint32_t want)
{
	uint32_t room = conring_room(ring), prod = ring->in_prod;
	char data[CONRING_IN_SIZE];

	assert(room <= CONRING_IN_SIZE);
	if (want > room)
		want = room;
	memset(data, 'x', sizeof(data));
	conring_give(ring, data, want);
	assert(ring->in_prod == prod + want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Exactly what the interface describes and the byte behind it: beyond it is not ours. */
	struct xencons_interface *ring = calloc(1, sizeof(*ring) + 1);
	uint32_t indices[4] = { 0 };

	assert(ring);
	memcpy(indices, data, size < sizeof(indices) ? size : sizeof(indices));
	ring->in_cons = indices[0];
	ring->in_prod = indices[1];
	ring->out_cons = indices[2];
	ring->out_prod = indices[3];
	for (size_t i = sizeof(indices); i < size; i++) {
		switch (data[i] >> 6) {
		case 0:
			guest_changes(ring, data[i]);
			break;
		case 1:
			daemon_reads(ring, (uint32_t)(data[i] & 63) * 33);
			break;
		case 2:
			daemon_writes(ring, (uint32_t)(data[i] & 63) * 17);
			break;
		case 3:
			conring_set_connected(ring);
			break;
		}
	}
	free(ring);
	return 0;
}
