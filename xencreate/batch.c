/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts jobs while there is room: in flight, and with the workers. Everything else is the jobs'
 * own doing. At most one is started per turn, so that answers and events of the others are never
 * kept waiting by more than one shell.
 */
#include "batch.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "admit.h"
#include "flow.h"
#include "forecast.h"
#include "guestcfg.h"
#include "handles.h"
#include "journal.h"
#include "log.h"
#include "loop.h"
#include "pace.h"
#include "plan.h"
#include "recover.h"
#include "report.h"
#include "room.h"
#include "scripts.h"
#include "sweep.h"
#include "tokens.h"
#include "userdata.h"
#include "worker.h"

#define TICK_MS		      200
#define FAILURES_IN_A_ROW_MAX 10 /* then the rest would fail too */

TAILQ_HEAD(job_list, job);

struct batch {
	const struct batch_options *options; /* borrowed: the caller's, like the plan */
	struct plan *plan;
	struct job_env env;
	struct admit *admit; /* owned */
	struct job *jobs;    /* owned: one per domain of the plan; its id is its index */
	size_t n_started, n_in_flight;
	size_t n_failed, n_failed_in_a_row, n_unclean;
	struct job_list active; /* on their way */
	bool begun, stopping, refused;
	bool ending;		 /* the last job is over */
	bool sweep_again;	 /* when the store is back */
	uint64_t phase_start_us; /* of what comes before the first domain, or after the last */
	struct sweep *sweep;	 /* owned */
	struct pace pace;
	struct flow flow;
	struct room room;
	uint64_t promised_kib; /* what is being built will still take */
	struct loop_hook turn;
	struct event *tick, *interrupt, *terminate;
};

static void refuse(struct batch *batch)
{
	batch->refused = true;
	loop_stop(batch->env.host->loop, 0);
}

static void stop_starting(struct batch *batch)
{
	batch->stopping = true;
	loop_again(batch->env.host->loop);
}

static void on_finished(void *ctx, struct job *job)
{
	struct batch *batch = ctx;

	TAILQ_REMOVE(&batch->active, job, link);
	batch->n_in_flight--;
	loop_again(batch->env.host->loop);
	flow_done(&batch->flow, job->stage_us[STAGE_CONSOLE]);
	if (job->state == JOB_DONE) {
		batch->n_failed_in_a_row = 0;
		return;
	}
	batch->n_failed++;
	batch->n_unclean += job->unclean;
	if (journal_error(batch->env.journal) && !batch->stopping) {
		log_error(batch->env.host->log, "the journal cannot be written: no more are begun");
		stop_starting(batch);
	}
	if (++batch->n_failed_in_a_row < FAILURES_IN_A_ROW_MAX || batch->stopping)
		return;
	log_error(batch->env.host->log, "%d domains failed one after the other: no more are begun",
		  FAILURES_IN_A_ROW_MAX);
	stop_starting(batch);
}

static void on_worker_done(void *ctx, const struct worker_result *result)
{
	struct batch *batch = ctx;
	struct job *job = &batch->jobs[result->id];

	loop_again(batch->env.host->loop); /* a worker has room again */
	if (job->state == JOB_RUNNING)
		batch->promised_kib -= job->plan->config->memory_mib * 1024;
	job_result(job, result);
}

static void start_one(struct batch *batch)
{
	struct job *job = &batch->jobs[batch->n_started];

	job_init(job, &batch->env, &batch->plan->domains[batch->n_started],
		 (uint32_t)batch->n_started);
	batch->n_started++;
	batch->n_in_flight++;
	TAILQ_INSERT_TAIL(&batch->active, job, link);
	job_start(job);
	if (job->in_worker)
		batch->promised_kib += job->plan->config->memory_mib * 1024;
}

static void on_swept(void *ctx, int error)
{
	struct batch *batch = ctx;

	if (batch->env.closing)
		return;
	if (error)
		batch->sweep_again = true;
	else
		loop_stop(batch->env.host->loop, 0);
}

