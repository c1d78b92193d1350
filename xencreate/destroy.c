/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chooses the victims, keeps a bounded number of them on their way. A domain is only really gone
 * when both daemons have let go of its rings: that is waited for once, for all together.
 */
#include "destroy.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "handles.h"
#include "log.h"
#include "loop.h"
#include "names.h"
#include "report.h"
#include "scripts.h"
#include "shell.h"
#include "sweep.h"
#include "targets.h"
#include "tokens.h"
#include "userdata.h"
#include "victim.h"
#include "worker.h"

#define TICK_MS	      50
#define LINGER_MAX_US 10000000 /* how long a destroyed domain may stay listed */

enum phase {
	PHASE_LISTING,
	PHASE_DESTROYING,
	PHASE_LINGERING, /* until the hypervisor lists none of them any more */
	PHASE_SWEEPING,
};

struct destroy {
	const struct destroy_request *request; /* borrowed: the caller's, like the options */
	const struct batch_options *options;
	struct victim_env env;
	struct names *names;
	struct scripts *scripts;
	struct report *report;
	struct sweep *sweep;
	struct victim *victims; /* owned; in rising order of domids */
	size_t n_victims, n_started, n_in_flight, n_failed;
	enum phase phase;
	uint64_t linger_since_us, phase_start_us;
	bool stopping, refused;
	bool sweep_again; /* when the store is back */
	struct loop_hook turn;
	struct event *tick, *interrupt, *terminate;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void refuse(struct destroy *destroy)
{
	destroy->refused = true;
	loop_stop(destroy->env.host->loop, 0);
}

/* --- all of them --- */

static void on_finished(void *ctx, struct victim *victim)
{
	struct destroy *destroy = ctx;
	struct report_domain domain = {
		.name = victim->label,
		.uuid = victim->uuid_text,
		.domid = victim->entry->domid,
		.start_us = victim->start_us,
		.end_us = victim->end_us,
		.clean = !victim->unclean,
		.error = victim->message[0] ? victim->message : NULL,
	};

	destroy->n_failed += !!domain.error;
	report_domain(destroy->report, &domain);
	destroy->n_in_flight--;
	loop_again(destroy->env.host->loop);
}

static void on_worker_done(void *ctx, const struct worker_result *result)
{
	struct destroy *destroy = ctx;

	victim_result(&destroy->victims[result->id], result);
}

static const struct victim *victim_of_info(const struct destroy *destroy, size_t *at,
					   const xc_domaininfo_t *info)
{
	const struct victim *victim;

	/* Ghosts stand behind all others. */
	while (*at < destroy->n_started && !destroy->victims[*at].ghost &&
	       destroy->victims[*at].entry->domid < info->domain)
		++*at;
	if (*at == destroy->n_started || destroy->victims[*at].ghost)
		return NULL;
	victim = &destroy->victims[*at];
	if (victim->entry->domid != info->domain || memcmp(victim->entry->uuid, info->handle, 16) ||
	    victim->message[0])
		return NULL;
	return victim;
}

struct lingering {
	struct destroy *destroy;
	bool name_them;
	size_t n, at;
};

static int on_listed(void *ctx, const struct xen_domctl_getdomaininfo *info)
{
	struct lingering *lingering = ctx;
	const struct victim *victim = victim_of_info(lingering->destroy, &lingering->at, info);

	if (!victim)
		return 0;
	lingering->n++;
	if (lingering->name_them)
		log_error(lingering->destroy->env.host->log,
			  "%s (%" PRIu32 ") is destroyed, but somebody holds its memory",
			  victim->label, victim->entry->domid);
	return 0;
}

/* How many of the destroyed does the hypervisor still list? With @name_them, they count as failed.
 */
static size_t count_lingering(struct destroy *destroy, bool name_them)
{
	struct lingering lingering = { .destroy = destroy, .name_them = name_them };

	(void)shell_each(destroy->env.host->xch, on_listed, &lingering);
	return lingering.n;
}

/* libxl shall not use their numbers again at once. */
static void mark_recent(const struct destroy *destroy)
{
	CLEANUP(free) uint32_t *domids = calloc(destroy->n_started + 1, sizeof(*domids));
	size_t n = 0;
	int r = domids ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < destroy->n_started; i++)
		if (!destroy->victims[i].ghost && !destroy->victims[i].message[0])
			domids[n++] = destroy->victims[i].entry->domid;
	if (!r)
		r = userdata_mark_recent(domids, n);
	if (r < 0)
		log_warning(destroy->env.host->log, "libxl's list of recent domains: %s",
			    strerror(-r));
}

