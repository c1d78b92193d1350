/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store tells its observer, and how a node is put back. */
#include "model/store.h"

#include <errno.h>

#include "xenstored_fixture.h"

static char heard[1024];

static void hear(const char *what, const struct node *node)
{
	size_t n = strlen(heard);
	char path[PATH_LEN_MAX + 1];

	snprintf(heard + n, sizeof(heard) - n, "%s %s; ", what, node_path(node, path));
}

static void hear_added(void *ctx, const struct node *node)
{
	(void)ctx;
	hear("added", node);
}

static void hear_value(void *ctx, const struct node *node)
{
	(void)ctx;
	hear("value", node);
}

static void hear_perms(void *ctx, const struct node *node)
{
	(void)ctx;
	hear("perms", node);
}

static void hear_removing(void *ctx, const struct node *node)
{
	(void)ctx;
	hear("removing", node);
}

static const struct store_observer observer = { hear_added, hear_value, hear_perms, hear_removing };

static const char *since(void)
{
	static char copy[sizeof(heard)];

	memcpy(copy, heard, sizeof(heard));
	heard[0] = '\0';
	return copy;
}

MODEL_TEST(every_change_outside_transactions_is_told_once)
{
	f.store->observer = &observer;
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/a/b", "x"), 0);
	CHECK_STR_EQ(since(), "added /a; added /a/b; ");
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/a/b", "y"), 0);
	CHECK_STR_EQ(since(), "value /a/b; ");
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/a/b", "n1"), 0);
	CHECK_STR_EQ(since(), "perms /a/b; ");
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/a"), 0);
	CHECK_STR_EQ(since(), "removing /a; ");
	f.store->observer = NULL;
}

MODEL_TEST(a_transaction_is_told_when_it_commits)
{
	struct txn *txn;

	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/old/x", ""), 0);
	f.store->observer = &observer;
	txn = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_write(&f, &f.dom0, txn, "/a/b", "x"), 0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, txn, "/old"), 0);
	CHECK_STR_EQ(since(), "");
	CHECK_EQ(fixture_commit(&f, txn), 0);
	CHECK_STR_EQ(since(), "removing /old; added /a; added /a/b; ");
	f.store->observer = NULL;
}

MODEL_TEST(the_death_of_a_domain_is_told)
{
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/of1/x", ""), 0);
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/of1", "n1"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/for1", ""), 0);
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/for1", "n0,r1"), 0);
	f.store->observer = &observer;
	death_sweep(f.store, f.watches, 1, false);
	CHECK(strstr(heard, "removing /of1; "));
	CHECK(strstr(since(), "perms /for1; "));
	f.store->observer = NULL;
}

MODEL_TEST(a_restored_node_keeps_the_generation_of_its_creation)
{
	struct perms *perms = f.store->root->perms;
	struct node *node;
	uint32_t n_nodes = f.dom0.account->used[QUOTA_NODES];

	f.store->generation = 1000;
	node = store_new_node("a", 1, "v", 1, perms);
	CHECK(node);
	CHECK_EQ(store_prepare_parent(f.store->root), 0);
	store_restore(f.store, f.store->root, node, 77);
	CHECK_EQ(node->created, 77);
	CHECK_EQ(node_generation(node), 1000);
	CHECK_EQ(f.store->generation, 1000);
	CHECK_EQ(f.dom0.account->used[QUOTA_NODES], n_nodes + 1);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/a"), "v");
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/a"), 0);
}

struct limit_heard {
	uint32_t domid;
	enum quota_item item;
	uint32_t limit;
	uint32_t n;
};

static void hear_limit(void *ctx, const struct quota_account *account, enum quota_item item,
		       bool soft, uint32_t limit)
{
	struct limit_heard *l = ctx;

	(void)soft;
	*l = (struct limit_heard){ account ? account->domid : ~0u, item, limit, l->n + 1 };
}

MODEL_TEST(limits_are_told_and_an_account_with_its_own_does_not_follow)
{
	struct limit_heard l = { 0 };

	quota_observe(f.quota, hear_limit, &l);
	quota_set_limit(f.quota, QUOTA_NODES, false, 50);
	CHECK_EQ(l.domid, ~0u);
	CHECK_EQ(l.limit, 50);
	quota_set_own_limit(f.dom1.account, QUOTA_NODES, false, 60);
	CHECK_EQ(l.domid, 1);
	CHECK_EQ(l.item, QUOTA_NODES);
	CHECK_EQ(l.limit, 60);
	quota_set_limit(f.quota, QUOTA_NODES, false, 70);
	CHECK_EQ(f.dom1.account->limit[QUOTA_NODES], 60);
	CHECK_EQ(f.dom2.account->limit[QUOTA_NODES], 70);
	CHECK_EQ(l.n, 3);
	quota_observe(f.quota, NULL, NULL);
}
