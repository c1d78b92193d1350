/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions: what they see, when they conflict, what they leave behind. */
#include <errno.h>

#include "xenstored_fixture.h"

static int write0(struct txn *txn, const char *path, const char *value)
{
	return fixture_write(&f, &f.dom0, txn, path, value);
}

static const char *read0(struct txn *txn, const char *path)
{
	return fixture_read(&f, &f.dom0, txn, path);
}

static const char *list0(struct txn *txn, const char *path)
{
	return fixture_list(&f, &f.dom0, txn, path);
}

MODEL_TEST(a_transaction_sees_the_store_as_it_was_at_its_start)
{
	struct txn *t;

	write0(NULL, "/a", "1");
	write0(NULL, "/d/x/y", "old");
	write0(NULL, "/d/z", "z");
	t = fixture_txn(&f, &f.dom0);
	write0(NULL, "/a", "2");
	write0(NULL, "/a", "3");
	write0(NULL, "/new", "n");
	fixture_rm(&f, &f.dom0, NULL, "/d/x");
	write0(NULL, "/d/x/y", "new");
	write0(NULL, "/d/w", "w");
	CHECK_STR_EQ(read0(t, "/a"), "1");
	CHECK_STR_EQ(read0(t, "/new"), "error -2");
	CHECK_STR_EQ(read0(t, "/d/x/y"), "old");
	CHECK_STR_EQ(list0(t, "/d"), "x z ");
	CHECK_STR_EQ(list0(t, "/"), "tool a d ");
	CHECK_STR_EQ(list0(NULL, "/d"), "z x w ");
	CHECK_EQ(fixture_commit(&f, t), 0);
}

MODEL_TEST(a_transaction_that_only_read_never_fails)
{
	struct txn *t;

	write0(NULL, "/a", "1");
	t = fixture_txn(&f, &f.dom0);
	read0(t, "/a");
	list0(t, "/");
	write0(NULL, "/a", "2");
	fixture_rm(&f, &f.dom0, NULL, "/a");
	CHECK_STR_EQ(read0(t, "/a"), "1");
	CHECK_EQ(fixture_commit(&f, t), 0);
}

MODEL_TEST(a_transaction_reads_its_own_writes_and_nobody_else_does)
{
	struct txn *t = fixture_txn(&f, &f.dom0);

	write0(t, "/a/b", "1");
	write0(t, "/tool", "t");
	CHECK_STR_EQ(read0(t, "/a/b"), "1");
	CHECK_STR_EQ(list0(t, "/"), "tool a ");
	CHECK_STR_EQ(read0(NULL, "/a/b"), "error -2");
	CHECK_STR_EQ(read0(NULL, "/tool"), "");
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/tool"), 0);
	CHECK_STR_EQ(list0(t, "/"), "a ");
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(list0(NULL, "/"), "a ");
	CHECK_STR_EQ(read0(NULL, "/a/b"), "1");
}

MODEL_TEST(a_value_read_and_changed_outside_is_a_conflict)
{
	struct txn *t;

	write0(NULL, "/a", "1");
	t = fixture_txn(&f, &f.dom0);
	read0(t, "/a");
	write0(t, "/b", "x");
	write0(NULL, "/a", "1");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
	CHECK_STR_EQ(read0(NULL, "/b"), "error -2");
}

MODEL_TEST(a_node_written_here_and_outside_is_a_conflict)
{
	struct txn *t;

	write0(NULL, "/a", "1");
	t = fixture_txn(&f, &f.dom0);
	write0(t, "/a", "mine");
	write0(NULL, "/a", "theirs");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
	CHECK_STR_EQ(read0(NULL, "/a"), "theirs");
}

MODEL_TEST(a_node_found_absent_that_appears_is_a_conflict)
{
	struct txn *t = fixture_txn(&f, &f.dom0);

	read0(t, "/a");
	write0(t, "/b", "x");
	write0(NULL, "/a", "1");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
}

MODEL_TEST(siblings_made_and_removed_side_by_side_do_not_conflict)
{
	struct txn *t, *u;

	write0(NULL, "/d/old", "");
	t = fixture_txn(&f, &f.dom0);
	u = fixture_txn(&f, &f.dom0);
	write0(t, "/d/t", "1");
	write0(u, "/d/u", "2");
	write0(NULL, "/d/now", "3");
	fixture_rm(&f, &f.dom0, NULL, "/d/old");
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_EQ(fixture_commit(&f, u), 0);
	CHECK_STR_EQ(list0(NULL, "/d"), "now t u ");
}

