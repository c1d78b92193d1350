/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queues of clients, and the clock that runs for whoever is served. */
#include "server/schedule.h"

#include <stddef.h>

#include "model/quota.h"
#include "protocol/protocol.h"
#include "protocol/ticks.h"
#include "server/server.h"

#define TURN_US	   500 /* after this, look for new requests */
#define BUSY_US	   100 /* the same while those are served who have kept us busy */
#define GUEST_US   50  /* after this, the rest of a guest's requests waits for its next turn */
#define RELEASE_MS 5
/* What sending to a client costs, roughly: charged at once to who makes it necessary. */
#define SEND_NS 2000

/* As @blamed: a program, whose domid is not its own. */
#define TOOLS UINT32_MAX

/* Once, at start; 200 µs are enough for one part in a thousand. */
static uint64_t measure_ns_per_tick(void)
{
	uint64_t ticks = ticks_now(), began_ns = ticks_clock_ns(), ns;

	do
		ns = ticks_clock_ns() - began_ns;
	while (ns < 200000);
	ticks = ticks_now() - ticks;
	return ticks ? (ns << 32) / ticks : 1ull << 32;
}

static uint64_t to_ns(const struct schedule *schedule, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * schedule->ns_per_tick >> 32);
}

/* Behind the others of its class, of which it does not see this round. */
static void enqueue(struct schedule *schedule, struct client *client, unsigned int class)
{
	client->queue = (uint8_t) class;
	client->round = schedule->round;
	STAILQ_INSERT_TAIL(&schedule->ready[class], client, ready);
	schedule->busy |= 1u << class;
}

static void check_busy(struct schedule *schedule, const struct client_queue *queue,
		       unsigned int class)
{
	if (STAILQ_EMPTY(queue))
		schedule->busy &= ~(1u << class);
}

static void on_release(struct loop_timer *timer)
{
	struct schedule *schedule =
		(struct schedule *)((char *)timer - offsetof(struct schedule, release));
	struct client_queue held = schedule->held;
	struct client *client;

	if (STAILQ_EMPTY(&held))
		return;
	STAILQ_INIT(&schedule->held);
	while ((client = STAILQ_FIRST(&held))) {
		STAILQ_REMOVE_HEAD(&held, ready);
		enqueue(schedule, client, FAIR_N_CLASSES - 1);
	}
}

void schedule_init(struct server *server)
{
	struct schedule *schedule = &server->schedule;

	for (int i = 0; i < FAIR_N_CLASSES; i++)
		STAILQ_INIT(&schedule->ready[i]);
	STAILQ_INIT(&schedule->held);
	STAILQ_INIT(&schedule->dirty);
	schedule->release.fn = on_release;
	schedule->ns_per_tick = measure_ns_per_tick();
	schedule->turn_ticks[1] = (TURN_US * 1000ull << 32) / schedule->ns_per_tick;
	schedule->turn_ticks[0] = (BUSY_US * 1000ull << 32) / schedule->ns_per_tick;
	schedule->guest_ticks = (GUEST_US * 1000ull << 32) / schedule->ns_per_tick;
}

static uint64_t now_ns(const struct schedule *schedule)
{
	return to_ns(schedule, ticks_now());
}

static uint32_t share_of(const struct client *client)
{
	const struct quota_account *account = client->conn.watcher.account;

	return account->exempt ? 0 : account->limit[QUOTA_TIME];
}

static struct client_queue *queue_of(struct client *client)
{
	struct schedule *schedule = &client_server(client)->schedule;

	return client->queue < FAIR_N_CLASSES ? &schedule->ready[client->queue] : &schedule->held;
}

void server_ready_again(struct client *client)
{
	struct schedule *schedule = &client_server(client)->schedule;

	if (client->is_ready)
		return;
	client->is_ready = true;
	enqueue(schedule, client, fair_class(&client->fair, now_ns(schedule)));
}

void server_resume(struct client *client)
{
	struct schedule *schedule = &client_server(client)->schedule;

	if (client->is_ready || client->conn.is_dead || !schedule->in_round) {
		server_ready(client);
		return;
	}
	client->is_ready = true;
	client->queue = schedule->class;
	client->round = (uint16_t)(schedule->round - 1);
	STAILQ_INSERT_HEAD(queue_of(client), client, ready);
	schedule->busy |= 1u << client->queue;
}

void server_ready(struct client *client)
{
	if (!client->conn.is_dead)
		server_ready_again(client);
}

static bool become_dirty(struct client *client)
{
	struct client *by = client_server(client)->schedule.serving;

	if (client->is_dirty || client->conn.is_dead)
		return false;
	client->is_dirty = true;
	if (!by)
		by = client;
	client->blamed = by->conn.watcher.account == quota_tools(client->conn.protocol->quota)
				 ? TOOLS
				 : by->conn.watcher.subject.domid;
	fair_charge(&by->fair, SEND_NS, share_of(by));
	return true;
}

