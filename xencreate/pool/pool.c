/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool's life: from what is opened and taken over, through new generations, to its end. */
#include "pool/pool.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon.h"
#include "forecast.h"
#include "guestcfg.h"
#include "handles.h"
#include "log.h"
#include "loop.h"
#include "pool/pool_priv.h"
#include "pool/roster.h"
#include "scripts.h"
#include "tokens.h"
#include "worker.h"

#define TICK_MS	       500
#define RENEW_AGAIN_US UINT64_C(2000000)  /* what could not be read is tried again */
#define LEAVE_MAX_US   UINT64_C(30000000) /* then it ends with what is left in the ledger */

static uint64_t now_us(const struct pool *pool)
{
	return loop_now_us(pool->host->loop);
}

/* --- the end --- */

void pool_stop(struct pool *pool, bool leave)
{
	struct slot *slot, *next;

	if (pool->stopping)
		return;
	sd_notify(0, "STOPPING=1");
	pool->stopping = true;
	pool->leaving = leave;
	pool->stop_us = now_us(pool);
	if (pool->desk)
		desk_close(pool->desk, "the pool ends");
	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_BUILDING)
			job_cancel(&slot->job, -ECANCELED, "the pool ends");
	}
	if (!leave)
		stock_remove_all(pool, SLOT_ENDING);
	loop_again(pool->host->loop);
}

static void check_end(struct pool *pool)
{
	if (!pool->begun || (stock_is_at_rest(pool) && (!pool->desk || desk_is_empty(pool->desk))))
		loop_stop(pool->host->loop, 0);
}

/* The end of every turn. */
static void on_turn(void *ctx)
{
	struct pool *pool = ctx;

	if (pool->begun) {
		desk_turn(pool->desk);
		stock_turn(pool);
		if (pool->outdated && !pool->stopping && stock_is_at_rest(pool))
			renew(pool);
	}
	if (pool->stopping)
		check_end(pool);
}

static void on_signal(evutil_socket_t number, short what, void *ctx)
{
	struct pool *pool = ctx;

	(void)what;
	if (number == SIGHUP) {
		pool_outdated(pool);
	} else if (pool->stopping) {
		log_error(pool->log, "ended at once: what is left is in the ledger");
		loop_stop(pool->host->loop, 0);
	} else {
		pool_stop(pool, number == SIGUSR1 || pool->options->keep);
	}
}

/* --- what the store and the clock say --- */

static void begin(struct pool *pool)
{
	int r = roster_update(pool->roster);

	if (pool->begun || r == 0)
		return; /* on_roster() comes */
	if (r > 0)
		r = stock_adopt(pool);
	if (!r)
		r = desk_new(&pool->desk, pool, pool->options->socket_path);
	if (r < 0) {
		if (r == -ENOTCONN)
			return; /* on_connected() comes */
		log_error(pool->log, "%s", strerror(-r));
		loop_stop(pool->host->loop, r);
		return;
	}
	pool->begun = true;
	daemon_ready(-1);
	loop_again(pool->host->loop);
}

static void on_roster(void *ctx)
{
	struct pool *pool = ctx;

	loop_again(pool->host->loop);
	if (!pool->begun && !pool->stopping)
		begin(pool);
}

static void on_event(void *ctx, const char *path, const char *text)
{
	struct pool *pool = ctx;
	struct tokens token;
	struct slot *slot;
	bool victim;

	if (roster_event(pool->roster, path, text) || !tokens_parse(&token, text))
		return;
	slot = stock_by_id(pool, token.id, &victim);
	if (slot && victim)
		victim_event(&slot->victim, token.index);
	else if (slot)
		job_event(&slot->job, &token);
}

static void on_connected(void *ctx)
{
	struct pool *pool = ctx;
	struct slot *slot, *next;

	log_info(pool->log, "the store is back");
	roster_connected(pool->roster);
	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_REMOVING)
			victim_reconnected(&slot->victim);
		else
			job_reconnected(&slot->job);
	}
	if (!pool->begun)
		begin(pool);
}

static void on_disconnected(void *ctx, int error)
{
	struct pool *pool = ctx;

	log_warning(pool->log, "no connection to the store: %s", strerror(-error));
}