MODEL_TEST(common_ancestors_that_both_create_on_the_way_do_not_conflict)
{
	struct txn *t = fixture_txn(&f, &f.dom0);
	struct txn *u = fixture_txn(&f, &f.dom0);

	write0(t, "/d/e/t", "1");
	write0(u, "/d/e/u", "2");
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_EQ(fixture_commit(&f, u), 0);
	CHECK_STR_EQ(list0(NULL, "/d/e"), "t u ");
}

/* Found by random requests: RM had said that /d is not there, and then it was, made by another. */
MODEL_TEST(a_parent_found_missing_and_then_created_on_the_way_does_conflict)
{
	struct txn *t = fixture_txn(&f, &f.dom0);

	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d/gone"), -ENOENT);
	write0(NULL, "/d/b", "1");
	write0(t, "/d/e", "2");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
}

MODEL_TEST(common_ancestors_of_different_permissions_do_conflict)
{
	struct txn *t = fixture_txn(&f, &f.dom0);

	write0(t, "/d/e/t", "1");
	write0(NULL, "/d/e", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/d", "r1");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
}

MODEL_TEST(a_listed_directory_that_changed_is_a_conflict_if_something_was_written)
{
	struct txn *t;

	write0(NULL, "/d/old", "");
	t = fixture_txn(&f, &f.dom0);
	list0(t, "/d");
	write0(t, "/x", "1");
	write0(NULL, "/d/new", "");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
}

MODEL_TEST(removing_a_tree_conflicts_with_anything_new_in_it)
{
	struct txn *t;

	write0(NULL, "/d/e/f", "");
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	write0(NULL, "/d/e/g", "");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
	CHECK_STR_EQ(list0(NULL, "/d/e"), "f g ");
}

MODEL_TEST(a_parent_that_goes_or_changes_permissions_is_a_conflict)
{
	struct txn *t;

	write0(NULL, "/d", "");
	write0(NULL, "/e", "");
	t = fixture_txn(&f, &f.dom0);
	write0(t, "/d/x", "1");
	fixture_rm(&f, &f.dom0, NULL, "/d");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
	t = fixture_txn(&f, &f.dom0);
	write0(t, "/e/x", "1");
	fixture_set_perms(&f, &f.dom0, NULL, "/e", "n0,r1");
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
}

MODEL_TEST(a_value_of_the_parent_is_no_concern_of_a_child)
{
	struct txn *t;

	write0(NULL, "/d", "");
	t = fixture_txn(&f, &f.dom0);
	write0(t, "/d/x", "1");
	write0(NULL, "/d", "changed");
	CHECK_EQ(fixture_commit(&f, t), 0);
}

MODEL_TEST(removed_and_made_again_in_one_transaction)
{
	struct txn *t;

	write0(NULL, "/d/e/f", "old");
	write0(NULL, "/d/z", "");
	t = fixture_txn(&f, &f.dom0);
	CHECK_STR_EQ(read0(t, "/d/e/f"), "old");
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d/e"), 0);
	CHECK_STR_EQ(read0(t, "/d/e/f"), "error -2");
	write0(t, "/d/e/f", "new");
	write0(t, "/d/e/g", "g");
	CHECK_STR_EQ(list0(t, "/d"), "z e ");
	CHECK_STR_EQ(list0(t, "/d/e"), "f g ");
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(list0(NULL, "/d"), "z e ");
	CHECK_STR_EQ(list0(NULL, "/d/e"), "f g ");
	CHECK_STR_EQ(read0(NULL, "/d/e/f"), "new");
}

MODEL_TEST(events_fire_at_commit_one_per_node_and_none_for_what_came_to_nothing)
{
	struct txn *t;

	write0(NULL, "/d/e", "");
	fixture_watch(&f, &f.dom0, "/d", "w", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/d/e", "in", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/q", "q", WATCH_DEPTH_ANY);
	t = fixture_txn(&f, &f.dom0);
	write0(t, "/d/x", "1");
	write0(t, "/d/x", "2");
	write0(t, "/q/r", "2");
	fixture_rm(&f, &f.dom0, t, "/q/r");
	fixture_rm(&f, &f.dom0, t, "/d/e");
	CHECK_STR_EQ(f.events, "");
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(f.events, "dom0:/d/x w; dom0:/d/e w; dom0:/d/e in; ");
}

MODEL_TEST(former_states_are_kept_for_each_open_transaction_and_no_longer)
{
	struct txn *t[4];

	write0(NULL, "/a", "0");
	for (int i = 0; i < 4; i++) {
		char value[2] = { (char)('1' + i), 0 };

		t[i] = fixture_txn(&f, &f.dom0);
		write0(NULL, "/a", value);
		fixture_rm(&f, &f.dom0, NULL, "/b");
		write0(NULL, "/b", value);
	}
	CHECK_STR_EQ(read0(t[0], "/a"), "0");
	CHECK_STR_EQ(read0(t[3], "/a"), "3");
	CHECK_STR_EQ(read0(t[0], "/b"), "error -2");
	CHECK_STR_EQ(read0(t[2], "/b"), "2");
	CHECK_EQ(f.store->dead.n_links, 3);
	txn_free(t[1]);
	CHECK_EQ(f.store->dead.n_links, 2);
	txn_free(t[3]);
	CHECK_STR_EQ(read0(t[0], "/a"), "0");
	CHECK_STR_EQ(read0(t[2], "/a"), "2");
	txn_free(t[0]);
	CHECK_STR_EQ(read0(t[2], "/b"), "2");
	CHECK_EQ(f.store->dead.n_links, 1);
	txn_free(t[2]);
	CHECK_EQ(f.store->dead.n_links, 0);
}

MODEL_TEST(a_tree_removed_outside_stays_visible_with_all_its_levels)
{
	struct txn *t;

	write0(NULL, "/d/e/f", "v");
	t = fixture_txn(&f, &f.dom0);
	fixture_rm(&f, &f.dom0, NULL, "/d");
	write0(NULL, "/d/e/h", "other");
	CHECK_STR_EQ(read0(t, "/d/e/f"), "v");
	CHECK_STR_EQ(list0(t, "/d/e"), "f ");
	CHECK_STR_EQ(list0(t, "/d"), "e ");
	txn_free(t);
	CHECK_EQ(f.store->dead.n_links, 0);
}

MODEL_TEST(quota_of_nodes_holds_for_a_commit_as_a_whole)
{
	struct txn *t, *u;

	write0(NULL, "/g", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/g", "n0,b1");
	f.dom1.account->limit[QUOTA_NODES] = 2;
	t = fixture_txn(&f, &f.dom1);
	u = fixture_txn(&f, &f.dom1);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g/1", ""), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g/2", ""), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g/3", ""), -ENOSPC);
	CHECK_EQ(fixture_write(&f, &f.dom1, u, "/g/4", ""), 0);
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_EQ(fixture_commit(&f, u), -ENOSPC);
	CHECK_EQ(f.dom1.account->used[QUOTA_NODES], 2);
	t = fixture_txn(&f, &f.dom1);
	CHECK_EQ(fixture_rm(&f, &f.dom1, t, "/g/1"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g/1", ""), 0);
	CHECK_EQ(fixture_commit(&f, t), 0);
}

MODEL_TEST(quota_of_nodes_per_transaction_ends_in_a_failed_one)
{
	struct txn *t;

	f.dom1.account->limit[QUOTA_TXN_NODES] = 2;
	write0(NULL, "/g", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/g", "n0,b1");
	t = fixture_txn(&f, &f.dom1);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g/1", ""), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g/2", ""), -ENOSPC);
	CHECK_EQ(fixture_commit(&f, t), -ENOMEM);
}

MODEL_TEST(quota_of_transactions_lets_exactly_n_pass)
{
	struct txn *t, *u = NULL;

	f.dom1.account->limit[QUOTA_TRANSACTIONS] = 1;
	t = fixture_txn(&f, &f.dom1);
	CHECK_EQ(txn_new(&u, f.store, f.dom1.account, 2), -ENOSPC);
	txn_free(t);
}

MODEL_TEST(permissions_set_for_a_domain_that_died_meanwhile_do_not_come_true)
{
	struct txn *t = fixture_txn(&f, &f.dom0);

	write0(t, "/a", "");
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, t, "/a", "n0,b1"), 0);
	death_sweep(f.store, f.watches, 1, false);
	CHECK_EQ(fixture_commit(&f, t), -EAGAIN);
}

