/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop.h"

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