static void begin_sweep(struct batch *batch)
{
	struct handles *host = batch->env.host;
	int r;

	sweep_free(STEAL(batch->sweep));
	r = sweep_new(&batch->sweep, host->store, host->console_domid, on_swept, batch);
	batch->sweep_again = r == -ENOTCONN;
	if (r < 0 && r != -ENOTCONN)
		loop_stop(host->loop, 0);
}

/* libxl shall not use the numbers of those that were taken back again at once. */
static void mark_recent(const struct batch *batch)
{
	CLEANUP(free) uint32_t *domids = calloc(batch->n_failed + 1, sizeof(*domids));
	size_t n = 0;

	for (size_t i = 0; domids && i < batch->n_started; i++)
		if (batch->jobs[i].state == JOB_FAILED && batch->jobs[i].shell.domid)
			domids[n++] = batch->jobs[i].shell.domid;
	if (domids && userdata_mark_recent(domids, n) < 0)
		log_info(batch->env.host->log, "libxl's list of recent domains is as it was");
}

/* What was taken back may have been the first on this host, and have brought the folders that go
 * with the last. */
static void end(struct batch *batch)
{
	if (batch->ending)
		return;
	batch->ending = true;
	mark_recent(batch);
	batch->phase_start_us = loop_now_us(batch->env.host->loop);
	if (batch->n_failed)
		begin_sweep(batch);
	else
		loop_stop(batch->env.host->loop, 0);
}

/* Whoever is on his way must be in the journal before the store hears of him. A build may take
 * long: the tick sees to it that the time is noticed. */
static void pace_store(struct batch *batch)
{
	struct storeclient *store = batch->env.host->store;
	bool busy = !batch->stopping && worker_pool_is_busy(batch->env.pool);
	bool hold = pace_hold(&batch->pace, storeclient_unsent(store), busy,
			      loop_now_us(batch->env.host->loop));

	storeclient_hold(store, hold);
	if (!hold)
		journal_flush(batch->env.journal);
}

/* If the host is short of something, the tick comes back here. */
static bool may_start(struct batch *batch)
{
	const struct guestcfg *config = batch->plan->domains[batch->n_started].config;
	const struct room_promised promised = { .kib = batch->promised_kib,
						.n_domains = batch->n_in_flight };
	enum room_what missing;

	if (batch->n_in_flight >= batch->flow.limit || !worker_pool_has_room(batch->env.pool))
		return false;
	missing = room_for(&batch->room, config->memory_mib * 1024, &promised,
			   loop_now_us(batch->env.host->loop));
	report_held(batch->env.report, room_name(missing));
	return missing == ROOM_ENOUGH;
}

/* The end of every turn. */
static void on_turn(void *ctx)
{
	struct batch *batch = ctx;
	bool more = !batch->stopping && batch->n_started < batch->plan->n_domains;

	if (!batch->begun)
		return;
	if (!more && !batch->n_in_flight) {
		end(batch);
	} else if (more && may_start(batch)) {
		start_one(batch);
		loop_again(batch->env.host->loop);
	}
	pace_store(batch);
	report_flush(batch->env.report);
}

/* --- what the store and the clock say --- */

static void on_event(void *ctx, const char *path, const char *text)
{
	struct batch *batch = ctx;
	struct tokens token;

	(void)path;
	if (tokens_parse(&token, text) && token.id < batch->n_started)
		job_event(&batch->jobs[token.id], &token);
}

static void on_connected(void *ctx)
{
	struct batch *batch = ctx;
	struct job *job, *next;

	log_info(batch->env.host->log, "the store is back");
	for (job = TAILQ_FIRST(&batch->active); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job_reconnected(job);
	}
	if (batch->sweep_again)
		begin_sweep(batch);
}

static void on_disconnected(void *ctx, int error)
{
	struct batch *batch = ctx;

	log_warning(batch->env.host->log, "no connection to the store: %s", strerror(-error));
}

