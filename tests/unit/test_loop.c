/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop.h"

#include <event2/event.h>
#include <unistd.h>

#include "unit.h"

struct counter {
	struct loop *loop;
	struct loop_hook hook;
	struct loop_garbage garbage;
	int n_turns;
	int freed_at;
};

static void count_free(struct loop_garbage *garbage)
{
	struct counter *c = (struct counter *)((char *)garbage - offsetof(struct counter, garbage));

	c->freed_at = c->n_turns;
}

static void count_turn(void *ctx)
{
	struct counter *c = ctx;

	c->n_turns++;
	if (c->n_turns == 2)
		loop_defer_free(c->loop, &c->garbage);
	if (c->n_turns == 3)
		loop_stop(c->loop, 17);
	else
		loop_again(c->loop);
}

TEST(turns_end_with_hooks_and_deferred_objects_are_freed_after_them)
{
	struct counter c = { .garbage.free = count_free };

	CHECK_EQ(loop_new(&c.loop), 0);
	c.hook = (struct loop_hook){ .fn = count_turn, .ctx = &c };
	loop_turn_hook(c.loop, &c.hook);
	loop_again(c.loop);
	CHECK_EQ(loop_run(c.loop), 17);
	CHECK_EQ(c.n_turns, 3);
	CHECK_EQ(c.freed_at, 2);
	loop_free(c.loop);
}

static void never(void *ctx)
{
	(void)ctx;
	fail_msg("an unhooked hook was called");
}

TEST(an_unhooked_hook_is_not_called)
{
	struct counter c = { .n_turns = 2 };
	struct loop_hook gone = { .fn = never };

	CHECK_EQ(loop_new(&c.loop), 0);
	loop_turn_hook(c.loop, &gone);
	c.hook = (struct loop_hook){ .fn = count_turn, .ctx = &c };
	loop_turn_unhook(c.loop, &gone);
	loop_turn_hook(c.loop, &c.hook);
	loop_again(c.loop);
	CHECK_EQ(loop_run(c.loop), 17);
	loop_free(c.loop);
}

struct pipe_reader {
	struct loop *loop;
	int fds[2];
	int n_events;
	int n_turns;
};

static void note_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct pipe_reader *r = ctx;

	(void)fd, (void)what;
	CHECK(++r->n_events < 100);
}

static void read_at_last(void *ctx)
{
	struct pipe_reader *r = ctx;

	if (++r->n_turns == 3)
		loop_stop(r->loop, 17);
	loop_again(r->loop);
}

TEST(a_turn_ends_although_input_waits_for_a_hook_to_read_it)
{
	struct pipe_reader r = { 0 };
	struct loop_hook hook = { .fn = read_at_last, .ctx = &r };
	struct event *event;

	CHECK_EQ(loop_new(&r.loop), 0);
	CHECK_EQ(pipe(r.fds), 0);
	CHECK_EQ(write(r.fds[1], "x", 1), 1);
	event = event_new(loop_base(r.loop), r.fds[0], EV_READ | EV_PERSIST, note_readable, &r);
	CHECK_EQ(event_add(event, NULL), 0);
	loop_turn_hook(r.loop, &hook);
	loop_again(r.loop);
	CHECK_EQ(loop_run(r.loop), 17);
	CHECK_EQ(r.n_events, 3);
	event_free(event);
	loop_free(r.loop);
	close(r.fds[0]);
	close(r.fds[1]);
}