static void on_ready(void *ctx, int error)
{
	struct pool *pool = ctx;

	if (error) {
		log_error(pool->log, "the store daemon does not answer");
		loop_stop(pool->host->loop, error);
		return;
	}
	pool->removing.unplug = (struct unplug_env){
		.store = pool->host->store,
		.scripts = pool->scripts,
		.xch = pool->host->xch,
		.log = pool->log,
		.closing = &pool->removing.closing,
	};
	pool->building.unplug = pool->taking_paused.unplug = pool->removing.unplug;
	for (size_t i = 0; i <= JOB_WAIT_READY; i++)
		pool->taking[i].unplug = pool->removing.unplug;
	error = roster_new(&pool->roster, pool->host->xch, pool->host->store, on_roster, pool);
	if (error) {
		loop_stop(pool->host->loop, error);
		return;
	}
	roster_connected(pool->roster);
	begin(pool);
}

/* A store that does not answer is one that has gone. */
static void check_times(struct pool *pool)
{
	uint64_t now = now_us(pool), timeout_us = pool->options->batch.timeout_ms * 1000;
	struct slot *slot, *next;
	bool hangs = false;

	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_BUILDING || slot->state == SLOT_TAKEN)
			hangs |= job_check_time(&slot->job, now);
		else if (slot->state == SLOT_REMOVING && !slot->again_us)
			hangs |= victim_check_time(&slot->victim, now, timeout_us);
	}
	if (hangs)
		storeclient_drop(pool->host->store);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct pool *pool = ctx;

	(void)fd, (void)what;
	if (!pool->begun)
		return;
	check_times(pool);
	desk_tick(pool->desk, now_us(pool));
	if (pool->stopping) {
		if (now_us(pool) > pool->stop_us + LEAVE_MAX_US) {
			log_error(pool->log,
				  "not all could be removed: what is left is in the ledger");
			loop_stop(pool->host->loop, 0);
		}
		return;
	}
	if (pool->broken && now_us(pool) > pool->renewed_us + RENEW_AGAIN_US)
		pool->outdated = true;
	else if (!pool->broken && !pool->outdated && !generation_is_current(pool->generation))
		pool_outdated(pool);
	stock_tick(pool);
	/* What has come and gone is known before somebody asks. */
	(void)roster_update(pool->roster);
}

static void on_refill_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct pool *pool = ctx;

	(void)fd, (void)what;
	loop_again(pool->host->loop);
}

void pool_set_size(struct pool *pool, size_t size)
{
	pool->refill.size = size;
	loop_again(pool->host->loop);
}

/* --- setting up --- */

