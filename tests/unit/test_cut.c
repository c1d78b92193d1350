/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree that a tool removes whole in a transaction: one note instead of one for each node, and
 * nobody can tell. The same requests go to two stores, in one of which dom0 has quotas (without
 * limits), so that there each node is taken note of; answers, events and what is left are the same.
 * XENSTORED_SEEDS=A-B plays all of those.
 */
#include <errno.h>

#include "model/check.h"
#include "xenstored_fixture.h"

#define N_TXNS	   3
#define N_STEPS	   300
#define N_SEEDS	   200
#define ANSWER_MAX 512

/* 0: in one cut; 1: node by node */
static struct fixture worlds[2];
static struct txn *txns[N_TXNS][2];
static uint64_t dice;

static uint32_t roll(uint32_t n)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice >> 33) % n;
}

static void begin_world(struct fixture *w, bool whole)
{
	fixture_init(w);
	w->dom0.account->exempt = whole;
	for (enum quota_item item = 0; !whole && item < QUOTA_N; item++)
		quota_set_own_limit(w->dom0.account, item, false, 0);
}

static struct watcher *of(struct fixture *w, uint32_t who)
{
	struct watcher *const watchers[] = { &w->dom0, &w->dom1, &w->dom2 };

	return watchers[who];
}

static void random_path(char *path)
{
	uint32_t depth = 1 + roll(4);

	path[0] = '\0';
	for (uint32_t i = 0; i < depth; i++)
		sprintf(path + strlen(path), "/%c", 'a' + (char)roll(i ? 3 : 2));
}

struct request {
	uint32_t op;
	char path[32];
	char value[8];
	char perms[16];
};

static void random_request(struct request *request)
{
	static const uint32_t ops[] = { 0, 1, 2, 2, 2, 3, 4, 4, 5 };

	request->op = ops[roll(sizeof(ops) / sizeof(ops[0]))];
	random_path(request->path);
	snprintf(request->value, sizeof(request->value), "%u", roll(100));
	snprintf(request->perms, sizeof(request->perms), "%c%u,%c%u", "nrwb"[roll(4)], roll(3),
		 "nrwb"[roll(4)], roll(3));
}

static void ask(struct fixture *w, uint32_t who, struct txn *txn, const struct request *request,
		char *answer)
{
	struct watcher *watcher = of(w, who);
	struct view view = fixture_view(w, watcher, txn);
	int r = 0;

	switch (request->op) {
	case 0:
		snprintf(answer, ANSWER_MAX, "%s", fixture_read(w, watcher, txn, request->path));
		return;
	case 1:
		snprintf(answer, ANSWER_MAX, "%s", fixture_list(w, watcher, txn, request->path));
		return;
	case 2:
		r = fixture_write(w, watcher, txn, request->path, request->value);
		break;
	case 3:
		r = view_mkdir(&view, fixture_path(w, request->path));
		break;
	case 4:
		r = fixture_rm(w, watcher, txn, request->path);
		break;
	default:
		r = fixture_set_perms(w, watcher, txn, request->path, request->perms);
	}
	snprintf(answer, ANSWER_MAX, "%d", r);
}

static void compare_events(uint64_t seed, int step)
{
	if (strcmp(worlds[0].events, worlds[1].events) != 0)
		fail_msg("seed %lu, step %d: events \"%s\", node by node \"%s\"",
			 (unsigned long)seed, step, worlds[0].events, worlds[1].events);
	worlds[0].events[0] = worlds[1].events[0] = '\0';
}

static void compare(uint64_t seed, int step, const char *what, const char *whole,
		    const char *single)
{
	if (strcmp(whole, single) != 0)
		fail_msg("seed %lu, step %d: %s: \"%s\", node by node \"%s\"", (unsigned long)seed,
			 step, what, whole, single);
	compare_events(seed, step);
}

static void request_step(uint64_t seed, int step, uint32_t who, int i)
{
	struct request request;
	char answers[2][ANSWER_MAX];

	random_request(&request);
	for (int k = 0; k < 2; k++)
		ask(&worlds[k], who, i < 0 ? NULL : txns[i][k], &request, answers[k]);
	compare(seed, step, request.path, answers[0], answers[1]);
}

