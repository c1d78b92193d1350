/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the number that names a thing to the thing. Numbers are never removed, only what they lead
 * to. */
#ifndef IDMAP_H
#define IDMAP_H

#include <stdint.h>

struct idmap_slot {
	uint64_t id; /* 0: free */
	void *thing;
};

struct idmap {
	struct idmap_slot *slots; /* owned */
	uint64_t mask;		  /* number of slots - 1 */
	uint64_t n;
};

/** idmap_init() - empty, with room for @n; 0 or -ENOMEM */
int idmap_init(struct idmap *map, uint64_t n);
void idmap_deinit(struct idmap *map);

/** idmap_get() - what @id leads to, or NULL */
void *idmap_get(const struct idmap *map, uint64_t id);
/** idmap_set() - @id (not 0) leads to @thing from now on; 0 or -ENOMEM */
int idmap_set(struct idmap *map, uint64_t id, void *thing);

#endif