static void on_swept(void *ctx, int error)
{
	struct destroy *destroy = ctx;

	if (destroy->env.closing)
		return;
	if (error)
		destroy->sweep_again = true;
	else
		loop_stop(destroy->env.host->loop, 0);
}

static void begin_sweep(struct destroy *destroy)
{
	struct handles *host = destroy->env.host;
	int r;

	sweep_free(STEAL(destroy->sweep));
	r = sweep_new(&destroy->sweep, host->store, host->console_domid, on_swept, destroy);
	destroy->sweep_again = r == -ENOTCONN;
	if (r < 0 && r != -ENOTCONN)
		loop_stop(host->loop, 0);
}

static void check_lingering(struct destroy *destroy)
{
	bool give_up = now_us() > destroy->linger_since_us + LINGER_MAX_US;
	size_t n_lingering = count_lingering(destroy, give_up);

	if (n_lingering && !give_up)
		return;
	destroy->n_failed += n_lingering;
	destroy->phase = PHASE_SWEEPING;
	destroy->phase_start_us = now_us();
	mark_recent(destroy);
	begin_sweep(destroy);
}

/* The end of every turn. */
static void on_turn(void *ctx)
{
	struct destroy *destroy = ctx;

	if (destroy->phase != PHASE_DESTROYING)
		return;
	report_flush(destroy->report);
	while (!destroy->stopping && destroy->n_started < destroy->n_victims &&
	       destroy->n_in_flight < destroy->options->max_in_flight) {
		destroy->n_in_flight++;
		victim_start(&destroy->victims[destroy->n_started++]);
	}
	if (destroy->n_in_flight || (!destroy->stopping && destroy->n_started < destroy->n_victims))
		return;
	destroy->phase = PHASE_LINGERING;
	destroy->linger_since_us = now_us();
	check_lingering(destroy);
}

/* A store that does not answer shall not keep us for ever. */
static void check_time(struct destroy *destroy)
{
	uint64_t now = now_us(), timeout_us = destroy->options->timeout_ms * 1000;
	bool hangs = false;

	if (destroy->phase == PHASE_DESTROYING) {
		for (size_t i = 0; i < destroy->n_started; i++)
			hangs |= victim_check_time(&destroy->victims[i], now, timeout_us);
		if (hangs)
			storeclient_drop(destroy->env.host->store);
	} else if (now > destroy->phase_start_us + timeout_us) {
		if (destroy->phase == PHASE_LISTING) {
			log_error(destroy->env.host->log, "the store daemon does not answer");
			refuse(destroy);
		} else if (destroy->phase == PHASE_SWEEPING) {
			loop_stop(destroy->env.host->loop, 0);
		}
	}
}

static void on_connected(void *ctx)
{
	struct destroy *destroy = ctx;

	for (size_t i = 0; i < destroy->n_started; i++)
		victim_reconnected(&destroy->victims[i]);
	if (destroy->sweep_again)
		begin_sweep(destroy);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct destroy *destroy = ctx;

	(void)fd, (void)what;
	if (destroy->phase == PHASE_LINGERING)
		check_lingering(destroy);
	check_time(destroy);
	if (destroy->report)
		report_tick(destroy->report, now_us(), destroy->n_in_flight);
}

static void on_signal(evutil_socket_t number, short what, void *ctx)
{
	struct destroy *destroy = ctx;

	(void)number, (void)what;
	if (destroy->stopping)
		loop_stop(destroy->env.host->loop, 0);
	destroy->stopping = true;
}

static int choose(struct destroy *destroy)
{
	struct targets targets = { 0 };
	int r = targets_choose(&targets, destroy->request, destroy->names, destroy->env.host->log);

	destroy->victims = calloc(targets.n + 1, sizeof(destroy->victims[0]));
	if (!r && !destroy->victims)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < targets.n; i++)
		victim_init(&destroy->victims[destroy->n_victims++], &destroy->env,
			    targets.all[i].entry, (uint32_t)i, targets.all[i].ghost);
	free(targets.all);
	return r;
}

static int make_report(struct destroy *destroy)
{
	struct report_options options = {
		.doing = "destroyed",
		.json = destroy->options->json,
		.progress = destroy->options->progress,
		.quiet = destroy->options->quiet,
		.timings_path = destroy->options->timings_path,
		.n_wanted = destroy->n_victims,
		.start_us = now_us(),
	};
	int r = report_new(&destroy->report, &options);

	if (r < 0)
		log_error(destroy->env.host->log, "%s: %s",
			  options.timings_path ? options.timings_path : "report", strerror(-r));
	return r;
}

