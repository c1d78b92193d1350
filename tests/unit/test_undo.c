/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "undo.h"

#include "unit.h"

TEST(the_last_thing_done_is_undone_first)
{
	struct undo undo = { 0 };
	enum undo_kind kind;

	CHECK(!undo_pop(&undo, &kind));
	undo_push(&undo, UNDO_DOMAIN);
	undo_push(&undo, UNDO_TREE);
	undo_push(&undo, UNDO_WATCHES);
	CHECK(undo_pop(&undo, &kind));
	CHECK_EQ(kind, UNDO_WATCHES);
	CHECK(undo_pop(&undo, &kind));
	CHECK_EQ(kind, UNDO_TREE);
	CHECK(undo_pop(&undo, &kind));
	CHECK_EQ(kind, UNDO_DOMAIN);
	CHECK(!undo_pop(&undo, &kind));
}

TEST(what_went_by_other_means_is_not_undone)
{
	struct undo undo = { 0 };
	enum undo_kind kind;

	undo_push(&undo, UNDO_DOMAIN);
	undo_push(&undo, UNDO_TREE);
	undo_drop(&undo, UNDO_DOMAIN);
	undo_drop(&undo, UNDO_WATCHES);
	CHECK(undo_pop(&undo, &kind));
	CHECK_EQ(kind, UNDO_TREE);
	CHECK(!undo_pop(&undo, &kind));
	undo_push(&undo, UNDO_TREE);
	CHECK(undo_pop(&undo, &kind));
}
