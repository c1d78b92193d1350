/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "storeonce.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>

#include "loop.h"
#include "storeclient.h"

struct once {
	struct loop *loop;	    /* owned */
	struct storeclient *client; /* owned */
	struct loop_hook hook;
	int (*start)(void *ctx, struct storeclient *client);
	void *ctx;
	bool started;
};

static void connected(void *ctx)
{
	struct once *once = ctx;
	int r;

	if (once->started)
		return;
	r = once->start(once->ctx, once->client);
	once->started = true;
	if (r < 0)
		loop_stop(once->loop, r);
}

static void disconnected(void *ctx, int error)
{
	struct once *once = ctx;

	loop_stop(once->loop, error);
}

static void too_late(evutil_socket_t fd, short what, void *ctx)
{
	struct once *once = ctx;

	(void)fd, (void)what;
	loop_stop(once->loop, -ETIMEDOUT);
}

/* At the end of a turn: is all answered? */
static void look(void *ctx)
{
	struct once *once = ctx;

	if (once->started && storeclient_is_connected(once->client) &&
	    !storeclient_in_flight(once->client))
		loop_stop(once->loop, 0);
}

int storeonce_run(int (*start)(void *ctx, struct storeclient *client), void *ctx,
		  unsigned int timeout_ms)
{
	static const struct storeclient_handlers handlers = {
		.connected = connected,
		.disconnected = disconnected,
	};
	const struct timeval timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct once once = { .start = start, .ctx = ctx, .hook = { .fn = look } };
	struct event *timer;
	int r = loop_new(&once.loop);

	if (r < 0)
		return r;
	once.hook.ctx = &once;
	timer = evtimer_new(loop_base(once.loop), too_late, &once);
	r = timer && evtimer_add(timer, &timeout) == 0
		    ? storeclient_new(&once.client, once.loop, NULL, &handlers, &once)
		    : -ENOMEM;
	if (r == 0) {
		loop_turn_hook(once.loop, &once.hook);
		r = loop_run(once.loop);
	}
	storeclient_free(once.client);
	if (timer)
		event_free(timer);
	loop_free(once.loop);
	return r;
}
