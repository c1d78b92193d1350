/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list and one timer for the domain that is due first. */
#include "retry.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/queue.h>

#include "domain.h"
#include "domains.h"
#include "loop.h"
#include "server.h"

#define FIRST_MS 1000
#define MAX_MS	 60000

struct retry {
	struct server *server;	      /* borrowed: outlives us */
	TAILQ_HEAD(, domain) domains; /* borrowed: stopped before they go */
	struct event *timer;
};

static void arm(struct retry *retry)
{
	uint64_t now_ms = loop_now_ms(retry->server->loop), first_ms = UINT64_MAX;
	struct domain *domain;
	struct timeval wait;

	TAILQ_FOREACH (domain, &retry->domains, retrying)
		if (domain->retry_ms < first_ms)
			first_ms = domain->retry_ms;
	if (first_ms == UINT64_MAX)
		return;
	first_ms = first_ms > now_ms ? first_ms - now_ms : 1;
	wait.tv_sec = (time_t)(first_ms / 1000);
	wait.tv_usec = (suseconds_t)(first_ms % 1000 * 1000);
	event_add(retry->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct retry *retry = ctx;
	uint64_t now_ms = loop_now_ms(retry->server->loop);
	struct domain *domain, *next;

	(void)fd, (void)what;
	for (domain = TAILQ_FIRST(&retry->domains); domain; domain = next) {
		next = TAILQ_NEXT(domain, retrying);
		if (domain->retry_ms > now_ms)
			continue;
		retry_stop(retry, domain);
		domains_mark_dirty(retry->server->domains, domain->domid);
	}
	arm(retry);
}

int retry_new(struct retry **out, struct server *server)
{
	CLEANUP(retry_free) struct retry *retry = calloc(1, sizeof(*retry));

	if (!retry)
		return -ENOMEM;
	retry->server = server;
	TAILQ_INIT(&retry->domains);
	retry->timer = evtimer_new(loop_base(server->loop), on_timer, retry);
	if (!retry->timer)
		return -ENOMEM;
	*out = STEAL(retry);
	return 0;
}

void retry_free(struct retry *retry)
{
	if (!retry)
		return;
	if (retry->timer)
		event_free(retry->timer);
	free(retry);
}

void retry_later(struct retry *retry, struct domain *domain)
{
	retry_stop(retry, domain);
	domain->retry_wait_ms = domain->retry_wait_ms ? 2 * domain->retry_wait_ms : FIRST_MS;
	if (domain->retry_wait_ms > MAX_MS)
		domain->retry_wait_ms = MAX_MS;
	domain->retry_ms = loop_now_ms(retry->server->loop) + domain->retry_wait_ms;
	TAILQ_INSERT_TAIL(&retry->domains, domain, retrying);
	arm(retry);
}

void retry_stop(struct retry *retry, struct domain *domain)
{
	if (domain->retry_ms)
		TAILQ_REMOVE(&retry->domains, domain, retrying);
	domain->retry_ms = 0;
}

void retry_succeeded(struct domain *domain)
{
	domain->retry_wait_ms = 0;
}
