/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console page, with a guest that keeps to the rules and one that does not. */
#include "conring.h"

#include <errno.h>

#include "unit.h"

union page {
	struct xencons_interface ring;
	unsigned char bytes[4096];
};

static struct xencons_interface *new_page(union page *page, uint32_t at)
{
	struct xencons_interface *ring = &page->ring;

	memset(page, 0, sizeof(*page));
	ring->in_cons = ring->in_prod = ring->out_cons = ring->out_prod = at;
	return ring;
}

/* What a guest does to print. */
static void guest_prints(struct xencons_interface *ring, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring->out[(ring->out_prod + i) % sizeof(ring->out)] = text[i];
	ring->out_prod += (uint32_t)len;
}

TEST(peeking_takes_nothing_and_taking_frees_the_space)
{
	char buf[CONRING_OUT_SIZE];
	union page page;
	struct xencons_interface *ring = new_page(&page, 0);
	uint32_t n;

	guest_prints(ring, "hello", 5);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(conring_peek(ring, buf, sizeof(buf), &n), 0);
		CHECK_EQ(n, 5);
		CHECK_MEM_EQ(buf, "hello", 5);
	}
	conring_take(ring, 2);
	CHECK_EQ(ring->out_cons, 2);
	CHECK_EQ(conring_peek(ring, buf, sizeof(buf), &n), 0);
	CHECK_EQ(n, 3);
	CHECK_MEM_EQ(buf, "llo", 3);
}

TEST(output_goes_around_the_end_of_the_buffer_and_of_the_indices)
{
	static const uint32_t starts[] = { 0, 2047, 2000, UINT32_MAX, UINT32_MAX - 100 };
	char sent[CONRING_OUT_SIZE], got[CONRING_OUT_SIZE];
	union page page;
	uint32_t n;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct xencons_interface *ring = new_page(&page, starts[i]);

		guest_prints(ring, sent, sizeof(sent));
		CHECK_EQ(conring_peek(ring, got, sizeof(got), &n), 0);
		CHECK_EQ(n, sizeof(sent));
		CHECK_MEM_EQ(got, sent, sizeof(sent));
		conring_take(ring, n);
		CHECK_EQ(ring->out_cons, ring->out_prod);
	}
}

TEST(peeking_stops_at_the_size_given)
{
	char buf[CONRING_OUT_SIZE] = "";
	union page page;
	struct xencons_interface *ring = new_page(&page, 5);
	uint32_t n;

	guest_prints(ring, "hello", 5);
	CHECK_EQ(conring_peek(ring, buf, 3, &n), 0);
	CHECK_EQ(n, 3);
	CHECK_EQ(buf[3], 0);
}

TEST(a_ring_with_impossible_output_indices_is_refused_and_left_alone)
{
	static const uint32_t excess[] = { CONRING_OUT_SIZE + 1, 4096, 0x80000000u, UINT32_MAX };
	char buf[CONRING_OUT_SIZE];
	union page page, before;
	uint32_t n = 77;

	for (size_t i = 0; i < sizeof(excess) / sizeof(excess[0]); i++) {
		struct xencons_interface *ring = new_page(&page, 1000);

		ring->out_prod = ring->out_cons + excess[i];
		before = page;
		CHECK_EQ(conring_peek(ring, buf, sizeof(buf), &n), -ERANGE);
		CHECK_EQ(n, 77);
		CHECK_MEM_EQ(&page, &before, sizeof(page));
	}
}

TEST(input_fills_the_room_and_no_more)
{
	char data[CONRING_IN_SIZE];
	union page page;
	struct xencons_interface *ring = new_page(&page, UINT32_MAX - 10);

	memset(data, 'x', sizeof(data));
	CHECK_EQ(conring_room(ring), CONRING_IN_SIZE);
	conring_give(ring, "abc", 3);
	CHECK_EQ(conring_room(ring), CONRING_IN_SIZE - 3);
	CHECK_EQ(ring->in[(UINT32_MAX - 10) % CONRING_IN_SIZE], 'a');
	conring_give(ring, data, CONRING_IN_SIZE - 3);
	CHECK_EQ(conring_room(ring), 0);
	ring->in_cons += 7;
	CHECK_EQ(conring_room(ring), 7);
}

TEST(a_ring_with_impossible_input_indices_has_no_room)
{
	union page page;
	struct xencons_interface *ring = new_page(&page, 50);

	ring->in_cons = ring->in_prod + 1;
	CHECK_EQ(conring_room(ring), 0);
	ring->in_cons = ring->in_prod - CONRING_IN_SIZE - 1;
	CHECK_EQ(conring_room(ring), 0);
}

TEST(the_connection_byte_says_connected_and_its_neighbours_stay)
{
	union page page;
	struct xencons_interface *ring;

	memset(&page, 0xff, sizeof(page));
	ring = &page.ring;
	conring_set_connected(ring);
	CHECK_EQ(page.bytes[3087], 0xff);
	CHECK_EQ(page.bytes[3088], 0);
	CHECK_EQ(page.bytes[3089], 0xff);
}