static void on_names(void *ctx, int error)
{
	struct destroy *destroy = ctx;

	if (destroy->env.closing)
		return;
	if (error)
		log_error(destroy->env.host->log,
			  "the names of the host's domains cannot be read: %s", strerror(-error));
	if (error || choose(destroy) < 0 || make_report(destroy) < 0) {
		refuse(destroy);
		return;
	}
	destroy->phase = PHASE_DESTROYING;
	loop_again(destroy->env.host->loop);
}

static void on_ready(void *ctx, int error)
{
	struct destroy *destroy = ctx;

	destroy->env.unplug = (struct unplug_env){
		.store = destroy->env.host->store,
		.scripts = destroy->scripts,
		.xch = destroy->env.host->xch,
		.log = destroy->env.host->log,
		.closing = &destroy->env.closing,
	};
	if (!error)
		error = names_new(&destroy->names, destroy->env.host->xch, destroy->env.host->store,
				  on_names, destroy);
	else
		log_error(destroy->env.host->log, "the store daemon does not answer");
	if (error)
		refuse(destroy);
}

static void on_event(void *ctx, const char *path, const char *text)
{
	struct destroy *destroy = ctx;
	struct tokens token;

	(void)path;
	if (tokens_parse(&token, text) && token.kind == TOKENS_UNPLUG &&
	    token.id < destroy->n_started)
		victim_event(&destroy->victims[token.id], token.index);
}

static int set_up_events(struct destroy *destroy)
{
	struct loop *loop = destroy->env.host->loop;
	struct timeval tick = { .tv_usec = TICK_MS * 1000 };

	destroy->turn = (struct loop_hook){ .fn = on_turn, .ctx = destroy };
	loop_turn_hook(loop, &destroy->turn);
	destroy->tick = event_new(loop_base(loop), -1, EV_PERSIST, on_tick, destroy);
	destroy->interrupt = evsignal_new(loop_base(loop), SIGINT, on_signal, destroy);
	destroy->terminate = evsignal_new(loop_base(loop), SIGTERM, on_signal, destroy);
	if (!destroy->tick || !destroy->interrupt || !destroy->terminate)
		return -ENOMEM;
	if (event_add(destroy->tick, &tick) < 0 || event_add(destroy->interrupt, NULL) < 0 ||
	    event_add(destroy->terminate, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static void tear_down(struct destroy *destroy)
{
	if (destroy->turn.fn)
		loop_turn_unhook(destroy->env.host->loop, &destroy->turn);
	if (destroy->tick)
		event_free(destroy->tick);
	if (destroy->interrupt)
		event_free(destroy->interrupt);
	if (destroy->terminate)
		event_free(destroy->terminate);
	destroy->env.closing = true;
	handles_disconnect(destroy->env.host);
	scripts_free(destroy->scripts);
	for (size_t i = 0; i < destroy->n_victims; i++)
		unplug_deinit(&destroy->victims[i].unplug);
	worker_pool_free(destroy->env.pool);
	sweep_free(destroy->sweep);
	report_free(destroy->report);
	free(destroy->victims);
	names_free(destroy->names);
	tree_deinit(&destroy->env.tree);
}

enum batch_outcome destroy_run(struct handles *host, const struct destroy_request *request,
			       const struct batch_options *options)
{
	static const struct storeclient_handlers handlers = {
		.event = on_event,
		.connected = on_connected,
	};
	struct destroy destroy = {
		.request = request,
		.options = options,
		.env = { .host = host, .finished = on_finished, .ctx = &destroy },
		.phase_start_us = now_us(),
	};
	enum batch_outcome outcome = BATCH_REFUSED;
	int r = worker_pool_new(&destroy.env.pool, host->loop, options->n_workers, NULL, host->log,
				on_worker_done, &destroy);

	if (!r)
		r = set_up_events(&destroy);
	if (!r)
		r = scripts_new(&destroy.scripts, host->loop, options->max_scripts);
	if (!r)
		r = handles_connect(host, &handlers, on_ready, &destroy);
	if (!r)
		r = loop_run(host->loop);
	if (r < 0)
		log_error(host->log, "%s", strerror(-r));
	if (!r && !destroy.refused) {
		/* The workers' CPU time counts once they have ended. */
		worker_pool_free(STEAL(destroy.env.pool));
		report_end(destroy.report, now_us());
		outcome = destroy.n_failed || destroy.n_started < destroy.n_victims ? BATCH_SOME
										    : BATCH_ALL;
	}
	tear_down(&destroy);
	return outcome;
}
