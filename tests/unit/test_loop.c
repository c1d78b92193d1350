/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop.h"

#include <event2/event.h>
#include <signal.h>
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

struct watched {
	struct loop *loop;
	struct loop_fd lfd;
	struct watched *other; /* removed by the first that is ready */
	int fds[2];
	int n_ready;
};

static void watched_ready(struct loop_fd *lfd, unsigned int what)
{
	struct watched *w = (struct watched *)((char *)lfd - offsetof(struct watched, lfd));

	CHECK_EQ(what, LOOP_READ);
	w->n_ready++;
	if (w->other)
		loop_fd_remove(w->loop, &w->other->lfd);
	loop_stop(w->loop, 17);
}

static void watched_init(struct watched *w, struct loop *loop, struct watched *other)
{
	*w = (struct watched){ .loop = loop, .other = other };
	CHECK_EQ(pipe(w->fds), 0);
	CHECK_EQ(write(w->fds[1], "x", 1), 1);
	w->lfd = (struct loop_fd){ .ready = watched_ready, .fd = w->fds[0] };
	CHECK_EQ(loop_fd_add(loop, &w->lfd, LOOP_READ), 0);
}

static void watched_deinit(struct watched *w)
{
	loop_fd_remove(w->loop, &w->lfd);
	close(w->fds[0]);
	close(w->fds[1]);
}

static void watch_two(bool direct)
{
	struct watched a, b;
	struct loop *loop;

	CHECK_EQ(loop_new(&loop), 0);
	if (direct)
		CHECK_EQ(loop_go_direct(loop), 0);
	watched_init(&a, loop, &b);
	watched_init(&b, loop, &a);
	CHECK_EQ(loop_run(loop), 17);
	/* One of them had its turn, and took the other away before that had. */
	CHECK_EQ(a.n_ready + b.n_ready, 1);
	if (a.n_ready)
		CHECK_EQ(loop_fd_add(loop, &b.lfd, LOOP_READ), 0);
	else
		CHECK_EQ(loop_fd_add(loop, &a.lfd, LOOP_READ), 0);
	CHECK_EQ(loop_fd_want(loop, &a.lfd, 0), 0);
	CHECK_EQ(loop_run(loop), 17);
	CHECK_EQ(a.n_ready + b.n_ready, 2);
	CHECK(b.n_ready >= 1);
	watched_deinit(&a);
	watched_deinit(&b);
	loop_free(loop);
}

TEST(a_descriptor_removed_in_the_turn_in_which_it_is_ready_is_not_called)
{
	watch_two(false);
}

TEST(the_same_without_libevent_in_between)
{
	watch_two(true);
}

TEST(events_of_libevent_go_on_beside_a_direct_loop)
{
	struct pipe_reader r = { 0 };
	struct loop_hook hook = { .fn = read_at_last, .ctx = &r };
	struct event *event, *signal;

	CHECK_EQ(loop_new(&r.loop), 0);
	CHECK_EQ(loop_go_direct(r.loop), 0);
	CHECK_EQ(pipe(r.fds), 0);
	CHECK_EQ(write(r.fds[1], "x", 1), 1);
	event = event_new(loop_base(r.loop), r.fds[0], EV_READ | EV_PERSIST, note_readable, &r);
	signal = evsignal_new(loop_base(r.loop), SIGUSR1, note_readable, &r);
	CHECK_EQ(event_add(event, NULL), 0);
	CHECK_EQ(event_add(signal, NULL), 0);
	raise(SIGUSR1);
	loop_turn_hook(r.loop, &hook);
	CHECK_EQ(loop_run(r.loop), 17);
	CHECK(r.n_events >= 4);
	event_free(event);
	event_free(signal);
	loop_free(r.loop);
	close(r.fds[0]);
	close(r.fds[1]);
}

struct ticking {
	struct loop_timer timer;
	struct loop *loop;
	struct ticking *next;
	int n_calls;
};

static void tick(struct loop_timer *timer)
{
	struct ticking *t = (struct ticking *)timer;

	t->n_calls++;
	if (t->next)
		loop_timer_cancel(t->loop, &t->next->timer);
	else
		loop_stop(t->loop, 17);
}

static void run_timers(bool direct)
{
	struct loop *loop;
	struct ticking c = { .timer.fn = tick }, b = { .timer.fn = tick },
		       a = { .timer.fn = tick, .next = &b };

	CHECK_EQ(loop_new(&loop), 0);
	if (direct)
		CHECK_EQ(loop_go_direct(loop), 0);
	a.loop = b.loop = c.loop = loop;
	loop_timer_set(loop, &c.timer, 30);
	loop_timer_set(loop, &b.timer, 20);
	loop_timer_set(loop, &a.timer, 1000);
	loop_timer_set(loop, &a.timer, 10);
	CHECK_EQ(loop_run(loop), 17);
	CHECK_EQ(a.n_calls, 1);
	CHECK_EQ(b.n_calls, 0);
	CHECK_EQ(c.n_calls, 1);
	loop_free(loop);
}

TEST(timers_come_in_order_and_not_after_they_are_cancelled)
{
	run_timers(false);
}

TEST(timers_come_in_a_direct_loop_too)
{
	run_timers(true);
}

static void linger_always(void *ctx)
{
	loop_linger(ctx, 500);
}

TEST(a_loop_that_lingers_hears_of_descriptors_and_sleeps_until_its_timers)
{
	struct ticking late = { .timer.fn = tick };
	struct watched reader;
	struct loop_hook hook = { .fn = linger_always };
	struct loop *loop;

	CHECK_EQ(loop_new(&loop), 0);
	CHECK_EQ(loop_go_direct(loop), 0);
	late.loop = hook.ctx = loop;
	loop_turn_hook(loop, &hook);
	watched_init(&reader, loop, NULL);
	CHECK_EQ(write(reader.fds[1], "x", 1), 1);
	loop_linger(loop, 500);
	CHECK_EQ(loop_run(loop), 17);
	CHECK_EQ(reader.n_ready, 1);
	watched_deinit(&reader);
	loop_timer_set(loop, &late.timer, 10);
	CHECK_EQ(loop_run(loop), 17);
	CHECK_EQ(late.n_calls, 1);
	loop_free(loop);
}
