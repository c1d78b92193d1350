/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns of a loop. Either libevent takes them, one batch of ready events at a time (EVLOOP_ONCE
 * sleeps until something is ready and runs all of it; with EVLOOP_NONBLOCK the same without the
 * sleep). Or an epoll of our own does, in which libevent's own epoll is one descriptor among
 * others: when that is ready, libevent has its batch.
 */
#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256

struct loop {
	struct event_base *base; /* owned */
	struct loop_hook *hooks; /* borrowed: embedded in their owners */
	struct loop_hook **hooks_end;
	struct loop_garbage *garbage; /* owned until freed at the end of the turn */
	struct loop_timer *timers;    /* borrowed: embedded in their owners; soonest first */
	struct event *timer_event;    /* owned; not direct: for the first timer */
	uint64_t now_us;	      /* 0: not read in this turn */
	int base_fd;		      /* libevent's epoll; -1: not known */
	int direct_fd;		      /* owned; our epoll; -1: not direct */
	uint32_t linger_us;	      /* before the next sleep */
	bool is_alone;		      /* there is one processor: who lingers keeps others from it */
	bool again;
	bool stopped;
	int status;
};

/* Is @fd an epoll? Others know nothing of EPOLL_CTL_DEL, and an epoll knows nothing of this pipe.
 */
static bool is_epoll(int fd)
{
	bool is = false;
	int pipe_fds[2];

	if (fd < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return false;
	if (pipe_fds[0] != fd && pipe_fds[1] != fd)
		is = epoll_ctl(fd, EPOLL_CTL_DEL, pipe_fds[0], NULL) < 0 && errno == ENOENT;
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return is;
}

/*
 * libevent does not tell its epoll. But a new base opens that first, and descriptors are given
 * lowest first: it is the number that we get just before. (Whether it is one is checked before it
 * is used.)
 */
static int next_fd(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

int loop_new(struct loop **out)
{
	CLEANUP(loop_free) struct loop *loop = calloc(1, sizeof(*loop));
	struct event_config *config;

	if (!loop)
		return -ENOMEM;
	loop->hooks_end = &loop->hooks;
	loop->direct_fd = -1;
	loop->is_alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	config = event_config_new();
	if (!config)
		return -ENOMEM;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base_fd = next_fd();
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
	if (loop->timer_event)
		event_free(loop->timer_event);
	if (loop->base)
		event_base_free(loop->base);
	if (loop->direct_fd >= 0)
		close(loop->direct_fd);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

int loop_go_direct(struct loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN };
	CLEANUP(close_fd) int fd = -1;

	if (loop->direct_fd >= 0)
		return 0;
	if (strcmp(event_base_get_method(loop->base), "epoll") != 0 || !is_epoll(loop->base_fd))
		return -ENOTSUP;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, loop->base_fd, &event) < 0)
		return -ENOTSUP;
	loop->direct_fd = STEAL_FD(fd);
	return 0;
}

static uint32_t epoll_events(unsigned int wants)
{
	return (wants & LOOP_READ ? EPOLLIN : 0) | (wants & LOOP_WRITE ? EPOLLOUT : 0);
}

static int control(struct loop *loop, int op, struct loop_fd *lfd)
{
	struct epoll_event event = { .events = epoll_events(lfd->wants), .data.ptr = lfd };

	return epoll_ctl(loop->direct_fd, op, lfd->fd, &event) < 0 ? -errno : 0;
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_fd *lfd = ctx;

	(void)fd;
	lfd->ready(lfd, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0));
}

/* Without an epoll of our own: as an event of libevent. */
static int watch_event(struct loop *loop, struct loop_fd *lfd, unsigned int wants)
{
	short what =
		(short)((wants & LOOP_READ ? EV_READ : 0) | (wants & LOOP_WRITE ? EV_WRITE : 0));
	struct event *event = NULL;

	if (wants) {
		event = event_new(loop->base, lfd->fd, (short)(what | EV_PERSIST), on_event, lfd);
		if (!event || event_add(event, NULL) < 0) {
			if (event)
				event_free(event);
			return -ENOMEM;
		}
	}
	if (lfd->event)
		event_free(lfd->event);
	lfd->event = event;
	lfd->wants = wants;
	return 0;
}

int loop_fd_add(struct loop *loop, struct loop_fd *lfd, unsigned int wants)
{
	int r;

	assert(!lfd->wants && wants && lfd->ready);
	lfd->event = NULL;
	if (loop->direct_fd < 0)
		return watch_event(loop, lfd, wants);
	lfd->wants = wants;
	r = control(loop, EPOLL_CTL_ADD, lfd);
	if (r < 0)
		lfd->wants = 0;
	return r;
}

int loop_fd_want(struct loop *loop, struct loop_fd *lfd, unsigned int wants)
{
	unsigned int before = lfd->wants;
	int r;

	if (wants == before)
		return 0;
	if (loop->direct_fd < 0)
		return watch_event(loop, lfd, wants);
	lfd->wants = wants;
	r = control(loop, !before ? EPOLL_CTL_ADD : !wants ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, lfd);
	if (r < 0)
		lfd->wants = before;
	return r;
}