MODEL_TEST(a_lost_transaction_can_be_used_and_ends_with_eagain)
{
	struct txn *txn;

	CHECK_EQ(txn_new_lost(&txn, f.store, f.dom0.account, 7), 0);
	CHECK_EQ(fixture_write(&f, &f.dom0, txn, "/a", "x"), 0);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, txn, "/a"), "x");
	CHECK_EQ(fixture_commit(&f, txn), -EAGAIN);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/a"), "error -2");
	CHECK_EQ(txn_new_lost(&txn, f.store, f.dom0.account, 8), 0);
	CHECK_EQ(fixture_commit(&f, txn), -EAGAIN);
}

MODEL_TEST(children_come_in_the_order_of_their_creation)
{
	struct txn *txn = fixture_txn(&f, &f.dom0);

	CHECK_STR_EQ(fixture_read(&f, &f.dom0, txn, "/a/looked-at-first"), "error -2");
	CHECK_EQ(fixture_write(&f, &f.dom0, txn, "/a/x", ""), 0);
	CHECK_EQ(fixture_write(&f, &f.dom0, txn, "/a/looked-at-first", ""), 0);
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, txn, "/a"), "x looked-at-first ");
	CHECK_EQ(fixture_commit(&f, txn), 0);
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/a"), "x looked-at-first ");
}

