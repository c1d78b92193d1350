/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is served in which turn, with clients that take a turn and do nothing. */
#include "server/schedule.h"

#include <stdlib.h>

#include "model/quota.h"
#include "protocol/protocol.h"
#include "protocol/ticks.h"
#include "server/server.h"
#include "unit.h"

#define BUSY_NS 100000000

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t ms)
{
	(void)loop, (void)ms;
	timer->due_us = 1;
}

/* A clock that goes by what is done: 1 tick is 1 ns, and looking at it takes 10. */
static uint64_t wall_ns = 1000000000, cpu_ns;

static void spend(uint64_t ns)
{
	wall_ns += ns;
	cpu_ns += ns;
}

uint64_t ticks_now(void)
{
	spend(10);
	return wall_ns;
}

uint64_t ticks_clock_ns(void)
{
	spend(1000);
	return wall_ns;
}

uint64_t ticks_cpu_ns(void)
{
	return cpu_ns;
}

struct player {
	struct client client; /* first: the schedule hands back pointers to it */
	uint32_t n_turns, n_flushes;
	bool wants_more;    /* its turns never end it */
	uint32_t takes_ns;  /* by each turn */
	uint32_t others_ns; /* and others meanwhile */
};

static void turn(struct client *client)
{
	struct player *player = (struct player *)client;

	player->n_turns++;
	spend(player->takes_ns);
	wall_ns += player->others_ns;
	server_dirty(client);
	if (player->wants_more)
		server_ready(client);
}

static void flush(struct client *client)
{
	((struct player *)client)->n_flushes++;
}

static const struct client_ops ops = { .turn = turn, .flush = flush };

struct world {
	struct server server;
	struct protocol protocol;
};

static struct world *begin(void)
{
	struct world *world = calloc(1, sizeof(*world));

	CHECK(world);
	CHECK_EQ(quota_new(&world->protocol.quota, NULL, NULL), 0);
	world->protocol.host_ctx = &world->server;
	world->server.protocol = &world->protocol;
	schedule_init(&world->server);
	return world;
}

static void end(struct world *world)
{
	for (uint32_t domid = 1; domid < 10; domid++)
		quota_close(world->protocol.quota, domid);
	quota_free(world->protocol.quota);
	free(world);
}

/* @used_ns: how busy it has kept us just now. */
static void join(struct world *world, struct player *player, uint32_t domid, uint32_t used_ns)
{
	struct quota_account *account;

	CHECK_EQ(quota_open(world->protocol.quota, domid, &account), 0);
	*player = (struct player){ .wants_more = used_ns };
	player->client.conn.protocol = &world->protocol;
	player->client.conn.transport = &ops.transport;
	player->client.conn.watcher.account = account;
	player->client.conn.watcher.subject.domid = domid;
	player->client.fair.used_ns = used_ns;
	/* Now, on the clock of the schedule. */
	player->client.fair.since_step =
		(uint32_t)((uint64_t)((unsigned __int128)ticks_now() *
					      world->server.schedule.ns_per_tick >>
				      32) >>
			   FAIR_STEP_BITS);
	server_ready(&player->client);
}

static void play_turn(struct world *world)
{
	schedule_serve(&world->server);
	schedule_flush(&world->server);
}

TEST(the_quiet_have_their_answers_before_the_busy_are_served)
{
	struct world *world = begin();
	struct player busy, quiet;

	join(world, &busy, 1, BUSY_NS);
	join(world, &quiet, 2, 0);
	play_turn(world);
	CHECK_EQ(quiet.n_flushes, 1);
	CHECK_EQ(busy.n_turns, 0);
	CHECK(schedule_is_pending(&world->server));
	play_turn(world);
	CHECK_EQ(busy.n_flushes, 1);
	end(world);
}

TEST(the_busy_are_not_put_off_twice)
{
	struct world *world = begin();
	struct player busy, quiet;

	join(world, &busy, 1, BUSY_NS);
	join(world, &quiet, 2, 0);
	for (uint32_t i = 1; i <= 10; i++) {
		play_turn(world);
		CHECK_EQ(quiet.n_turns, i);
		CHECK(busy.n_turns >= i / 2);
		server_ready(&quiet.client);
	}
	end(world);
}

