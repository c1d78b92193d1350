/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random requests of three domains and several transactions at once, against the naive store. A
 * failure names the seed and the step; XENSTORED_SEED=N plays that seed alone, and says each step;
 * XENSTORED_SEEDS=A-B plays all of those.
 */
#include <errno.h>

#include "model/check.h"
#include "naive.h"
#include "xenstored_fixture.h"

#define N_TXNS	4
#define N_STEPS 400
#define N_SEEDS 150

struct world {
	uint64_t seed, state;
	int step;
	bool loud;
	struct naive_tree tree;
	struct naive_txn naive[N_TXNS];
	struct txn *txns[N_TXNS];
	struct watcher *owner[N_TXNS];
};

static struct world w;

static uint32_t roll(uint32_t n)
{
	w.state = w.state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(w.state >> 33) % n;
}

static void deviates(const char *what, const char *expected, const char *got)
{
	fail_msg("seed %lu, step %d: %s: expected \"%s\", got \"%s\"", (unsigned long)w.seed,
		 w.step, what, expected, got);
}

static void random_path(char *path)
{
	uint32_t depth = 1 + roll(4);

	path[0] = '\0';
	if (!roll(40)) {
		strcpy(path, "/");
		return;
	}
	for (uint32_t i = 0; i < depth; i++)
		sprintf(path + strlen(path), "/%c", 'a' + (char)roll(i ? 3 : 2));
}

static void random_request(struct naive_request *request)
{
	static const enum naive_op ops[] = { NAIVE_READ,      NAIVE_READ,  NAIVE_LIST,
					     NAIVE_GET_PERMS, NAIVE_WRITE, NAIVE_WRITE,
					     NAIVE_WRITE,     NAIVE_MKDIR, NAIVE_RM,
					     NAIVE_SET_PERMS };

	request->op = ops[roll(sizeof(ops) / sizeof(ops[0]))];
	random_path(request->path);
	snprintf(request->value, sizeof(request->value), "%.*s", (int)roll(23),
		 "abcdefghijklmnopqrstuvwxyz");
	request->n_perms = 1 + roll(3);
	for (uint32_t i = 0; i < request->n_perms; i++)
		request->perms[i] = (struct perm){ .domid = roll(3), .rights = (uint8_t)roll(4) };
}

static int view_do(struct view *view, const struct naive_request *request, char *answer,
		   size_t size)
{
	struct view_listing listing;
	struct node_view node;
	uint32_t n;
	int r;

	fixture_path(&f, request->path);
	switch (request->op) {
	case NAIVE_WRITE:
		return view_write(view, &f.path, request->value, (uint32_t)strlen(request->value));
	case NAIVE_MKDIR:
		return view_mkdir(view, &f.path);
	case NAIVE_RM:
		return view_rm(view, &f.path);
	case NAIVE_SET_PERMS:
		return view_set_perms(view, &f.path, request->perms, request->n_perms);
	case NAIVE_LIST:
		r = view_list(view, &f.path, &listing);
		if (r < 0)
			return r;
		n = view_listing_copy(&listing, 0, answer, (uint32_t)size - 1, true);
		view_listing_deinit(&listing);
		break;
	default:
		r = view_read(view, &f.path, &node);
		if (r < 0)
			return r;
		if (request->op == NAIVE_READ) {
			snprintf(answer, size, "%.*s", (int)node.value_len, node.value);
			return 0;
		}
		n = (uint32_t)perms_format(node.perms, answer);
	}
	for (uint32_t i = 0; i < n; i++)
		if (!answer[i])
			answer[i] = ' ';
	answer[n] = '\0';
	return 0;
}

