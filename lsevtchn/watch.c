/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two things make a new census: the clock, which looks at every table, and the store's word that a
 * domain has come or gone, which looks only at what is new and at domain 0, so that a burst of
 * births on a host of thousands costs what it brings. Words that come close together count once. A
 * store that does not answer holds nothing up: names are asked for with a limit of time, and the
 * view goes on without them.
 */
#include "watch.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "act.h"
#include "audit.h"
#include "census.h"
#include "cmdline.h"
#include "hyper.h"
#include "log.h"
#include "lookup.h"
#include "loop.h"
#include "paint.h"
#include "policy.h"
#include "run.h"
#include "show.h"
#include "storeclient.h"
#include "survey.h"

#define SETTLE_MS 200
#define NAMES_MS  2000

struct watch {
	const struct cmdline *cmdline; /* borrowed */
	struct hyper *hyper;	       /* borrowed */
	struct log *log;	       /* borrowed */
	struct policy *policy;	       /* owned */
	struct loop *loop;	       /* owned */
	struct storeclient *client;    /* owned; NULL with --no-names */
	struct lookup *lookup;	       /* owned; while the store is being asked */
	struct leak_ages *ages;	       /* owned */
	struct event *tick;	       /* owned: the clock */
	struct event *settle;	       /* owned: a moment after the store's word */
	struct event *late;	       /* owned: the store takes too long */
	struct event *signals[3];      /* owned */
	struct census census;
	bool whole; /* the census being made looks at every table */
	bool again; /* something happened meanwhile */
	bool ready; /* the service manager knows that we work */
	bool on_terminal;
	bool with_time; /* text, one view after the other */
};

static void begin(struct watch *watch, bool whole);

/* Lines that fit the terminal, from the top; the cursor stays below them. */
static int draw(struct watch *watch, const struct finding_list *findings)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	struct paint screen;
	FILE *to = open_memstream(&text, &len);
	struct cmdline cmdline = *watch->cmdline;
	unsigned int n = 0;
	int r;

	if (!to)
		return -ENOMEM;
	paint_init(&screen, stdout, cmdline.colour);
	/* The memory stream is no terminal; what is drawn ends on one. */
	cmdline.colour = screen.colour ? PAINT_ALWAYS : PAINT_NEVER;
	r = show_census(to, &cmdline, &watch->census, findings, watch->policy, time(NULL));
	if (fclose(to) == EOF)
		return -ENOMEM;
	if (r < 0)
		return r;
	fputs("\033[H", stdout);
	for (char *line = text; *line && (!screen.height || n + 1 < screen.height); n++) {
		char *end = strchr(line, '\n');

		fprintf(stdout, "%.*s\033[K\n", (int)(end ? end - line : (long)strlen(line)), line);
		line = end ? end + 1 : line + strlen(line);
	}
	fputs("\033[J", stdout);
	return fflush(stdout) == EOF ? -EIO : 0;
}

/* One view after the other in a file: when was this? */
static void print_time(void)
{
	char text[32];
	time_t now = time(NULL);
	struct tm fields;

	if (localtime_r(&now, &fields) && strftime(text, sizeof(text), "%F %T", &fields))
		printf("\n%s\n", text);
}

static void tell(struct watch *watch)
{
	const struct scan_source source = hyper_source(watch->hyper);
	uint64_t now_ms = loop_now_ms(watch->loop);
	struct finding_list findings = { 0 };
	int r = leak_ages_update(watch->ages, &watch->census, now_ms);

	if (r == 0)
		r = run_findings(&findings, watch->cmdline, &watch->census, watch->policy, &source,
				 watch->ages, now_ms);
	if (r == 0 && watch->with_time)
		print_time();
	if (r == 0)
		r = watch->on_terminal ? draw(watch, &findings)
				       : show_census_out(watch->cmdline, &watch->census, &findings,
							 watch->policy, time(NULL));
	if (r == 0 && watch->cmdline->act)
		act_on(&findings, &watch->census, watch->policy, watch->hyper,
		       watch->client && storeclient_is_connected(watch->client) ? watch->client
										: NULL,
		       watch->log, watch->cmdline->dry_run);
	finding_deinit(&findings);
	if (r == -EIO || r == -EPIPE)
		loop_stop(watch->loop, RUN_UNKNOWN);
	if (r < 0)
		log_error(watch->log, "nothing could be shown: %s", strerror(-r));
	else if (!watch->ready)
		sd_notify(0, "READY=1");
	watch->ready |= r == 0;
	if (r == 0)
		sd_notify(0, "WATCHDOG=1");
}

/* Names are there, or as good as they get: now the tables. */
static void finish(struct watch *watch)
{
	const struct scan_source source = hyper_source(watch->hyper);

	event_del(watch->late);
	lookup_free(watch->lookup);
	watch->lookup = NULL;
	if (watch->whole) {
		census_scan(&watch->census, &source);
	} else {
		for (size_t i = 0; i < watch->census.n_domains; i++) {
			struct census_domain *domain = &watch->census.domains[i];

			if (!domain->domid || !domain->scan.n_valid)
				census_scan_domain(domain, &source);
		}
		census_link(&watch->census);
	}
	tell(watch);
	if (watch->again) {
		watch->again = false;
		begin(watch, false);
	}
}