TEST(without_anybody_quiet_the_busy_are_served_in_every_turn)
{
	struct world *world = begin();
	struct player busy[3];

	for (uint32_t i = 0; i < 3; i++)
		join(world, &busy[i], 1 + i, BUSY_NS);
	for (uint32_t i = 1; i <= 4; i++)
		play_turn(world);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(busy[i].n_turns, 4);
	end(world);
}

static uint32_t n_turns_of(const struct player *players, uint32_t n)
{
	uint32_t n_turns = 0;

	for (uint32_t i = 0; i < n; i++)
		n_turns += players[i].n_turns;
	return n_turns;
}

#define N_FLOODS 100

#define SLICE_NS 50000

/* Each takes its whole slice whenever it is served. */
static void flood(struct world *world, struct player *floods, uint32_t used_ns)
{
	for (uint32_t i = 0; i < N_FLOODS; i++) {
		join(world, &floods[i], 10 + i, used_ns + i * 1000);
		floods[i].takes_ns = SLICE_NS;
	}
}

static void end_floods(struct world *world)
{
	for (uint32_t i = 0; i < N_FLOODS; i++)
		quota_close(world->protocol.quota, 10 + i);
	end(world);
}

TEST(a_turn_has_one_slice_of_a_flood_and_another_in_every_fourth)
{
	struct world *world = begin();
	struct player floods[N_FLOODS];

	flood(world, floods, 1000000);
	for (uint32_t i = 0; i < 100; i++) {
		uint32_t before = n_turns_of(floods, N_FLOODS);

		play_turn(world);
		CHECK(n_turns_of(floods, N_FLOODS) - before <= 2);
	}
	CHECK(n_turns_of(floods, N_FLOODS) >= 100);
	CHECK(n_turns_of(floods, N_FLOODS) <= 125);
	end_floods(world);
}

/* Who comes between two turns waits for none of them: its answer leaves before the next slice. */
TEST(a_guest_that_asks_often_is_answered_before_a_hundred_floods)
{
	struct world *world = begin();
	struct player floods[N_FLOODS], quiet;
	uint32_t n_slices = 0;

	flood(world, floods, 1000000);
	/* 0.4 ms lately: not in the quietest class. */
	join(world, &quiet, 2, 400000);
	quiet.wants_more = false;
	for (uint32_t i = 1; i <= 50; i++) {
		uint32_t before = n_turns_of(floods, N_FLOODS);

		play_turn(world);
		CHECK_EQ(quiet.n_flushes, i);
		n_slices += n_turns_of(floods, N_FLOODS) - before;
		CHECK(n_turns_of(floods, N_FLOODS) - before <= 2);
		play_turn(world);
		/* As often as it asks in this test it would become busy, too. */
		quiet.client.fair.used_ns = 400000;
		server_ready(&quiet.client);
	}
	/* Floods share the turn with it where they were put off in the one before. */
	CHECK(n_slices <= 25 + 13);
	end_floods(world);
}

TEST(who_has_been_very_busy_is_served_beside_a_hundred_floods)
{
	struct world *world = begin();
	struct player floods[N_FLOODS], late;

	flood(world, floods, 1000000);
	join(world, &late, 2, BUSY_NS);
	for (uint32_t i = 0; i < 4 * FAIR_N_CLASSES && !late.n_turns; i++)
		play_turn(world);
	CHECK(late.n_turns > 0);
	end_floods(world);
}

/* It was busy when it became ready, long ago. */
TEST(who_has_waited_long_has_the_class_of_today)
{
	struct world *world = begin();
	struct player floods[N_FLOODS], late;

	flood(world, floods, 1000000);
	join(world, &late, 2, BUSY_NS);
	late.client.fair.used_ns = 0;
	for (uint32_t i = 0; i < 4 * FAIR_N_CLASSES && !late.n_turns; i++)
		play_turn(world);
	CHECK(late.n_turns > 0);
	CHECK(late.client.queue < 20);
	end_floods(world);
}

TEST(while_the_kernel_has_others_run_nobody_pays)
{
	struct world *world = begin();
	struct player busy[2];

	join(world, &busy[0], 1, BUSY_NS);
	join(world, &busy[1], 2, BUSY_NS);
	play_turn(world);
	/* 10 ms of others, and 300 us of its own. */
	busy[0].client.fair.used_ns = 0;
	busy[0].takes_ns = 300000;
	busy[0].others_ns = 10000000;
	play_turn(world);
	CHECK(busy[0].client.fair.used_ns >= 300000);
	CHECK(busy[0].client.fair.used_ns < 310000);
	end(world);
}
