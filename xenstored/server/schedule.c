/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queues of clients, and the clock that runs for whoever is served. */
#include "server/schedule.h"

#include <stddef.h>

#include "model/quota.h"
#include "protocol/protocol.h"
#include "protocol/ticks.h"
#include "server/server.h"

#define TURN_US	   500 /* after this, look for new requests */
#define BUSY_US	   50  /* the same while those are served who have kept us busy */
#define GUEST_US   50  /* after this, the rest of a guest's requests waits for its next turn */
#define RELEASE_MS 5
/* Clearly busier: by so many classes, half as much again. */
#define CUT_CLASSES 2
/* In one of so many turns another class is served besides. */
#define ROTATION_TURNS 4
/* Nothing but a single long request, or the kernel, takes so long. */
#define SUSPECT_NS 150000
/* Programs of dom0 keep the host going: only a part of what they take counts. */
#define TOOLS_BITS 5
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

static uint64_t to_ticks(const struct schedule *schedule, uint64_t ns)
{
	return (ns << 32) / schedule->ns_per_tick;
}

/* Behind the others of its class, of which it does not see this round. */
static void enqueue(struct schedule *schedule, struct client *client, unsigned int class)
{
	client->queue = (uint8_t) class;
	client->round = schedule->round;
	STAILQ_INSERT_TAIL(&schedule->ready[class], client, ready);
	schedule->busy |= 1ull << class;
}

static void check_busy(struct schedule *schedule, const struct client_queue *queue,
		       unsigned int class)
{
	if (STAILQ_EMPTY(queue))
		schedule->busy &= ~(1ull << class);
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
	schedule->tools = quota_tools(server->protocol->quota);
	schedule->ns_per_tick = measure_ns_per_tick();
	schedule->turn_ticks[1] = to_ticks(schedule, TURN_US * 1000);
	schedule->turn_ticks[0] = to_ticks(schedule, BUSY_US * 1000);
	schedule->guest_ticks = to_ticks(schedule, GUEST_US * 1000);
	schedule->sending_ticks = to_ticks(schedule, SEND_NS);
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
	schedule->busy |= 1ull << client->queue;
	schedule->left |= 1ull << client->queue;
}

void server_ready(struct client *client)
{
	if (!client->conn.is_dead)
		server_ready_again(client);
}

static inline void charge_client(struct client *client, uint64_t ns)
{
	struct quota_account *account = client->conn.watcher.account;

	fair_charge(&client->fair, account->exempt ? ns >> TOOLS_BITS : ns);
	if (!account->exempt && account->limit[QUOTA_TIME])
		account->debt.owed_ns += ns;
}