static int set_up_events(struct pool *pool)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGUSR1, SIGHUP };
	struct event_base *base = loop_base(pool->host->loop);
	struct timeval tick = { .tv_usec = TICK_MS * 1000 };

	pool->turn = (struct loop_hook){ .fn = on_turn, .ctx = pool };
	loop_turn_hook(pool->host->loop, &pool->turn);
	pool->tick = event_new(base, -1, EV_PERSIST, on_tick, pool);
	pool->refill_timer = evtimer_new(base, on_refill_timer, pool);
	if (!pool->tick || !pool->refill_timer || event_add(pool->tick, &tick) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		pool->signals[i] = evsignal_new(base, numbers[i], on_signal, pool);
		if (!pool->signals[i] || event_add(pool->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void set_up_envs(struct pool *pool)
{
	const struct batch_options *batch = &pool->options->batch;

	pool->building = (struct job_env){
		.host = pool->host,
		.pool = pool->workers,
		.proof = pool->proof,
		.scripts = pool->scripts,
		.wait = JOB_WAIT_CONSOLE,
		.paused = true,
		.place = batch->place,
		.ready_node = batch->ready_node,
		.timeout_us = batch->timeout_ms * 1000,
		.finished = stock_on_job,
		.ctx = pool,
	};
	pool->taking_paused = pool->building;
	for (unsigned int wait = 0; wait <= JOB_WAIT_READY; wait++) {
		pool->taking[wait] = pool->building;
		pool->taking[wait].wait = (enum job_wait)wait;
		pool->taking[wait].paused = false;
	}
	pool->removing = (struct victim_env){
		.host = pool->host,
		.pool = pool->workers,
		.finished = stock_on_victim,
		.ctx = pool,
	};
}

static int choose_name(struct pool *pool)
{
	pool->name = strdup(pool->options->name ? pool->options->name : pool->configs[0]->name);
	if (!pool->name)
		return -ENOMEM;
	if (ledger_pool_check(pool->name))
		return 0;
	log_error(pool->log,
		  "\"%s\" cannot be a pool's name: letters, digits and - _ . only, less than %d",
		  pool->name, LEDGER_POOL_MAX);
	return -EINVAL;
}

static int open_ledger(struct pool *pool)
{
	int r = ledger_open(&pool->ledger, LEDGER_FOLDER, pool->name);

	if (r == -EBUSY)
		log_error(pool->log, "there is a pool of the name %s already", pool->name);
	else if (r < 0)
		log_error(pool->log, "no ledger can be kept in " LEDGER_FOLDER ": %s",
			  strerror(-r));
	return r;
}

/* Of an empty pool: what is there already takes nothing more. */
static int check_room(const struct pool *pool)
{
	char *paths[] = { (char *)pool->options->config_path };
	const struct forecast_options forecast = {
		.paths = paths,
		.n_paths = 1,
		.n_copies = (unsigned int)pool->refill.size,
	};

	if (pool->options->no_preflight || !pool->refill.size ||
	    !TAILQ_EMPTY(ledger_entries(pool->ledger)))
		return 0;
	return forecast_run(&forecast, pool->log) == FORECAST_REFUSED ? -ENOSPC : 0;
}

static int set_up(struct pool *pool)
{
	static const struct storeclient_handlers handlers = {
		.event = on_event,
		.connected = on_connected,
		.disconnected = on_disconnected,
	};
	const struct pool_options *options = pool->options;
	int r = handles_new(&pool->host, pool->log);

	if (r < 0) {
		log_error(pool->log, "no way to the hypervisor: %s", strerror(-r));
		return r;
	}
	r = generation_load(&pool->generation, options->config_path, options->policy_path,
			    pool->host->xch, pool->log);
	if (r < 0)
		return r;
	r = renew_workers(pool);
	if (!r)
		r = choose_name(pool);
	if (!r)
		r = open_ledger(pool);
	if (!r)
		r = check_room(pool);
	if (!r)
		r = proof_new(&pool->proof, options->batch.prove, log_xtl(pool->log));
	if (!r)
		r = scripts_new(&pool->scripts, pool->host->loop, options->batch.max_scripts);
	if (r < 0)
		return r;
	set_up_envs(pool);
	r = set_up_events(pool);
	return r < 0 ? r : handles_connect(pool->host, &handlers, on_ready, pool);
}

static void free_events(struct pool *pool)
{
	if (pool->turn.fn)
		loop_turn_unhook(pool->host->loop, &pool->turn);
	if (pool->tick)
		event_free(pool->tick);
	if (pool->refill_timer)
		event_free(pool->refill_timer);
	for (size_t i = 0; i < sizeof(pool->signals) / sizeof(pool->signals[0]); i++)
		if (pool->signals[i])
			event_free(pool->signals[i]);
}

static void tear_down(struct pool *pool)
{
	struct slot *slot;

	free_events(pool);
	pool->building.closing = pool->taking_paused.closing = pool->removing.closing = true;
	for (size_t i = 0; i <= JOB_WAIT_READY; i++)
		pool->taking[i].closing = true;
	if (pool->host)
		handles_disconnect(pool->host);
	desk_free(pool->desk);
	scripts_free(pool->scripts);
	while ((slot = TAILQ_FIRST(&pool->slots))) {
		TAILQ_REMOVE(&pool->slots, slot, link);
		job_deinit(&slot->job);
		unplug_deinit(&slot->victim.unplug);
		free(slot);
	}
	roster_free(pool->roster);
	worker_pool_free(pool->workers);
	proof_free(pool->proof);
	tree_deinit(&pool->building.tree);
	for (size_t i = 0; i <= JOB_WAIT_READY; i++)
		tree_deinit(&pool->taking[i].tree);
	tree_deinit(&pool->taking_paused.tree);
	tree_deinit(&pool->removing.tree);
	ledger_close(pool->ledger);
	generation_free(pool->generation);
	handles_free(pool->host);
	free(pool->name);
	free(pool);
}

int pool_run(const struct pool_options *options, struct log *log)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	int r;

	if (!pool)
		return -ENOMEM;
	pool->options = options;
	pool->refill = options->refill;
	pool->log = log;
	TAILQ_INIT(&pool->slots);
	r = set_up(pool);
	if (!r)
		r = loop_run(pool->host->loop);
	tear_down(pool);
	return r;
}