/* Before the first domain and after the last one nobody else looks at the clock. */
static void check_own_time(struct batch *batch, uint64_t now_us)
{
	if (now_us <= batch->phase_start_us + batch->env.timeout_us)
		return;
	if (!batch->begun) {
		log_error(batch->env.host->log, "the store daemon does not answer");
		refuse(batch);
	} else if (batch->ending) {
		loop_stop(batch->env.host->loop, 0);
	}
}

/* To how long the daemons take. */
static void adapt(struct batch *batch, uint64_t now_us)
{
	uint64_t store_us = storeclient_latency_us(batch->env.host->store), console_us = 0;
	const struct job *job;
	enum flow_why why;

	TAILQ_FOREACH (job, &batch->active, link)
		if (job->stage == STAGE_CONSOLE && job->state == JOB_RUNNING &&
		    now_us > job->stage_start_us + console_us)
			console_us = now_us - job->stage_start_us;
	why = flow_tick(&batch->flow, store_us, console_us, now_us);
	if (why != FLOW_WELL)
		report_slower(batch->env.report, batch->flow.limit, flow_why_name(why), now_us);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct batch *batch = ctx;
	uint64_t now_us = loop_now_us(batch->env.host->loop);
	struct job *job, *next;
	bool hangs = false;

	(void)fd, (void)what;
	adapt(batch, now_us);
	for (job = TAILQ_FIRST(&batch->active); job; job = next) {
		next = TAILQ_NEXT(job, link);
		hangs |= job_check_time(job, now_us);
	}
	if (hangs)
		storeclient_drop(batch->env.host->store);
	check_own_time(batch, now_us);
	report_tick(batch->env.report, now_us, batch->n_in_flight);
}

static void on_signal(evutil_socket_t number, short what, void *ctx)
{
	struct batch *batch = ctx;
	struct job *job, *next;

	(void)number, (void)what;
	if (batch->stopping) {
		log_error(batch->env.host->log, "ended with %zu domains on their way",
			  batch->n_in_flight);
		loop_stop(batch->env.host->loop, 0);
		return;
	}
	stop_starting(batch);
	for (job = TAILQ_FIRST(&batch->active); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job_cancel(job, -ECANCELED, "interrupted");
	}
}

/* --- before the first domain --- */

static void on_admitted(void *ctx, int error)
{
	struct batch *batch = ctx;

	if (batch->env.closing)
		return;
	if (error) {
		refuse(batch);
		return;
	}
	batch->begun = true;
	loop_again(batch->env.host->loop);
}

static void on_ready(void *ctx, int error)
{
	struct batch *batch = ctx;
	struct handles *host = batch->env.host;

	batch->env.unplug = (struct unplug_env){
		.store = host->store,
		.scripts = batch->env.scripts,
		.xch = host->xch,
		.log = host->log,
		.closing = &batch->env.closing,
	};
	if (!error)
		error = admit_new(&batch->admit, host, batch->plan, batch->options->journal,
				  on_admitted, batch);
	else
		log_error(host->log, "the store daemon does not answer");
	if (error)
		refuse(batch);
}

void batch_hold_signals(bool hold)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &ours, NULL);
}

static int set_up_events(struct batch *batch)
{
	struct event_base *base = loop_base(batch->env.host->loop);
	struct timeval tick = { .tv_usec = TICK_MS * 1000 };

	batch->turn = (struct loop_hook){ .fn = on_turn, .ctx = batch };
	loop_turn_hook(batch->env.host->loop, &batch->turn);
	batch->tick = event_new(base, -1, EV_PERSIST, on_tick, batch);
	batch->interrupt = evsignal_new(base, SIGINT, on_signal, batch);
	batch->terminate = evsignal_new(base, SIGTERM, on_signal, batch);
	if (!batch->tick || !batch->interrupt || !batch->terminate)
		return -ENOMEM;
	if (event_add(batch->tick, &tick) < 0 || event_add(batch->interrupt, NULL) < 0 ||
	    event_add(batch->terminate, NULL) < 0)
		return -ENOMEM;
	batch_hold_signals(false);
	return 0;
}

