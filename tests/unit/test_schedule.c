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

struct player {
	struct client client; /* first: the schedule hands back pointers to it */
	uint32_t n_turns, n_flushes;
	bool wants_more; /* its turns never end it */
};

static void turn(struct client *client)
{
	struct player *player = (struct player *)client;

	player->n_turns++;
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
static void join(struct world *world, struct player *player, uint32_t domid, uint64_t used_ns)
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
	player->client.fair.since_ns =
		(uint64_t)((unsigned __int128)ticks_now() * world->server.schedule.ns_per_tick >>
			   32);
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
		CHECK_EQ(busy.n_turns, i / 2);
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