static void names_are_here(void *ctx, int error)
{
	struct watch *watch = ctx;

	(void)error;
	/* Not from within the lookup's own callback. */
	event_active(watch->late, EV_TIMEOUT, 0);
}

static void on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *watch = ctx;

	(void)fd, (void)what;
	if (watch->lookup)
		finish(watch);
}

static void begin(struct watch *watch, bool whole)
{
	const struct survey_options options = { .names = false, .caps = true };
	const struct timeval limit = { NAMES_MS / 1000, NAMES_MS % 1000 * 1000 };
	struct census fresh = { 0 };
	int r;

	if (watch->lookup) {
		watch->again = true;
		watch->whole |= whole;
		return;
	}
	r = survey_list(watch->hyper, &fresh, &options);
	if (r < 0) {
		log_error(watch->log, "domains cannot be listed: %s", strerror(-r));
		census_deinit(&fresh);
		return;
	}
	census_carry(&fresh, &watch->census);
	census_deinit(&watch->census);
	watch->census = fresh;
	watch->whole = whole;
	if (watch->client && storeclient_is_connected(watch->client))
		lookup_start(&watch->lookup, watch->client, &watch->census, names_are_here, watch);
	if (watch->lookup && !lookup_is_done(watch->lookup))
		event_add(watch->late, &limit);
	else
		finish(watch);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	begin(ctx, true);
}

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	begin(ctx, false);
}

static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *watch = ctx;

	(void)what;
	if (fd == SIGWINCH)
		begin(watch, false);
	else
		loop_stop(watch->loop, RUN_FINE);
}

static void on_store_event(void *ctx, const char *path, const char *token)
{
	const struct timeval settle = { 0, SETTLE_MS * 1000 };
	struct watch *watch = ctx;

	(void)path, (void)token;
	/* Not put off by what comes after. */
	if (!event_pending(watch->settle, EV_TIMEOUT, NULL))
		event_add(watch->settle, &settle);
}

static void on_connected(void *ctx)
{
	struct watch *watch = ctx;

	storeclient_watch(watch->client, "@introduceDomain", "birth", NULL, NULL);
	storeclient_watch(watch->client, "@releaseDomain", "death", NULL, NULL);
}

static int set_up(struct watch *watch)
{
	static const struct storeclient_handlers handlers = {
		.event = on_store_event,
		.connected = on_connected,
	};
	static const int signals[] = { SIGINT, SIGTERM, SIGWINCH };
	const struct timeval period = { watch->cmdline->watch_s, 0 };
	struct event_base *base;
	int r = loop_new(&watch->loop);

	if (r < 0)
		return r;
	base = loop_base(watch->loop);
	watch->tick = event_new(base, -1, EV_PERSIST, on_tick, watch);
	watch->settle = evtimer_new(base, on_settle, watch);
	watch->late = evtimer_new(base, on_late, watch);
	if (!watch->tick || !watch->settle || !watch->late || event_add(watch->tick, &period) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		watch->signals[i] = evsignal_new(base, signals[i], on_signal, watch);
		if (!watch->signals[i] || event_add(watch->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	r = leak_ages_new(&watch->ages);
	if (r == 0 && !watch->cmdline->no_names)
		r = storeclient_new(&watch->client, watch->loop, NULL, &handlers, watch);
	return r;
}

static void tear_down(struct watch *watch)
{
	lookup_free(watch->lookup);
	storeclient_free(watch->client);
	leak_ages_free(watch->ages);
	for (size_t i = 0; i < sizeof(watch->signals) / sizeof(watch->signals[0]); i++)
		if (watch->signals[i])
			event_free(watch->signals[i]);
	if (watch->tick)
		event_free(watch->tick);
	if (watch->settle)
		event_free(watch->settle);
	if (watch->late)
		event_free(watch->late);
	loop_free(watch->loop);
	census_deinit(&watch->census);
	policy_free(watch->policy);
}

int watch_run(const struct cmdline *cmdline, struct hyper *hyper, struct log *log)
{
	struct watch watch = { .cmdline = cmdline, .hyper = hyper, .log = log };
	int status = RUN_UNKNOWN, r;

	watch.on_terminal = cmdline->format == CMDLINE_TEXT && !cmdline->output &&
			    isatty(STDOUT_FILENO);
	watch.with_time = cmdline->format == CMDLINE_TEXT && !cmdline->output && !watch.on_terminal;
	r = run_policy(&watch.policy, cmdline, log);
	if (r == 0)
		r = set_up(&watch);
	if (r == 0) {
		if (watch.on_terminal)
			fputs("\033[?25l\033[2J", stdout);
		begin(&watch, true);
		status = loop_run(watch.loop);
		if (watch.on_terminal)
			fputs("\033[?25h", stdout);
	}
	tear_down(&watch);
	return status < 0 ? RUN_UNKNOWN : status;
}
