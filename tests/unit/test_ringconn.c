/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a guest rings, and what of its requests is taken. */
#include <string.h>

#include "protocol/wire.h"
#include "ringworld.h"
#include "unit.h"

static struct ringworld world;

static void begin(void)
{
	ringworld_begin(&world, 1);
}

static void end(void)
{
	ringworld_end(&world);
}

#define RING_TEST(name)                  \
	static void name##_inside(void); \
	TEST(name)                       \
	{                                \
		begin();                 \
		name##_inside();         \
		end();                   \
	}                                \
	static void name##_inside(void)

/* As Linux's xb_write(): whether the event channel is to be rung. */
static bool ask(uint32_t req_id)
{
	uint32_t message[5] = { WIRE_GET_DOMAIN_PATH, req_id, 0, 2, 0 };
	uint32_t prod = world.page->req_prod, len = 18;

	memcpy(&message[4], "1", 2);
	for (uint32_t i = 0; i < len; i++)
		world.page->req[(prod + i) % RING_BYTES] = ((const char *)message)[i];
	world.page->req_prod = prod + len;
	return prod == world.page->req_cons;
}

static uint32_t n_answers(void)
{
	uint32_t at = 0, n = 0, head[4];

	while (at != world.page->rsp_prod) {
		ring_copy_out(head, world.page->rsp, RING_BYTES, at, sizeof(head));
		at += (uint32_t)sizeof(head) + head[3];
		n++;
	}
	return n;
}

static void ring_the_bell(void)
{
	server_ready((struct client *)ringconn_conn(world.ring));
}

/* A second CPU of the guest, once. */
static void ask_again(void *ctx)
{
	bool *rang = ctx;

	if (n_answers() || world.page->req_prod > 18)
		return;
	*rang = ask(2);
}

RING_TEST(a_request_that_came_while_one_was_served_is_served_without_a_bell)
{
	bool rang = true;

	CHECK(ask(1));
	ring_the_bell();
	ringworld_turn(ask_again, &rang);
	CHECK(!rang); /* the first had not been released */
	CHECK_EQ(world.page->req_cons, 36);
	CHECK_EQ(n_answers(), 2);
}

RING_TEST(one_that_came_later_rings)
{
	CHECK(ask(1));
	ring_the_bell();
	ringworld_turn(NULL, NULL);
	CHECK_EQ(n_answers(), 1);
	CHECK(ask(2));
	ring_the_bell();
	ringworld_turn(NULL, NULL);
	CHECK_EQ(n_answers(), 2);
}