static void end_step(uint64_t seed, int step, int i)
{
	bool commit = roll(4), is_outdated = txn_is_outdated(txns[i][0]);
	char answers[2][ANSWER_MAX];

	CHECK_EQ(is_outdated, txn_is_outdated(txns[i][1]));
	if (!roll(4))
		CHECK_EQ(txn_uncut_all(txns[i][0]), 0);
	for (int k = 0; k < 2; k++) {
		int r = commit ? txn_commit(txns[i][k], worlds[k].watches, NULL) : 0;

		snprintf(answers[k], ANSWER_MAX, "%d", r);
		txn_free(txns[i][k]);
		txns[i][k] = NULL;
	}
	compare(seed, step, "commit", answers[0], answers[1]);
}

static void watch_step(void)
{
	static const uint16_t depths[] = { WATCH_DEPTH_ANY, 0, 1 };
	uint32_t who = roll(3);
	uint16_t depth = depths[roll(3)];
	struct watch *watch;
	char path[32];

	random_path(path);
	for (int k = 0; k < 2; k++) {
		struct fixture *w = &worlds[k];

		watch_add(w->watches, of(w, who), fixture_path(w, path), "t", depth, &watch);
	}
}

static uint32_t n_cuts;

static void step(uint64_t seed, int number)
{
	int i = (int)roll(N_TXNS + 1) - 1;

	if (!roll(30))
		watch_step();
	if (i < 0) {
		request_step(seed, number, roll(3), -1);
	} else if (!txns[i][0]) {
		for (int k = 0; k < 2; k++)
			txns[i][k] = fixture_txn(&worlds[k], &worlds[k].dom0);
	} else if (!roll(7)) {
		n_cuts += txns[i][0]->n_cuts;
		end_step(seed, number, i);
	} else {
		request_step(seed, number, 0, i);
	}
}

static void report(void *ctx, const char *what)
{
	fail_msg("seed %lu: %s", (unsigned long)*(uint64_t *)ctx, what);
}

/* All of the tree, with values and permissions. */
static void compare_trees(void)
{
	struct node *nodes[2] = { worlds[0].store->root, worlds[1].store->root };

	while (nodes[0] && nodes[1]) {
		CHECK_EQ(nodes[0]->link.hash, nodes[1]->link.hash);
		CHECK_EQ(nodes[0]->value_len, nodes[1]->value_len);
		CHECK_MEM_EQ(nodes[0]->value, nodes[1]->value, nodes[0]->value_len);
		CHECK_EQ(nodes[0]->perms->link.hash, nodes[1]->perms->link.hash);
		for (int k = 0; k < 2; k++)
			nodes[k] = store_next_preorder(worlds[k].store->root, nodes[k]);
	}
	CHECK(!nodes[0] && !nodes[1]);
}

static void play(uint64_t seed)
{
	dice = seed * 0x9e3779b97f4a7c15u;
	begin_world(&worlds[0], true);
	begin_world(&worlds[1], false);
	for (int i = 0; i < N_STEPS; i++)
		step(seed, i);
	for (int i = 0; i < N_TXNS; i++)
		for (int k = 0; k < 2; k++) {
			txn_free(txns[i][k]);
			txns[i][k] = NULL;
		}
	compare_trees();
	for (int k = 0; k < 2; k++) {
		struct fixture *w = &worlds[k];

		check_store(w->store, report, &seed);
		CHECK_EQ(w->store->dead.n_links, 0);
		for (uint32_t domid = 1; domid < 3; domid++)
			death_sweep(w->store, w->watches, domid, false);
		fixture_deinit(w);
	}
}

TEST(nobody_can_tell_a_tree_that_is_cut_off_whole_from_one_removed_node_by_node)
{
	const char *range = getenv("XENSTORED_SEEDS");
	unsigned long from = 1, to = N_SEEDS;

	if (range)
		CHECK_EQ(sscanf(range, "%lu-%lu", &from, &to), 2);
	n_cuts = 0;
	for (uint64_t seed = from; seed <= to; seed++)
		play(seed);
	CHECK(n_cuts > (to - from + 1) / 2);
}

