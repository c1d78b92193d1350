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
/** loop_turn_unhook() - take @hook back; not from within a hook. */
void loop_turn_unhook(struct loop *loop, struct loop_hook *hook);

/** loop_again() - there is work left that no descriptor will report: the next turn must not sleep.
 */
void loop_again(struct loop *loop);

/** loop_defer_free() - call garbage->free(garbage) when this turn is over; once per object. */
void loop_defer_free(struct loop *loop, struct loop_garbage *garbage);

/** loop_now_ms(), loop_now_us() - CLOCK_MONOTONIC, read once per turn and cached. */
uint64_t loop_now_ms(struct loop *loop);
uint64_t loop_now_us(struct loop *loop);

#endif