static int set_up(struct batch *batch, struct handles *host, struct guestcfg *const *configs)
{
	static const struct storeclient_handlers handlers = {
		.event = on_event,
		.connected = on_connected,
		.disconnected = on_disconnected,
	};
	const struct batch_options *options = batch->options;
	struct report_options report = {
		.doing = "created",
		.json = options->json,
		.progress = options->progress,
		.quiet = options->quiet,
		.timings_path = options->timings_path,
		.n_wanted = batch->plan->n_domains,
		.start_us = loop_now_us(host->loop),
	};
	int r;

	batch->env = (struct job_env){
		.host = host,
		.journal = options->journal,
		.wait = options->wait,
		.paused = options->paused,
		.place = options->place,
		.ready_node = options->ready_node,
		.timeout_us = options->timeout_ms * 1000,
		.finished = on_finished,
		.ctx = batch,
	};
	batch->phase_start_us = report.start_us;
	flow_init(&batch->flow, options->n_workers * 2 + 2, options->max_in_flight);
	batch->room = (struct room){
		.xch = host->xch,
		.n_ports = options->n_ports,
		.n_reserved = FORECAST_RESERVED_PORTS,
		.patience_us = batch->env.timeout_us,
	};
	TAILQ_INIT(&batch->active);
	batch->jobs = calloc(batch->plan->n_domains, sizeof(batch->jobs[0]));
	if (!batch->jobs)
		return -ENOMEM;
	r = report_new(&batch->env.report, &report);
	if (r < 0) {
		log_error(host->log, "%s: %s", options->timings_path, strerror(-r));
		return r;
	}
	/* Workers are forked before there is a connection that they would inherit. */
	r = worker_pool_new(&batch->env.pool, host->loop, options->n_workers, configs, host->log,
			    on_worker_done, batch);
	if (!r)
		r = proof_new(&batch->env.proof, options->prove, log_xtl(host->log));
	if (!r)
		r = scripts_new(&batch->env.scripts, host->loop, options->max_scripts);
	if (!r)
		r = set_up_events(batch);
	if (!r)
		r = handles_connect(host, &handlers, on_ready, batch);
	return r;
}

static void tear_down(struct batch *batch)
{
	if (batch->turn.fn)
		loop_turn_unhook(batch->env.host->loop, &batch->turn);
	if (batch->tick)
		event_free(batch->tick);
	if (batch->interrupt)
		event_free(batch->interrupt);
	if (batch->terminate)
		event_free(batch->terminate);
	batch->env.closing = true;
	handles_disconnect(batch->env.host);
	scripts_free(batch->env.scripts);
	for (size_t i = 0; batch->jobs && i < batch->n_started; i++)
		job_deinit(&batch->jobs[i]);
	worker_pool_free(batch->env.pool);
	sweep_free(batch->sweep);
	admit_free(batch->admit);
	report_free(batch->env.report);
	proof_free(batch->env.proof);
	tree_deinit(&batch->env.tree);
	free(batch->jobs);
}

enum batch_outcome batch_run(struct handles *host, struct plan *plan,
			     struct guestcfg *const *configs, const struct batch_options *options)
{
	struct batch batch = { .options = options, .plan = plan };
	enum batch_outcome outcome = BATCH_REFUSED;
	int r = set_up(&batch, host, configs);

	if (!r)
		r = loop_run(host->loop);
	if (r < 0)
		log_error(host->log, "%s", strerror(-r));
	if (!r && !batch.refused) {
		/* The workers' CPU time counts once they have ended. */
		worker_pool_free(STEAL(batch.env.pool));
		report_end(batch.env.report, loop_now_us(host->loop));
		outcome = batch.n_failed || batch.n_started < plan->n_domains ? BATCH_SOME
									      : BATCH_ALL;
	}
	recover_leave(batch.env.journal, batch.n_in_flight + batch.n_unclean,
		      batch.n_failed || batch.n_started < plan->n_domains, host->log);
	tear_down(&batch);
	return outcome;
}
