/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host has of everything that runs out, how much of it is taken, and how sure that is. */
#ifndef CAPACITY_H
#define CAPACITY_H

#include "demand.h"

enum capacity_certainty {
	CAPACITY_UNKNOWN, /* could not be looked at; limit and used mean nothing */
	CAPACITY_ASSUMED, /* the limit is the smallest that it can be */
	CAPACITY_MEASURED,
};

struct capacity_limit {
	enum demand_resource resource;
	char *where;	/* owned; as in struct demand_item */
	uint64_t limit; /* that can be in use at once */
	uint64_t maybe; /* the limit if what is assumed is wrong in our favour; else the same */
	uint64_t used;
	uint64_t pending; /* promised to domains that are being made */
	uint64_t reserve; /* to be left free */
	enum capacity_certainty certainty;
	char *source; /* owned: how we know */
};

struct capacity {
	struct capacity_limit *limits; /* owned */
	size_t n_limits;
};

void capacity_deinit(struct capacity *capacity);

/**
 * capacity_set() - add @limit, or replace the one of the same resource and place
 * @limit: copied; its source is made from @fmt
 *
 * Return: 0 or -ENOMEM.
 */
int capacity_set(struct capacity *capacity, const struct capacity_limit *limit, const char *fmt,
		 ...) __attribute__((format(printf, 3, 4)));

/** capacity_get() - borrowed, or NULL: this resource is not judged. */
const struct capacity_limit *capacity_get(const struct capacity *capacity,
					  enum demand_resource resource, const char *where);

/** capacity_left() - of @limit (limit->limit or limit->maybe) after what is used, pending and
 * reserved. */
uint64_t capacity_left(const struct capacity_limit *limit, uint64_t of);

/** capacity_certainty_name() - "unknown", "assumed", "measured". */
const char *capacity_certainty_name(enum capacity_certainty certainty);

#endif
