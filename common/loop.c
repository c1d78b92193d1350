/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libevent's loop, one batch of ready events at a time. EVLOOP_ONCE sleeps until something is ready
 * and runs all of it; EVLOOP_NONBLOCK is the same without the sleep, for turns that follow
 * unfinished work.
 */
#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <time.h>

struct loop {
	struct event_base *base; /* owned */
	struct loop_hook *hooks; /* borrowed: embedded in their owners */
	struct loop_hook **hooks_end;
	struct loop_garbage *garbage; /* owned until freed at the end of the turn */
	uint64_t now_us;	      /* 0: not read in this turn */
	bool again;
	bool stopped;
	int status;
};

int loop_new(struct loop **out)
{
	CLEANUP(loop_free) struct loop *loop = calloc(1, sizeof(*loop));
	struct event_config *config;

	if (!loop)
		return -ENOMEM;
	loop->hooks_end = &loop->hooks;
	config = event_config_new();
	if (!config)
		return -ENOMEM;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base)
		return -ENOMEM;
	*out = STEAL(loop);
	return 0;
}

static void free_garbage(struct loop *loop)
{
	/* A free function may defer others: go on until nothing is left. */
	while (loop->garbage) {
		struct loop_garbage *garbage = loop->garbage;

		loop->garbage = garbage->next;
		garbage->free(garbage);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free_garbage(loop);
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

static void end_turn(struct loop *loop)
{
	for (struct loop_hook *hook = loop->hooks; hook; hook = hook->next)
		hook->fn(hook->ctx);
	free_garbage(loop);
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

		/* Alone it would go on as long as there is an event, e.g. input that a hook is to
		 * read. */
		if (loop->again)
			flags |= EVLOOP_NONBLOCK;

		loop->again = false;
		loop->now_us = 0;
		if (event_base_loop(loop->base, flags) < 0)
			return -EIO;
		end_turn(loop);
	}
	loop->stopped = false;
	return loop->status;
}

void loop_stop(struct loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
	event_base_loopbreak(loop->base);
}

void loop_turn_hook(struct loop *loop, struct loop_hook *hook)
{
	hook->next = NULL;
	*loop->hooks_end = hook;
	loop->hooks_end = &hook->next;
}

void loop_turn_unhook(struct loop *loop, struct loop_hook *hook)
{
	struct loop_hook **at = &loop->hooks;

	while (*at && *at != hook)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = hook->next;
	if (loop->hooks_end == &hook->next)
		loop->hooks_end = at;
}

void loop_again(struct loop *loop)
{
	loop->again = true;
}

void loop_defer_free(struct loop *loop, struct loop_garbage *garbage)
{
	garbage->next = loop->garbage;
	loop->garbage = garbage;
}

uint64_t loop_now_us(struct loop *loop)
{
	if (!loop->now_us) {
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		loop->now_us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	}
	return loop->now_us;
}

uint64_t loop_now_ms(struct loop *loop)
{
	return loop_now_us(loop) / 1000;
}
