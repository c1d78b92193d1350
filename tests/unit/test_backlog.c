/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backlogs against a naive model, their limits, and who loses when the pool is empty. */
#include "backlog.h"

#include <stdio.h>

#include "unit.h"

#define MIB (1u << 20)

static struct backlog_pool *new_pool(size_t cap_bytes, bool lossless)
{
	struct backlog_pool *pool = NULL;

	CHECK_EQ(backlog_pool_new(&pool, cap_bytes, lossless), 0);
	return pool;
}

/* Appends @len bytes that count up from *@next. */
static void push_counting(struct backlog *backlog, uint64_t *next, size_t len)
{
	char *data = malloc(len);

	for (size_t i = 0; i < len; i++)
		data[i] = (char)((*next + i) % 251);
	*next += len;
	backlog_push(backlog, data, len);
	free(data);
}

/* Reads up to @len bytes and checks that they count up from *@next. */
static size_t pull_counting(struct backlog *backlog, uint64_t *next, size_t len)
{
	size_t total = 0, n;
	const char *data;

	while (total < len && (n = backlog_peek(backlog, &data))) {
		if (n > len - total)
			n = len - total;
		for (size_t i = 0; i < n; i++)
			CHECK_EQ(data[i], (char)((*next + i) % 251));
		*next += n;
		backlog_consume(backlog, n);
		total += n;
	}
	return total;
}

TEST(an_empty_backlog_holds_no_memory)
{
	struct backlog_pool *pool = new_pool(MIB, false);
	struct backlog backlog;
	uint64_t in = 0, out = 0;

	backlog_init(&backlog, pool);
	CHECK_EQ(backlog_pool_used_bytes(pool), 0);
	push_counting(&backlog, &in, 10);
	CHECK_EQ(backlog_pool_used_bytes(pool), BACKLOG_CHUNK_BYTES);
	CHECK_EQ(pull_counting(&backlog, &out, 10), 10);
	CHECK_EQ(backlog_pool_used_bytes(pool), 0);
	backlog_deinit(&backlog);
	backlog_pool_free(pool);
}

TEST(what_goes_in_comes_out_in_order_whatever_the_sizes)
{
	struct backlog_pool *pool = new_pool(4 * MIB, false);
	struct backlog backlog;
	uint64_t in = 0, out = 0, seed = 12345;

	backlog_init(&backlog, pool);
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (seed >> 63 && in - out < MIB)
			push_counting(&backlog, &in, (seed >> 40) % 3000 + 1);
		else
			pull_counting(&backlog, &out, (seed >> 40) % 4000);
		CHECK_EQ(backlog.size_bytes, in - out);
	}
	pull_counting(&backlog, &out, SIZE_MAX);
	CHECK_EQ(in, out);
	CHECK_EQ(backlog.dropped_bytes, 0);
	backlog_deinit(&backlog);
	backlog_pool_free(pool);
}

TEST(beyond_the_limit_the_oldest_bytes_go_and_are_counted)
{
	struct backlog_pool *pool = new_pool(4 * MIB, false);
	struct backlog backlog;
	uint64_t in = 0, out;

	backlog_init(&backlog, pool);
	backlog_set_limit(&backlog, 100000);
	for (int i = 0; i < 300; i++)
		push_counting(&backlog, &in, 1999);
	CHECK_EQ(backlog.size_bytes, 100000);
	CHECK_EQ(backlog.dropped_bytes, in - 100000);
	out = in - 100000;
	CHECK_EQ(pull_counting(&backlog, &out, SIZE_MAX), 100000);
	backlog_deinit(&backlog);
	backlog_pool_free(pool);
}

TEST(a_tiny_limit_still_holds_one_chunk)
{
	struct backlog_pool *pool = new_pool(MIB, false);
	struct backlog backlog;
	uint64_t in = 0;

	backlog_init(&backlog, pool);
	backlog_set_limit(&backlog, 1);
	push_counting(&backlog, &in, 2000);
	CHECK_EQ(backlog.size_bytes, 2000);
	backlog_deinit(&backlog);
	backlog_pool_free(pool);
}

