/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intrusive hash table that grows and shrinks one bucket at a time (linear hashing), so that no
 * request ever pays for rehashing everything. The user compares keys: walk table_first() and
 * ->next, look at ->hash first.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>

struct table_link {
	struct table_link *next;
	uint64_t hash;
};

struct table {
	struct table_link **buckets; /* owned */
	uint32_t n_buckets;	     /* in use; split one by one */
	uint32_t n_allocated;
	uint32_t mask; /* 2^k - 1 with 2^k <= n_buckets < 2^(k+1) */
	uint32_t n_links;
};

/**
 * table_init() - make an empty table
 * @n_min: buckets to begin with; a power of two
 *
 * Return: 0 or -ENOMEM.
 */
int table_init(struct table *table, uint32_t n_min);
/** table_deinit() - free the buckets; what is linked belongs to the user. Zeroed tables are fine.
 */
void table_deinit(struct table *table);

/** table_reserve() - @n links are to be expected: have the buckets at once. Without memory it grows
 * as ever. */
void table_reserve(struct table *table, uint32_t n);

/** table_add() - link @link under @hash. Without memory for more buckets chains get longer. */
void table_add(struct table *table, struct table_link *link, uint64_t hash);
/** table_remove() - unlink @link, which must be in @table. */
void table_remove(struct table *table, struct table_link *link);

static inline uint32_t table_slot(const struct table *table, uint64_t hash)
{
	uint32_t slot = (uint32_t)hash & (table->mask * 2 + 1);

	return slot < table->n_buckets ? slot : slot & table->mask;
}

/** table_expect() - @hash is going to be looked for: its bucket may come from memory meanwhile */
static inline void table_expect(const struct table *table, uint64_t hash)
{
	__builtin_prefetch(&table->buckets[table_slot(table, hash)]);
}

/** table_first() - head of the chain in which @hash would be; NULL if it is empty. */
static inline struct table_link *table_first(const struct table *table, uint64_t hash)
{
	return table->buckets[table_slot(table, hash)];
}

#endif
