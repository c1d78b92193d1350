/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include <errno.h>

#include "unit.h"

TEST(used_counts_across_the_wrap_of_the_indices)
{
	uint32_t used;

	CHECK_EQ(ring_used(5, 0xfffffffe, 1024, &used), 0);
	CHECK_EQ(used, 7);
	CHECK_EQ(ring_used(1024, 0, 1024, &used), 0);
	CHECK_EQ(used, 1024);
}

TEST(used_refuses_indices_no_honest_peer_leaves)
{
	uint32_t used = 42;

	CHECK_EQ(ring_used(1025, 0, 1024, &used), -ERANGE);
	CHECK_EQ(ring_used(0, 1, 1024, &used), -ERANGE);
	CHECK_EQ(ring_used(0x80000000, 0, 2048, &used), -ERANGE);
	CHECK_EQ(used, 42);
}

TEST(copies_go_around_the_end_of_the_buffer)
{
	char ring[8] = { 0 };
	char out[8] = { 0 };

	ring_copy_in(ring, 8, 0xfffffffd, "abcdef", 6);
	CHECK_MEM_EQ(ring, "def\0\0abc", 8);
	ring_copy_out(out, ring, 8, 0xfffffffd, 6);
	CHECK_MEM_EQ(out, "abcdef", 6);
}
