/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open addressing; at most half full. Numbers come in rising order, so neighbours stay together. */
#include "persist/idmap.h"

#include <errno.h>
#include <stdlib.h>

#include "persist/heap.h"

int idmap_init(struct idmap *map, uint64_t n)
{
	uint64_t n_slots = 64;

	while (n_slots < n * 2)
		n_slots *= 2;
	map->slots = calloc(n_slots, sizeof(*map->slots));
	if (map->slots)
		heap_advise(map->slots, n_slots * sizeof(*map->slots));
	map->mask = n_slots - 1;
	map->n = 0;
	return map->slots ? 0 : -ENOMEM;
}

void idmap_deinit(struct idmap *map)
{
	free(map->slots);
	*map = (struct idmap){ 0 };
}

static struct idmap_slot *find(const struct idmap *map, uint64_t id)
{
	uint64_t i = id & map->mask;

	while (map->slots[i].id && map->slots[i].id != id)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

void *idmap_get(const struct idmap *map, uint64_t id)
{
	return id ? find(map, id)->thing : NULL;
}

static int grow(struct idmap *map)
{
	struct idmap bigger;
	int r = idmap_init(&bigger, map->mask + 1);

	if (r < 0)
		return r;
	for (uint64_t i = 0; i <= map->mask; i++)
		if (map->slots[i].thing)
			*find(&bigger, map->slots[i].id) = map->slots[i];
	for (uint64_t i = 0; i <= bigger.mask; i++)
		bigger.n += bigger.slots[i].id != 0;
	free(map->slots);
	*map = bigger;
	return 0;
}

int idmap_set(struct idmap *map, uint64_t id, void *thing)
{
	struct idmap_slot *slot = find(map, id);

	if (!slot->id) {
		if (map->n * 2 > map->mask) {
			int r = grow(map);

			if (r < 0)
				return r;
			slot = find(map, id);
		}
		slot->id = id;
		map->n++;
	}
	slot->thing = thing;
	return 0;
}