TEST(the_cap_holds_whatever_all_do_and_a_quiet_console_keeps_its_lines)
{
	enum { N = 40 };
	struct backlog_pool *pool = new_pool(100 * BACKLOG_CHUNK_BYTES, false);
	struct backlog quiet, loud[N];
	uint64_t in[N] = { 0 }, out, quiet_in = 0, quiet_out = 0;

	backlog_init(&quiet, pool);
	push_counting(&quiet, &quiet_in, 300);
	for (int i = 0; i < N; i++)
		backlog_init(&loud[i], pool);
	for (int round = 0; round < 200; round++)
		for (int i = 0; i < N; i++) {
			push_counting(&loud[i], &in[i], 1500);
			CHECK(backlog_pool_used_bytes(pool) <= backlog_pool_cap_bytes(pool));
		}
	CHECK_EQ(quiet.dropped_bytes, 0);
	CHECK_EQ(pull_counting(&quiet, &quiet_out, SIZE_MAX), 300);
	for (int i = 0; i < N; i++) {
		/* Equally loud, equally served. */
		CHECK(loud[i].n_chunks >= 2 && loud[i].n_chunks <= 3);
		out = in[i] - loud[i].size_bytes;
		pull_counting(&loud[i], &out, SIZE_MAX);
		CHECK_EQ(out, in[i]);
		backlog_deinit(&loud[i]);
	}
	backlog_deinit(&quiet);
	backlog_pool_free(pool);
}

TEST(the_largest_holder_pays_for_a_newcomer)
{
	struct backlog_pool *pool = new_pool(10 * BACKLOG_CHUNK_BYTES, false);
	struct backlog big, small, fresh;
	uint64_t in = 0;

	backlog_init(&big, pool);
	backlog_init(&small, pool);
	backlog_init(&fresh, pool);
	push_counting(&small, &in, 5000);
	push_counting(&big, &in, 200000);
	CHECK_EQ(small.n_chunks, 2);
	CHECK_EQ(big.n_chunks, 8);
	push_counting(&fresh, &in, 1);
	CHECK_EQ(fresh.n_chunks, 1);
	CHECK_EQ(small.n_chunks, 2);
	CHECK_EQ(big.n_chunks, 7);
	backlog_deinit(&big);
	backlog_deinit(&small);
	backlog_deinit(&fresh);
	backlog_pool_free(pool);
}

TEST(with_no_cap_at_all_everybody_has_one_chunk_and_takes_none_from_others)
{
	struct backlog_pool *pool = new_pool(0, false);
	struct backlog a, b;
	uint64_t in_a = 0, in_b = 0, out;

	backlog_init(&a, pool);
	backlog_init(&b, pool);
	push_counting(&a, &in_a, 100);
	push_counting(&b, &in_b, 50000);
	CHECK_EQ(a.size_bytes, 100);
	CHECK_EQ(b.n_chunks, 1);
	out = in_b - b.size_bytes;
	pull_counting(&b, &out, SIZE_MAX);
	CHECK_EQ(out, in_b);
	backlog_deinit(&a);
	backlog_deinit(&b);
	backlog_pool_free(pool);
}

TEST(a_lossless_backlog_is_full_at_its_limit_or_when_the_pool_is_empty_and_loses_nothing)
{
	struct backlog_pool *pool = new_pool(8 * BACKLOG_CHUNK_BYTES, true);
	struct backlog a, b;
	uint64_t in_a = 0, in_b = 0, out_a = 0, out_b = 0;

	backlog_init(&a, pool);
	backlog_set_limit(&a, 10000);
	backlog_init(&b, pool);
	while (!backlog_is_full(&a))
		push_counting(&a, &in_a, 2048);
	CHECK(a.size_bytes >= 10000 && a.size_bytes < 10000 + 2048);
	while (!backlog_is_full(&b))
		push_counting(&b, &in_b, 2048);
	/* What is pushed beyond is at most one chunk, and nobody pays for it. */
	CHECK(backlog_pool_used_bytes(pool) <= backlog_pool_cap_bytes(pool) + BACKLOG_CHUNK_BYTES);
	CHECK_EQ(a.dropped_bytes + b.dropped_bytes, 0);
	CHECK_EQ(pull_counting(&a, &out_a, SIZE_MAX), in_a);
	CHECK_EQ(pull_counting(&b, &out_b, SIZE_MAX), in_b);
	CHECK(!backlog_is_full(&a));
	backlog_deinit(&a);
	backlog_deinit(&b);
	backlog_pool_free(pool);
}

TEST(a_lossless_newcomer_finds_room_for_a_chunk_when_the_pool_is_empty)
{
	struct backlog_pool *pool = new_pool(4 * BACKLOG_CHUNK_BYTES, true);
	struct backlog a, b;
	uint64_t in = 0;

	backlog_init(&a, pool);
	backlog_init(&b, pool);
	while (!backlog_is_full(&a))
		push_counting(&a, &in, 2048);
	CHECK(!backlog_is_full(&b));
	push_counting(&b, &in, 2048);
	CHECK_EQ(b.size_bytes, 2048);
	CHECK_EQ(a.dropped_bytes, 0);
	backlog_deinit(&a);
	backlog_deinit(&b);
	backlog_pool_free(pool);
}
