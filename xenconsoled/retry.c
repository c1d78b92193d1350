/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list and one timer; a domain taken out of the list leaves the timer as it is. */
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
/* They are due at multiples of this: thousands that fail are looked through a few times a second.
 */
#define STEP_MS 250

struct retry {
	struct server *server;	      /* borrowed: outlives us */
	TAILQ_HEAD(, domain) domains; /* borrowed: stopped before they go */
	struct event *timer;
	uint64_t armed_ms; /* when the timer is due; 0: it is not set */
};

static void arm(struct retry *retry, uint64_t at_ms)
{
	uint64_t now_ms = loop_now_ms(retry->server->loop);
	uint64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 1;
	struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
				.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	retry->armed_ms = at_ms;
	event_add(retry->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct retry *retry = ctx;
	uint64_t now_ms = loop_now_ms(retry->server->loop), first_ms = UINT64_MAX;
	struct domain *domain, *next;

	(void)fd, (void)what;
	retry->armed_ms = 0;
	for (domain = TAILQ_FIRST(&retry->domains); domain; domain = next) {
		next = TAILQ_NEXT(domain, retrying);
		if (domain->retry_ms > now_ms) {
			if (domain->retry_ms < first_ms)
				first_ms = domain->retry_ms;
			continue;
		}
		retry_stop(retry, domain);
		domains_mark_dirty(retry->server->domains, domain->domid);
	}
	if (first_ms != UINT64_MAX)
		arm(retry, first_ms);
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
	uint64_t due_ms;

	retry_stop(retry, domain);
	domain->retry_wait_ms = domain->retry_wait_ms ? 2 * domain->retry_wait_ms : FIRST_MS;
	if (domain->retry_wait_ms > MAX_MS)
		domain->retry_wait_ms = MAX_MS;
	due_ms = loop_now_ms(retry->server->loop) + domain->retry_wait_ms;
	domain->retry_ms = (due_ms + STEP_MS - 1) / STEP_MS * STEP_MS;
	TAILQ_INSERT_TAIL(&retry->domains, domain, retrying);
	if (!retry->armed_ms || domain->retry_ms < retry->armed_ms)
		arm(retry, domain->retry_ms);
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
