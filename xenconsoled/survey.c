/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XEN_SYSCTL_getdomaininfolist in pieces: each gives the domains from a number up. */
#include "survey.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "domaininfo.h"
#include "log.h"
#include "loop.h"
#include "server.h"

#define CHUNK 1024
/* Looks at all domains take at most one part in so many of our time. */
#define SHARE		20
#define FAILED_PAUSE_US 1000000

struct survey {
	struct server *server;			/* borrowed: outlives us */
	const struct survey_handlers *handlers; /* borrowed: see survey_new() */
	void *ctx;
	bool births_due, all_due;
	bool done;
	uint64_t next_us; /* the next look at all is not earlier */
	struct event *timer;
	xc_domaininfo_t infos[CHUNK];
};

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx; /* survey_turn() comes with the end of this turn */
}

int survey_new(struct survey **out, struct server *server, const struct survey_handlers *handlers,
	       void *ctx)
{
	CLEANUP(survey_free) struct survey *survey = calloc(1, sizeof(*survey));

	if (!survey)
		return -ENOMEM;
	survey->server = server;
	survey->handlers = handlers;
	survey->ctx = ctx;
	survey->timer = evtimer_new(loop_base(server->loop), on_timer, survey);
	if (!survey->timer)
		return -ENOMEM;
	*out = STEAL(survey);
	return 0;
}

void survey_free(struct survey *survey)
{
	if (!survey)
		return;
	if (survey->timer)
		event_free(survey->timer);
	free(survey);
}

static void tell(struct survey *survey, const xc_domaininfo_t *listed)
{
	struct domaininfo info = {
		.is_dying = listed->flags & XEN_DOMINF_dying,
		.is_shutdown = listed->flags & XEN_DOMINF_shutdown,
	};

	memcpy(info.handle, listed->handle, sizeof(info.handle));
	survey->handlers->found(survey->ctx, listed->domain, &info);
}

/* Tells all domains from @first up. Return: how many, or a negative errno after none or some. */
static int list_from(struct survey *survey, uint32_t first)
{
	int n, total = 0;

	do {
		n = xc_domain_getinfolist(survey->server->xc, first, CHUNK, survey->infos);
		if (n < 0)
			return -errno;
		for (int i = 0; i < n; i++)
			tell(survey, &survey->infos[i]);
		total += n;
		if (n)
			first = survey->infos[n - 1].domain + 1;
	} while (n == CHUNK && first < DOMID_FIRST_RESERVED);
	return total;
}

void survey_one(struct survey *survey, uint32_t domid)
{
	struct domaininfo info;
	int r = domaininfo_get(&info, survey->server->xc, domid);

	if (r == -ESRCH)
		survey->handlers->missing(survey->ctx, domid);
	else if (r < 0)
		survey->all_due = true;
	else
		survey->handlers->found(survey->ctx, domid, &info);
}

void survey_expect_births(struct survey *survey)
{
	survey->births_due = true;
}

void survey_expect_deaths(struct survey *survey)
{
	survey->all_due = true;
}

static void list_births(struct survey *survey)
{
	survey->births_due = false;
	/* Nobody new up there: a number chosen by hand, or the count has begun anew. */
	if (!survey->done || list_from(survey, survey->handlers->top(survey->ctx) + 1) <= 0)
		survey->all_due = true;
}

static void list_all(struct survey *survey)
{
	uint64_t begin_us = clock_us();
	int r;

	survey->all_due = false;
	survey->server->totals.n_scans++;
	r = list_from(survey, 1);
	if (r < 0) {
		log_error(survey->server->log, "cannot list domains: %s", strerror(-r));
		survey->all_due = true;
		survey->next_us = begin_us + FAILED_PAUSE_US;
		return;
	}
	survey->next_us = begin_us + SHARE * (clock_us() - begin_us);
	survey->done = true;
	survey->handlers->complete(survey->ctx);
}

void survey_turn(struct survey *survey)
{
	uint64_t now_us;
	struct timeval wait;

	if (survey->births_due)
		list_births(survey);
	if (!survey->all_due || evtimer_pending(survey->timer, NULL))
		return;
	now_us = clock_us();
	if (now_us >= survey->next_us) {
		list_all(survey);
		if (!survey->all_due)
			return;
	}
	wait.tv_sec = (time_t)((survey->next_us - now_us) / 1000000);
	wait.tv_usec = (suseconds_t)((survey->next_us - now_us) % 1000000);
	event_add(survey->timer, &wait);
}

bool survey_is_done(const struct survey *survey)
{
	return survey->done;
}