static inline bool become_dirty(struct client *client)
{
	struct schedule *schedule = &client_server(client)->schedule;
	struct client *by = schedule->serving;

	if (client->is_dirty || client->conn.is_dead)
		return false;
	client->is_dirty = true;
	if (!by)
		by = client;
	client->blamed = by->conn.watcher.account == schedule->tools
				 ? TOOLS
				 : by->conn.watcher.subject.domid;
	charge_client(by, SEND_NS);
	schedule->to_send_ticks += schedule->sending_ticks;
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

/* The CPU time is a system call, so it is asked only where one client may pay for another. */
static void note_cpu(struct schedule *schedule)
{
	schedule->cpu_ns = ticks_cpu_ns();
	schedule->cpu_at = schedule->at;
}

/* Of @ns up to now: without what others had the CPU since it was last asked. */
static uint64_t __attribute__((noinline)) without_others(struct schedule *schedule, uint64_t ns)
{
	uint64_t cpu_ns = schedule->cpu_ns, wall_ns, others_ns;

	if (!cpu_ns)
		return ns;
	wall_ns = to_ns(schedule, schedule->at - schedule->cpu_at);
	note_cpu(schedule);
	cpu_ns = schedule->cpu_ns - cpu_ns;
	others_ns = wall_ns > cpu_ns ? wall_ns - cpu_ns : 0;
	return ns > others_ns ? ns - others_ns : 0;
}

/* The time since the last call is @account's; NULL: nobody's any more. */
static inline uint64_t charge(struct schedule *schedule, struct quota_account *account)
{
	uint64_t at = ticks_now();
	uint64_t ns = to_ns(schedule, at - schedule->at);

	schedule->at = at;
	if (ns >= SUSPECT_NS)
		ns = without_others(schedule, ns);
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
		share ? fair_wait_us(&account->debt, share, now_ns(&server->schedule) / 1000) : 0;

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

static inline void serve_one(struct server *server, struct client *client)
{
	struct schedule *schedule = &server->schedule;
	struct quota_account *account = client->conn.watcher.account;

	if (account->exempt) {
		server->protocol->turn_ends = 0;
	} else if (account->limit[QUOTA_TIME] && hold(server, client)) {
		return;
	} else {
		client->was_held = false;
		server->protocol->turn_ends = schedule->at + schedule->guest_ticks;
	}
	schedule->serving = client;
	client_ops(client)->turn(client);
	schedule->serving = NULL;
	charge_client(client, charge(schedule, account));
}

static inline void serve_first(struct server *server, uint8_t class)
{
	struct schedule *schedule = &server->schedule;
	struct client *client = STAILQ_FIRST(&schedule->ready[class]);

	STAILQ_REMOVE_HEAD(&schedule->ready[class], ready);
	check_busy(schedule, &schedule->ready[class], class);
	client->is_ready = false;
	schedule->class = class;
	serve_one(server, client);
}

/*
 * The class whose first client has waited since before this turn and was least busy; negative:
 * there is none. Those who become ready by what happens in a turn have theirs in the next, but for
 * those who were held back: what they wait with has been read already, so that comes to an end.
 */
static int next_class(struct schedule *schedule)
{
	uint64_t candidates;

	while ((candidates = schedule->busy & schedule->left)) {
		int class = __builtin_ctzll(candidates);

		if (STAILQ_FIRST(&schedule->ready[class])->round != schedule->round)
			return class;
		schedule->left &= ~(1ull << class);
	}
	return -1;
}

/* One of the next class, lest it wait as long as there are less busy ones; whose class was settled
 * long ago gets the one that it would have today. */
static void serve_another(struct server *server)
{
	struct schedule *schedule = &server->schedule;
	uint64_t above = ~0ull << schedule->rotation << 1, candidates = schedule->busy & above;
	unsigned int class, today;
	struct client *client;

	if (!candidates)
		candidates = schedule->busy;
	if (!candidates)
		return;
	class = (unsigned int)__builtin_ctzll(candidates);
	client = STAILQ_FIRST(&schedule->ready[class]);
	schedule->rotation = (uint8_t) class;
	if (client->round == schedule->round)
		return;
	today = fair_class(&client->fair, now_ns(schedule));
	if (today >= class) {
		serve_first(server, (uint8_t) class);
		return;
	}
	STAILQ_REMOVE_HEAD(&schedule->ready[class], ready);
	check_busy(schedule, &schedule->ready[class], class);
	enqueue(schedule, client, today);
}

/* After the first one, who was of this class. */
static void serve_others(struct server *server, int first)
{
	struct schedule *schedule = &server->schedule;
	bool was_cut = schedule->was_cut, is_quiet = !first;
	uint64_t end = schedule->began + schedule->turn_ticks[is_quiet];
	int class;

	schedule->was_cut = false;
	while (schedule->at + (is_quiet ? 0 : schedule->to_send_ticks) < end) {
		class = next_class(schedule);
		if (class < 0)
			break;
		/* Answers leave at the end of the turn. */
		if (class >= first + CUT_CLASSES && !was_cut) {
			schedule->was_cut = true;
			break;
		}
		if (class && is_quiet) {
			is_quiet = false;
			end = schedule->at + schedule->turn_ticks[0];
			schedule->to_send_ticks = 0;
		}
		serve_first(server, (uint8_t) class);
	}
	if (schedule->busy && schedule->round % ROTATION_TURNS == 0)
		serve_another(server);
}

void schedule_serve(struct server *server)
{
	struct schedule *schedule = &server->schedule;
	int class;

	if (!schedule->busy)
		return;
	schedule->began = schedule->at = ticks_now();
	schedule->cpu_ns = 0;
	if (schedule->is_loaded)
		note_cpu(schedule);
	schedule->left = ~0ull;
	schedule->to_send_ticks = 0;
	schedule->round++;
	schedule->in_round = true;
	class = __builtin_ctzll(schedule->busy);
	serve_first(server, (uint8_t) class);
	/* Most turns are for one client. */
	schedule->is_loaded = schedule->busy;
	if (schedule->busy)
		serve_others(server, class);
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
		charge(schedule, blamed == TOOLS ? schedule->tools
						 : quota_get(server->protocol->quota, blamed));
	}
}

bool schedule_is_pending(const struct server *server)
{
	return server->schedule.busy;
}
