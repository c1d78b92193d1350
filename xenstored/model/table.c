/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear hashing: with n links there are about n buckets; each addition splits at most one bucket,
 * each removal joins at most one. The bucket array itself grows by realloc(), which for large
 * arrays moves page tables and not bytes.
 */
#include "model/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int table_init(struct table *table, uint32_t n_min)
{
	size_t size = n_min * sizeof(*table->buckets);

	assert(n_min >= 2 && !(n_min & (n_min - 1)));
	table->buckets = malloc(size);
	if (!table->buckets)
		return -ENOMEM;
	memset(table->buckets, 0, size);
	table->n_buckets = table->n_allocated = n_min;
	table->mask = n_min - 1;
	table->n_links = 0;
	return 0;
}

void table_deinit(struct table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

/* Makes room for one more bucket. */
static int reserve(struct table *table)
{
	struct table_link **buckets;
	uint32_t n = table->n_allocated * 2;

	if (table->n_buckets < table->n_allocated)
		return 0;
	if (!n)
		return -ENOMEM;
	buckets = reallocarray(table->buckets, n, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	table->buckets = buckets;
	table->n_allocated = n;
	return 0;
}

static void split_one(struct table *table)
{
	struct table_link **from, **to, *link;
	uint32_t old;

	if (reserve(table) < 0)
		return;
	old = table->n_buckets & table->mask;
	from = &table->buckets[old];
	to = &table->buckets[table->n_buckets];
	*to = NULL;
	table->n_buckets++;
	link = *from;
	while (link) {
		struct table_link *next = link->next;

		if (table_slot(table, link->hash) != old) {
			*from = next;
			link->next = *to;
			*to = link;
		} else {
			from = &link->next;
		}
		link = next;
	}
	if (table->n_buckets == (table->mask + 1) * 2)
		table->mask = table->mask * 2 + 1;
}

void table_reserve(struct table *table, uint32_t n)
{
	struct table_link **buckets;

	if (n <= table->n_allocated || n > UINT32_MAX / 2)
		return;
	buckets = reallocarray(table->buckets, n, sizeof(*buckets));
	if (!buckets)
		return;
	table->buckets = buckets;
	table->n_allocated = n;
	while (table->n_buckets < n)
		split_one(table);
}

static void join_one(struct table *table)
{
	struct table_link **end;
	uint32_t last = table->n_buckets - 1;

	if (table->n_buckets == table->mask + 1)
		table->mask /= 2;
	end = &table->buckets[last & table->mask];
	while (*end)
		end = &(*end)->next;
	*end = table->buckets[last];
	table->n_buckets = last;
}

void table_add(struct table *table, struct table_link *link, uint64_t hash)
{
	struct table_link **bucket;

	link->hash = hash;
	bucket = &table->buckets[table_slot(table, hash)];
	link->next = *bucket;
	*bucket = link;
	if (++table->n_links > table->n_buckets)
		split_one(table);
}

void table_remove(struct table *table, struct table_link *link)
{
	struct table_link **at = &table->buckets[table_slot(table, link->hash)];

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	table->n_links--;
	/* Not before half of them are empty, so that add and remove in turn move nothing. */
	for (int i = 0; i < 2 && table->n_buckets > 16 && table->n_links < table->n_buckets / 2;
	     i++)
		join_one(table);
}