void server_dirty(struct client *client)
{
	if (become_dirty(client))
		STAILQ_INSERT_TAIL(&client_server(client)->schedule.dirty, client, dirty);
}

void server_dirty_first(struct client *client)
{
	if (become_dirty(client))
		STAILQ_INSERT_HEAD(&client_server(client)->schedule.dirty, client, dirty);
}

void server_forget(struct client *client)
{
	struct schedule *schedule = &client_server(client)->schedule;

	if (client->is_ready) {
		STAILQ_REMOVE(queue_of(client), client, client, ready);
		if (client->queue < FAIR_N_CLASSES)
			check_busy(schedule, queue_of(client), client->queue);
	}
	if (client->is_dirty)
		STAILQ_REMOVE(&schedule->dirty, client, client, dirty);
	client->is_ready = client->is_dirty = false;
}

/* The time since the last call is @account's; NULL: nobody's any more. */
static uint64_t charge(struct schedule *schedule, struct quota_account *account)
{
	uint64_t at = ticks_now();
	uint64_t ns = to_ns(schedule, at - schedule->at);

	schedule->at = at;
	if (account)
		account->stats.processing_ns += ns;
	return ns;
}

/* One that is beyond its share waits until it is not. */
static bool hold(struct server *server, struct client *client)
{
	struct quota_account *account = client->conn.watcher.account;
	uint32_t share = share_of(client);
	uint64_t wait_us =
		share ? fair_wait_us(&client->fair, share, now_ns(&server->schedule) / 1000) : 0;

	if (!wait_us)
		return false;
	if (client->queue != FAIR_N_CLASSES - 1 || !client->was_held)
		quota_check(account, QUOTA_TIME, share + 1);
	client->was_held = client->is_ready = true;
	client->queue = FAIR_N_CLASSES;
	STAILQ_INSERT_TAIL(&server->schedule.held, client, ready);
	if (!server->schedule.release.due_us)
		loop_timer_set(server->loop, &server->schedule.release,
			       wait_us / 1000 + 1 < RELEASE_MS ? wait_us / 1000 + 1 : RELEASE_MS);
	return true;
}

static void serve_one(struct server *server, struct client *client)
{
	struct schedule *schedule = &server->schedule;
	uint32_t share = share_of(client);

	if (share && hold(server, client))
		return;
	client->was_held = false;
	schedule->serving = client;
	server->protocol->turn_ends =
		client->conn.watcher.account->exempt ? 0 : schedule->at + schedule->guest_ticks;
	client_ops(client)->turn(client);
	schedule->serving = NULL;
	fair_charge(&client->fair, charge(schedule, client->conn.watcher.account), share);
}

/*
 * Those who become ready by what happens here have their turn in the next round, but for those who
 * were held back: what they wait with has been read already, so that comes to an end.
 */
static void serve_class(struct server *server, uint8_t class, uint64_t end)
{
	struct schedule *schedule = &server->schedule;
	struct client_queue *queue = &schedule->ready[class];

	schedule->class = class;
	schedule->round++;
	for (;;) {
		struct client *client = STAILQ_FIRST(queue);

		if (!client || client->round == schedule->round)
			break;
		STAILQ_REMOVE_HEAD(queue, ready);
		check_busy(schedule, queue, class);
		client->is_ready = false;
		serve_one(server, client);
		if (schedule->at >= end)
			break;
	}
}

void schedule_serve(struct server *server)
{
	struct schedule *schedule = &server->schedule;
	uint32_t left = (1u << FAIR_N_CLASSES) - 1;
	uint64_t end;

	schedule->at = ticks_now();
	end = schedule->at + schedule->turn_ticks[schedule->busy & 1];
	schedule->in_round = true;
	/* Each class once; what becomes ready in one that had its turn waits for the next. */
	while (schedule->busy & left) {
		uint8_t class = (uint8_t)__builtin_ctz(schedule->busy & left);

		serve_class(server, class, end);
		if (class)
			schedule->was_cut = false;
		if (!schedule->busy)
			break;
		/* Answers leave at the end of a turn: after the quiet, that of the busy is the
		 * next one. */
		if (!class && !schedule->was_cut) {
			schedule->was_cut = true;
			break;
		}
		left &= ~0u << class << 1;
		end = schedule->at + schedule->turn_ticks[0];
	}
	schedule->in_round = false;
}

void schedule_flush(struct server *server)
{
	struct schedule *schedule = &server->schedule;

	schedule->at = ticks_now();
	while (!STAILQ_EMPTY(&schedule->dirty)) {
		struct client *client = STAILQ_FIRST(&schedule->dirty);
		uint32_t blamed = client->blamed;

		STAILQ_REMOVE_HEAD(&schedule->dirty, dirty);
		client->is_dirty = false;
		client_ops(client)->flush(client);
		charge(schedule, blamed == TOOLS ? quota_tools(server->protocol->quota)
						 : quota_get(server->protocol->quota, blamed));
	}
}

bool schedule_is_pending(const struct server *server)
{
	return server->schedule.busy;
}
