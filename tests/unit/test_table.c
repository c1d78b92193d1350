/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/table.h"

#include <stdlib.h>

#include "unit.h"

struct item {
	struct table_link link;
	uint32_t value;
};

static struct item *find(const struct table *table, uint64_t hash, uint32_t value)
{
	for (struct table_link *l = table_first(table, hash); l; l = l->next)
		if (l->hash == hash && ((struct item *)l)->value == value)
			return (struct item *)l;
	return NULL;
}

static uint64_t spread(uint32_t i)
{
	return i * 0x9e3779b97f4a7c15u >> 7;
}

TEST(table_finds_everything_while_it_grows_and_shrinks)
{
	enum { N = 3000 };
	static struct item items[N];
	struct table table;

	CHECK_EQ(table_init(&table, 2), 0);
	for (uint32_t i = 0; i < N; i++) {
		items[i].value = i;
		table_add(&table, &items[i].link, spread(i));
		CHECK(find(&table, spread(i / 2), i / 2) == &items[i / 2]);
	}
	CHECK_EQ(table.n_links, N);
	for (uint32_t i = 0; i < N; i++)
		CHECK(find(&table, spread(i), i) == &items[i]);
	CHECK(!find(&table, spread(1), 2));
	for (uint32_t i = 0; i < N; i++) {
		table_remove(&table, &items[i].link);
		CHECK(!find(&table, spread(i), i));
		if (i + 1 < N)
			CHECK(find(&table, spread(N - 1), N - 1) == &items[N - 1]);
	}
	CHECK(table.n_buckets <= 16);
	table_deinit(&table);
}

TEST(table_that_knows_how_many_come_finds_the_same)
{
	enum { N = 1000 };
	static struct item items[N];
	struct table table;

	CHECK_EQ(table_init(&table, 2), 0);
	for (uint32_t i = 0; i < N; i++) {
		items[i].value = i;
		if (i == 5)
			table_reserve(&table, N);
		table_add(&table, &items[i].link, spread(i));
	}
	CHECK_EQ(table.n_buckets, N);
	table_reserve(&table, 10);
	CHECK_EQ(table.n_buckets, N);
	for (uint32_t i = 0; i < N; i++)
		CHECK(find(&table, spread(i), i) == &items[i]);
	for (uint32_t i = 0; i < N; i++) {
		table_remove(&table, &items[i].link);
		CHECK(i + 1 == N || find(&table, spread(N - 1), N - 1) == &items[N - 1]);
	}
	table_deinit(&table);
}

TEST(table_holds_links_of_equal_hash)
{
	struct item items[5] = { 0 };
	struct table table;

	CHECK_EQ(table_init(&table, 2), 0);
	for (uint32_t i = 0; i < 5; i++) {
		items[i].value = i;
		table_add(&table, &items[i].link, 42);
	}
	table_remove(&table, &items[2].link);
	CHECK(!find(&table, 42, 2));
	CHECK(find(&table, 42, 0) && find(&table, 42, 4));
	table_deinit(&table);
}