MODEL_TEST(a_transaction_is_charged_for_what_it_touches_and_writes)
{
	uint32_t before = f.dom1.account->used[QUOTA_MEMORY], touched;
	struct txn *t;

	write0(NULL, "/g", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/g", "b0");
	t = fixture_txn(&f, &f.dom1);
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, t, "/g"), "");
	touched = f.dom1.account->used[QUOTA_MEMORY];
	CHECK(touched >= before + sizeof(struct txn_node));
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g", "12345678"), 0);
	CHECK_EQ(f.dom1.account->used[QUOTA_MEMORY], touched + 8);
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g", "1"), 0);
	CHECK_EQ(f.dom1.account->used[QUOTA_MEMORY], touched + 1);
	f.dom1.account->limit[QUOTA_MEMORY] = touched + 8;
	CHECK_EQ(fixture_write(&f, &f.dom1, t, "/g", "123456789"), -ENOMEM);
	CHECK_EQ(fixture_commit(&f, t), -ENOMEM);
	CHECK_EQ(f.dom1.account->used[QUOTA_MEMORY], before);
}

MODEL_TEST(the_past_is_charged_to_whose_transaction_sees_it)
{
	struct txn *t, *younger;
	uint32_t one;

	write0(NULL, "/a", "1");
	write0(NULL, "/b", "1");
	t = fixture_txn(&f, &f.dom1);
	write0(NULL, "/a", "2");
	one = f.dom1.account->used[QUOTA_MEMORY];
	CHECK(one > 0);
	younger = fixture_txn(&f, &f.dom2);
	write0(NULL, "/a", "3");
	fixture_rm(&f, &f.dom0, NULL, "/b");
	CHECK_EQ(f.dom1.account->used[QUOTA_MEMORY], one);
	CHECK(f.dom2.account->used[QUOTA_MEMORY] > one);
	/* What the older one still sees becomes its own. */
	txn_free(younger);
	CHECK_EQ(f.dom2.account->used[QUOTA_MEMORY], 0);
	CHECK(f.dom1.account->used[QUOTA_MEMORY] > one);
	txn_free(t);
	CHECK_EQ(f.dom1.account->used[QUOTA_MEMORY], 0);
}

MODEL_TEST(a_transaction_for_which_too_much_is_kept_is_lost)
{
	struct txn *greedy, *modest;
	char path[16];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/a/%d", i);
		write0(NULL, path, "x");
	}
	fixture_set_perms(&f, &f.dom0, NULL, "/a/1", "r0");
	f.dom1.account->limit[QUOTA_MEMORY] = 2000;
	modest = fixture_txn(&f, &f.dom2);
	greedy = fixture_txn(&f, &f.dom1);
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, greedy, "/a/1"), "x");
	fixture_rm(&f, &f.dom0, NULL, "/a");
	CHECK(f.store->has_greedy);
	txn_lose_greedy(f.store);
	CHECK(f.dom1.account->used[QUOTA_MEMORY] <= 2000);
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, greedy, "/a/1"), "error -13");
	CHECK_EQ(fixture_commit(&f, greedy), -EAGAIN);
	CHECK_STR_EQ(fixture_read(&f, &f.dom2, modest, "/a/1"), "x");
	CHECK_EQ(fixture_commit(&f, modest), 0);
}
