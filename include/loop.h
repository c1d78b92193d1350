/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one event loop of a daemon: libevent, cut into turns.
 *
 * A turn takes what epoll reports, runs its callbacks, and ends with the turn hooks, in the order
 * in which they were added. What must happen once per turn and after everything else (persist, then
 * let answers leave, then publish ring indices and unmask ports) is a hook, so a burst of a hundred
 * requests pays for it once. After the hooks the objects given to loop_defer_free() are freed:
 * nothing is freed inside its own callback.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct event;
struct event_base;
struct loop;

/* Both are embedded in their owner, which outlives the loop's use of them. */
struct loop_hook {
	void (*fn)(void *ctx);
	void *ctx;
	struct loop_hook *next;
};

struct loop_garbage {
	void (*free)(struct loop_garbage *self);
	struct loop_garbage *next;
};

#define LOOP_READ  1u
#define LOOP_WRITE 2u

/*
 * A descriptor that is watched, with less ado than an event of libevent; embedded in its owner,
 * which outlives the turn in which it removes it (loop_defer_free()).
 */
struct loop_fd {
	/* @what: LOOP_READ, LOOP_WRITE or both; a hang-up counts as both. */
	void (*ready)(struct loop_fd *lfd, unsigned int what);
	int fd;
	unsigned int wants;  /* 0: not watched */
	struct event *event; /* used if the loop is not direct */
};

/* Calls @fn once when its time has come; embedded in its owner, zeroed at first. */
struct loop_timer {
	void (*fn)(struct loop_timer *timer);
	uint64_t due_us; /* 0: not set */
	struct loop_timer *next;
};

/**
 * loop_new() - make a loop
 * @out: owned by the caller, loop_free()
 *
 * Return: 0 or -ENOMEM.
 */
int loop_new(struct loop **out);
void loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free)

/** loop_base() - libevent's base, to add events to; borrowed from the loop. */
struct event_base *loop_base(struct loop *loop);

/**
 * loop_run() - take turns until loop_stop(); may be called again afterwards
 *
 * Return: the status given to loop_stop(), or -EIO if libevent fails.
 */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);

/** loop_turn_hook() - call @hook at the end of every turn; @hook is borrowed until it is taken back
 * or the loop freed. */
void loop_turn_hook(struct loop *loop, struct loop_hook *hook);
/** loop_turn_unhook() - take @hook back; from within a hook it may not be freed. */
void loop_turn_unhook(struct loop *loop, struct loop_hook *hook);

/**
 * loop_go_direct() - watch struct loop_fd by an epoll of our own, and libevent's descriptors beside
 * it
 *
 * libevent costs some 600 instructions and 150 bytes for each descriptor that is ready once; with
 * thousands of clients that counts. From here on timers of libevent are not kept: use loop_timer.
 * Before the first loop_fd_add().
 *
 * Return: 0, or -ENOTSUP if this libevent does not work so; then all goes through libevent, timers
 * of both kinds included.
 */
int loop_go_direct(struct loop *loop);

/**
 * loop_fd_add() - watch @lfd->fd
 * @wants: LOOP_READ and LOOP_WRITE
 *
 * Return: 0 or -ENOMEM, or what epoll says.
 */
int loop_fd_add(struct loop *loop, struct loop_fd *lfd, unsigned int wants);
/** loop_fd_want() - watch a descriptor that was added for something else; 0 is allowed */
int loop_fd_want(struct loop *loop, struct loop_fd *lfd, unsigned int wants);
/** loop_fd_remove() - before the descriptor is closed; one that was not added is left alone */
void loop_fd_remove(struct loop *loop, struct loop_fd *lfd);

/** loop_timer_set() - call @timer in @delay_ms; one that is set already is set anew */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/** loop_again() - there is work left that no descriptor will report: the next turn must not sleep.
 */
void loop_again(struct loop *loop);

/**
 * loop_linger() - before it sleeps the next time, look for events for @us microseconds
 *
 * For one that is due any moment, and for which others wait: to fall asleep and to be woken takes
 * longer than that. Nothing happens if the loop is not direct, or the machine has one processor.
 */
void loop_linger(struct loop *loop, uint32_t us);

/** loop_defer_free() - call garbage->free(garbage) when this turn is over; once per object. */
void loop_defer_free(struct loop *loop, struct loop_garbage *garbage);

/** loop_now_ms(), loop_now_us() - CLOCK_MONOTONIC, read once per turn and cached. */
uint64_t loop_now_ms(struct loop *loop);
uint64_t loop_now_us(struct loop *loop);

#endif