static void grow(struct txn *txn, const char *top, int n)
{
	char path[64];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%d/x/y", top, i);
		CHECK_EQ(fixture_write(&f, &f.dom0, txn, path, "v"), 0);
	}
}

MODEL_TEST(a_tool_takes_note_of_the_top_only)
{
	struct txn *t;

	grow(NULL, "/d", 20);
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	CHECK_EQ(t->n_nodes, 2);
	CHECK_EQ(t->n_cuts, 1);
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/"), "tool ");
}

MODEL_TEST(who_has_a_quota_of_nodes_pays_for_each)
{
	struct txn *t;

	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/d/a/b", ""), 0);
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/d", "n1"), 0);
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/d/a", "n1"), 0);
	t = fixture_txn(&f, &f.dom1);
	CHECK_EQ(fixture_rm(&f, &f.dom1, t, "/d/a"), 0);
	CHECK_EQ(t->n_cuts, 0);
	CHECK_EQ(t->n_nodes, 3);
	CHECK_EQ(fixture_commit(&f, t), 0);
}

MODEL_TEST(looking_into_a_tree_that_was_cut_off_finds_nothing_and_takes_note_of_all)
{
	struct txn *t;

	grow(NULL, "/d", 3);
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, t, "/d/1/x"), "error -2");
	CHECK_EQ(t->n_cuts, 0);
	CHECK_EQ(t->n_nodes, 2 + 9);
	CHECK_EQ(fixture_write(&f, &f.dom0, t, "/d/1", "again"), 0);
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, t, "/d"), "1 ");
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, t, "/d/1"), "");
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/d"), "1 ");
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/d/1"), "");
}

MODEL_TEST(a_change_deep_in_a_tree_that_was_cut_off_is_a_conflict_at_that_node)
{
	struct txn *t;

	grow(NULL, "/d", 3);
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/d/1/x/y", "w"), 0);
	CHECK(txn_is_outdated(t));
	CHECK_EQ(txn_commit(t, f.watches, NULL), -EAGAIN);
	fixture_path(&f, "/d/1/x/y");
	CHECK(t->fought_over == f.path.hash[4]);
	txn_free(t);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/d/1/x/y"), "w");
}

MODEL_TEST(a_tree_that_was_cut_off_goes_with_one_above_it)
{
	struct txn *t;

	grow(NULL, "/d/e", 3);
	fixture_watch(&f, &f.dom0, "/d/e/1/x", "w", WATCH_DEPTH_ANY);
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d/e"), 0);
	CHECK_EQ(t->n_cuts, 1);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(f.events, "dom0:/d/e/1/x w; ");
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/"), "tool ");
}

MODEL_TEST(who_may_not_see_a_node_does_not_hear_that_it_was_cut_off_with_its_tree)
{
	struct txn *t;

	grow(NULL, "/d", 2);
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/d/1/x", "n0,r1"), 0);
	fixture_watch(&f, &f.dom1, "/d/0/x", "no", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom1, "/d/1/x", "yes", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom2, "/d/1/x", "no", WATCH_DEPTH_ANY);
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(f.events, "dom1:/d/1/x yes; ");
}

MODEL_TEST(another_transaction_goes_on_seeing_a_tree_that_was_cut_off)
{
	struct txn *t, *other;

	grow(NULL, "/d", 2);
	other = fixture_txn(&f, &f.dom0);
	t = fixture_txn(&f, &f.dom0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, t, "/d"), 0);
	CHECK_EQ(fixture_commit(&f, t), 0);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, other, "/d/1/x/y"), "v");
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, other, "/d"), "0 1 ");
	CHECK_EQ(fixture_rm(&f, &f.dom0, other, "/d/1"), 0);
	CHECK_EQ(fixture_commit(&f, other), -EAGAIN);
	CHECK_EQ(f.store->dead.n_links, 0);
}