void loop_fd_remove(struct loop *loop, struct loop_fd *lfd)
{
	if (lfd->wants)
		(void)loop_fd_want(loop, lfd, 0);
	lfd->wants = 0;
}

/* Calls the timers whose time has come; those that they set anew have to wait for another turn. */
static void run_timers(struct loop *loop)
{
	uint64_t now_us;

	if (!loop->timers)
		return;
	now_us = loop_now_us(loop);
	while (loop->timers && loop->timers->due_us <= now_us) {
		struct loop_timer *timer = loop->timers;

		loop->timers = timer->next;
		timer->due_us = 0;
		timer->fn(timer);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx; /* the turn runs them */
}

/* Not direct: have libevent wake up for the first timer. */
static void arm(struct loop *loop)
{
	uint64_t now_us = loop_now_us(loop), due_us = loop->timers ? loop->timers->due_us : 0;
	struct timeval tv = { 0 };

	if (loop->direct_fd >= 0)
		return;
	if (!loop->timer_event)
		loop->timer_event = evtimer_new(loop->base, on_timer, loop);
	if (!loop->timer_event)
		return;
	evtimer_del(loop->timer_event);
	if (!due_us)
		return;
	if (due_us > now_us) {
		tv.tv_sec = (time_t)((due_us - now_us) / 1000000);
		tv.tv_usec = (suseconds_t)((due_us - now_us) % 1000000);
	}
	evtimer_add(loop->timer_event, &tv);
}

static void take_out(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at = &loop->timers;

	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->due_us = 0;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms)
{
	struct loop_timer **at = &loop->timers;

	if (timer->due_us)
		take_out(loop, timer);
	timer->due_us = loop_now_us(loop) + delay_ms * 1000 + 1;
	while (*at && (*at)->due_us <= timer->due_us)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
	arm(loop);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	if (!timer->due_us)
		return;
	take_out(loop, timer);
	arm(loop);
}

static void end_turn(struct loop *loop)
{
	run_timers(loop);
	for (struct loop_hook *hook = loop->hooks; hook; hook = hook->next)
		hook->fn(hook->ctx);
	free_garbage(loop);
}

/* How long the next wait may be, in milliseconds as epoll wants them: -1 is for ever. */
static int patience(struct loop *loop)
{
	uint64_t now_us, wait_ms;

	if (loop->again)
		return 0;
	if (!loop->timers)
		return -1;
	loop->now_us = 0;
	now_us = loop_now_us(loop);
	if (loop->timers->due_us <= now_us)
		return 0;
	wait_ms = (loop->timers->due_us - now_us + 999) / 1000;
	return wait_ms < 1000000 ? (int)wait_ms : 1000000;
}

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Without sched_yield(): on a busy processor that gives away a whole slice of time. */
static int linger(const struct loop *loop, struct epoll_event *events)
{
	uint64_t until_us = clock_us() + loop->linger_us;
	int n = epoll_wait(loop->direct_fd, events, BATCH, 0);

	while (n == 0 && clock_us() < until_us)
		n = epoll_wait(loop->direct_fd, events, BATCH, 0);
	return n;
}

static int take_direct(struct loop *loop)
{
	struct epoll_event events[BATCH];
	int n = 0;

	if (loop->linger_us && !loop->again)
		n = linger(loop, events);
	if (n == 0)
		n = epoll_wait(loop->direct_fd, events, BATCH, patience(loop));
	loop->linger_us = 0;
	loop->again = false;
	loop->now_us = 0;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct loop_fd *lfd = events[i].data.ptr;
		uint32_t got = events[i].events;
		unsigned int what = 0;

		if (!lfd) {
			if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) < 0)
				return -EIO;
			continue;
		}
		if (got & (EPOLLIN | EPOLLHUP | EPOLLERR))
			what |= LOOP_READ;
		if (got & (EPOLLOUT | EPOLLHUP | EPOLLERR))
			what |= LOOP_WRITE;
		/* It may have been removed a moment ago. */
		what &= lfd->wants;
		if (what)
			lfd->ready(lfd, what);
	}
	return 0;
}

static int take_libevent(struct loop *loop)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	/* Alone it would go on as long as there is an event, e.g. input that a hook is to read. */
	if (loop->again)
		flags |= EVLOOP_NONBLOCK;
	loop->again = false;
	loop->now_us = 0;
	return event_base_loop(loop->base, flags) < 0 ? -EIO : 0;
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		int r = loop->direct_fd >= 0 ? take_direct(loop) : take_libevent(loop);

		if (r < 0)
			return r;
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

void loop_linger(struct loop *loop, uint32_t us)
{
	loop->linger_us = loop->is_alone ? 0 : us;
}

void loop_defer_free(struct loop *loop, struct loop_garbage *garbage)
{
	garbage->next = loop->garbage;
	loop->garbage = garbage;
}

uint64_t loop_now_us(struct loop *loop)
{
	if (!loop->now_us)
		loop->now_us = clock_us();
	return loop->now_us;
}

uint64_t loop_now_ms(struct loop *loop)
{
	return loop_now_us(loop) / 1000;
}
