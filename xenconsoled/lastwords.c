/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No event tells that a pty has been read to its end, so it is looked at, but only while somebody
 * lingers.
 */
#include "lastwords.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/queue.h>

#include "domain.h"
#include "loop.h"
#include "server.h"

#define LINGER_MS 2000
#define LOOK_MS	  20

struct lastwords {
	struct server *server;	      /* borrowed: outlives us */
	TAILQ_HEAD(, domain) domains; /* owned */
	struct event *timer;
};

static void arm(struct lastwords *lastwords)
{
	struct timeval wait = { .tv_usec = LOOK_MS * 1000 };

	if (!TAILQ_EMPTY(&lastwords->domains))
		event_add(lastwords->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct lastwords *lastwords = ctx;
	uint64_t now_ms = loop_now_ms(lastwords->server->loop);
	struct domain *domain, *next;

	(void)fd, (void)what;
	for (domain = TAILQ_FIRST(&lastwords->domains); domain; domain = next) {
		next = TAILQ_NEXT(domain, lingering);
		if (now_ms < domain->linger_ms && domain_is_being_read(domain))
			continue;
		TAILQ_REMOVE(&lastwords->domains, domain, lingering);
		domain_bury(domain);
	}
	arm(lastwords);
}

int lastwords_new(struct lastwords **out, struct server *server)
{
	CLEANUP(lastwords_free) struct lastwords *lastwords = calloc(1, sizeof(*lastwords));

	if (!lastwords)
		return -ENOMEM;
	lastwords->server = server;
	TAILQ_INIT(&lastwords->domains);
	lastwords->timer = evtimer_new(loop_base(server->loop), on_timer, lastwords);
	if (!lastwords->timer)
		return -ENOMEM;
	*out = STEAL(lastwords);
	return 0;
}

void lastwords_free(struct lastwords *lastwords)
{
	struct domain *domain;

	if (!lastwords)
		return;
	while ((domain = TAILQ_FIRST(&lastwords->domains))) {
		TAILQ_REMOVE(&lastwords->domains, domain, lingering);
		domain_bury(domain);
	}
	if (lastwords->timer)
		event_free(lastwords->timer);
	free(lastwords);
}

void lastwords_add(struct lastwords *lastwords, struct domain *domain)
{
	domain->linger_ms = loop_now_ms(lastwords->server->loop) + LINGER_MS;
	TAILQ_INSERT_TAIL(&lastwords->domains, domain, lingering);
	if (!evtimer_pending(lastwords->timer, NULL))
		arm(lastwords);
}