static void request_step(struct watcher *who, int i)
{
	static const char *const names[] = { "READ",  "LIST", "GET_PERMS", "WRITE",
					     "MKDIR", "RM",   "SET_PERMS" };
	struct view view = fixture_view(&f, who, i < 0 ? NULL : w.txns[i]);
	struct naive_request request;
	char expected[512], got[512] = "", what[128];
	int r, r2;

	random_request(&request);
	if (i >= 0 && w.naive[i].n_changes == NAIVE_CHANGE)
		return;
	snprintf(what, sizeof(what), "dom%u txn %d %s %s", who->subject.domid, i, names[request.op],
		 request.path);
	r = naive_do(&w.tree, i < 0 ? NULL : &w.naive[i], &who->subject, &request, expected,
		     sizeof(expected));
	r2 = view_do(&view, &request, got, sizeof(got));
	if (w.loud)
		print_message("%d: %s = %d %s\n", w.step, what, r, expected);
	if (r < 0)
		snprintf(expected, sizeof(expected), "error %d", r);
	if (r2 < 0)
		snprintf(got, sizeof(got), "error %d", r2);
	if (strcmp(expected, got) != 0)
		deviates(what, expected, got);
}

static void end_step(int i)
{
	bool commit = roll(4);
	int r = commit ? naive_commit(&w.tree, &w.naive[i]) : 0;
	int r2 = commit ? txn_commit(w.txns[i], f.watches, NULL) : 0;
	char expected[16], got[16];

	txn_free(w.txns[i]);
	w.txns[i] = NULL;
	if (w.loud)
		print_message("%d: end of txn %d = %d\n", w.step, i, r);
	snprintf(expected, sizeof(expected), "%d", r);
	snprintf(got, sizeof(got), "%d", r2);
	if (r != r2)
		deviates("commit", expected, got);
}

static void step(void)
{
	struct watcher *watchers[] = { &f.dom0, &f.dom1, &f.dom2 };
	int i = (int)roll(N_TXNS + 2) - 2;

	if (i < 0) {
		request_step(watchers[roll(3)], -1);
		return;
	}
	if (!w.txns[i]) {
		w.owner[i] = watchers[roll(3)];
		w.txns[i] = fixture_txn(&f, w.owner[i]);
		naive_begin(&w.tree, &w.naive[i]);
	} else if (roll(12) == 0) {
		end_step(i);
	} else {
		request_step(w.owner[i], i);
	}
}

static void report(void *ctx, const char *what)
{
	(void)ctx;
	deviates("check", "", what);
}

static void compare_all(void)
{
	struct view view = fixture_view(&f, &f.dom0, NULL);

	for (uint32_t i = 0; i < w.tree.n; i++) {
		for (enum naive_op op = NAIVE_READ; op <= NAIVE_GET_PERMS; op++) {
			struct naive_request request = { .op = op };
			char expected[512], got[512];

			strcpy(request.path, w.tree.nodes[i].path);
			naive_do(&w.tree, NULL, &f.dom0.subject, &request, expected,
				 sizeof(expected));
			CHECK_EQ(view_do(&view, &request, got, sizeof(got)), 0);
			if (strcmp(expected, got) != 0)
				deviates(request.path, expected, got);
		}
	}
	CHECK_EQ(f.store->nodes.n_links, w.tree.n + STORE_N_SPECIAL);
	check_store(f.store, report, NULL);
}

static void play(uint64_t seed, bool loud)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.state = seed * 0x9e3779b97f4a7c15u;
	w.loud = loud;
	fixture_init(&f);
	naive_init(&w.tree);
	for (w.step = 0; w.step < N_STEPS; w.step++)
		step();
	for (int i = 0; i < N_TXNS; i++)
		txn_free(w.txns[i]);
	compare_all();
	CHECK_EQ(f.store->dead.n_links, 0);
	/* The accounts of all three must be empty in the end, so nothing may be left to guests. */
	death_sweep(f.store, f.watches, 1, false);
	death_sweep(f.store, f.watches, 2, false);
	check_store(f.store, report, NULL);
	fixture_deinit(&f);
}

TEST(the_store_answers_as_the_naive_one_does)
{
	const char *seed = getenv("XENSTORED_SEED"), *range = getenv("XENSTORED_SEEDS");
	unsigned long from = 1, to = N_SEEDS;

	if (seed) {
		play(strtoull(seed, NULL, 10), true);
		return;
	}
	if (range)
		CHECK_EQ(sscanf(range, "%lu-%lu", &from, &to), 2);
	for (uint64_t i = from; i <= to; i++)
		play(i, false);
}
