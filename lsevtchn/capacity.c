/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capacity.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void limit_deinit(struct capacity_limit *limit)
{
	free(limit->where);
	free(limit->source);
}

void capacity_deinit(struct capacity *capacity)
{
	for (size_t i = 0; i < capacity->n_limits; i++)
		limit_deinit(&capacity->limits[i]);
	free(capacity->limits);
	memset(capacity, 0, sizeof(*capacity));
}

static bool same_place(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct capacity_limit *find(const struct capacity *capacity, enum demand_resource resource,
				   const char *where)
{
	for (size_t i = 0; i < capacity->n_limits; i++)
		if (capacity->limits[i].resource == resource &&
		    same_place(capacity->limits[i].where, where))
			return &capacity->limits[i];
	return NULL;
}

/* Room for one more, its content undefined. */
static struct capacity_limit *append(struct capacity *capacity)
{
	struct capacity_limit *limits =
		reallocarray(capacity->limits, capacity->n_limits + 1, sizeof(*limits));

	if (!limits)
		return NULL;
	capacity->limits = limits;
	return &limits[capacity->n_limits++];
}

int capacity_set(struct capacity *capacity, const struct capacity_limit *limit, const char *fmt,
		 ...)
{
	struct capacity_limit copy = *limit;
	struct capacity_limit *place = find(capacity, limit->resource, limit->where);
	bool replaces = place;
	va_list ap;
	int n;

	copy.where = limit->where ? strdup(limit->where) : NULL;
	va_start(ap, fmt);
	n = vasprintf(&copy.source, fmt, ap);
	va_end(ap);
	if (n < 0)
		copy.source = NULL;
	if (n >= 0 && (copy.where || !limit->where) && !place)
		place = append(capacity);
	if (n < 0 || (limit->where && !copy.where) || !place) {
		limit_deinit(&copy);
		return -ENOMEM;
	}
	if (replaces)
		limit_deinit(place);
	*place = copy;
	return 0;
}

const struct capacity_limit *capacity_get(const struct capacity *capacity,
					  enum demand_resource resource, const char *where)
{
	return find(capacity, resource, where);
}

uint64_t capacity_left(const struct capacity_limit *limit, uint64_t of)
{
	uint64_t taken = limit->used + limit->pending + limit->reserve;

	return of > taken ? of - taken : 0;
}

const char *capacity_certainty_name(enum capacity_certainty certainty)
{
	static const char *const names[] = {
		[CAPACITY_UNKNOWN] = "unknown",
		[CAPACITY_ASSUMED] = "assumed",
		[CAPACITY_MEASURED] = "measured",
	};

	return names[certainty];
}
