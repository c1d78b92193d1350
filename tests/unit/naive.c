/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything by looking at every node. */
#include "naive.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/txn.h"

static struct naive_node *find(struct naive_tree *tree, const char *path)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (strcmp(tree->nodes[i].path, path) == 0)
			return &tree->nodes[i];
	return NULL;
}

static void parent_of(const char *path, char *parent)
{
	char *slash;

	snprintf(parent, NAIVE_PATH, "%s", path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
}

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && path[n] == '/';
}

static unsigned int rights(const struct naive_node *node, const struct subject *who)
{
	if (who->privileged || node->perms[0].domid == who->domid)
		return PERMS_READ | PERMS_WRITE | PERMS_OWNER;
	for (uint32_t i = 1; i < node->n_perms; i++)
		if (node->perms[i].domid == who->domid)
			return node->perms[i].rights;
	return node->perms[0].rights;
}

void naive_init(struct naive_tree *tree)
{
	static const char *const first[] = { "/", "/tool", "/tool/xenstored" };

	memset(tree, 0, sizeof(*tree));
	for (int i = 0; i < 3; i++) {
		struct naive_node *node = &tree->nodes[tree->n++];

		snprintf(node->path, sizeof(node->path), "%s", first[i]);
		node->n_perms = 1;
	}
}

static void touch(struct naive_txn *txn, const char *path, unsigned int what)
{
	if (!txn)
		return;
	for (uint32_t i = 0; i < txn->n_touched; i++)
		if (strcmp(txn->touched[i].path, path) == 0) {
			txn->touched[i].touch |= what;
			return;
		}
	assert(txn->n_touched < NAIVE_TOUCH);
	snprintf(txn->touched[txn->n_touched].path, NAIVE_PATH, "%s", path);
	txn->touched[txn->n_touched++].touch = what;
}

/* The nearest one above @path that exists. */
static struct naive_node *ancestor(struct naive_tree *tree, struct naive_txn *txn, const char *path)
{
	char at[NAIVE_PATH];
	struct naive_node *node;

	snprintf(at, sizeof(at), "%s", path);
	do {
		char parent[NAIVE_PATH];

		parent_of(at, parent);
		strcpy(at, parent);
		node = find(tree, at);
	} while (!node);
	touch(txn, at, TXN_PARENT);
	return node;
}

static int look(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
		const char *path, unsigned int need, unsigned int how, struct naive_node **out)
{
	touch(txn, path, how);
	*out = find(tree, path);
	if (*out)
		return (rights(*out, who) & need) == need ? 0 : -EACCES;
	if (who->privileged)
		return -ENOENT;
	return rights(ancestor(tree, txn, path), who) & need ? -ENOENT : -EACCES;
}

static void list(struct naive_tree *tree, const char *path, char *answer, size_t size)
{
	answer[0] = '\0';
	for (uint32_t i = 0; i < tree->n; i++) {
		char parent[NAIVE_PATH];
		const char *child = tree->nodes[i].path;
		size_t n = strlen(answer);

		if (strcmp(child, "/") == 0)
			continue;
		parent_of(child, parent);
		if (strcmp(parent, path) == 0)
			snprintf(answer + n, size - n, "%s ", strrchr(child, '/') + 1);
	}
}

static void format_perms(const struct naive_node *node, char *answer, size_t size)
{
	answer[0] = '\0';
	for (uint32_t i = 0; i < node->n_perms; i++) {
		size_t n = strlen(answer);

		snprintf(answer + n, size - n, "%c%u ", "nrwb"[node->perms[i].rights],
			 node -> perms[i].domid);
	}
}

static void create(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
		   const char *path, const char *value)
{
	struct naive_node *parent = ancestor(tree, txn, path);
	char at[NAIVE_PATH];
	size_t n = strlen(parent->path);

	if (n == 1)
		n = 0;
	do {
		struct naive_node *node = &tree->nodes[tree->n];

		assert(tree->n < NAIVE_NODES);
		n += 1 + strcspn(path + n + 1, "/");
		snprintf(at, sizeof(at), "%.*s", (int)n, path);
		touch(txn, at, 0);
		memset(node, 0, sizeof(*node));
		strcpy(node->path, at);
		memcpy(node->perms, parent->perms, sizeof(node->perms));
		node->n_perms = parent->n_perms;
		if (!who->privileged)
			node->perms[0].domid = who->domid;
		node->created = node->value_gen = node->perms_gen = node->children_gen =
			++tree->generation;
		parent->children_gen = node->created;
		parent = node;
		tree->n++;
	} while (path[n]);
	snprintf(parent->value, sizeof(parent->value), "%s", value);
}

static int rm(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
	      const char *path)
{
	struct naive_node *node, *parent;
	char parent_path[NAIVE_PATH];
	int r = look(tree, txn, who, path, PERMS_WRITE, TXN_READ, &node);

	if (r < 0 && r != -ENOENT)
		return r;
	if (strcmp(path, "/") == 0)
		return -EINVAL;
	parent_of(path, parent_path);
	parent = find(tree, parent_path);
	/* That there is no parent is an answer. */
	touch(txn, parent_path, parent ? TXN_PARENT : TXN_READ);
	if (r == -ENOENT)
		return parent ? 0 : -ENOENT;
	parent->children_gen = ++tree->generation;
	for (uint32_t i = 0; i < tree->n;) {
		const char *at = tree->nodes[i].path;

		if (strcmp(at, path) != 0 && !is_below(at, path)) {
			i++;
			continue;
		}
		if (txn) {
			const struct naive_node *base = find(&txn->start, at);
			bool is_base = base && base->created == tree->nodes[i].created;

			touch(txn, at, TXN_READ | (is_base ? TXN_LIST : 0));
		}
		memmove(&tree->nodes[i], &tree->nodes[i + 1],
			(tree->n - i - 1) * sizeof(tree->nodes[0]));
		tree->n--;
	}
	return 0;
}

static int set_perms(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
		     const struct naive_request *request)
{
	struct naive_node *node;
	int r = look(tree, txn, who, request->path, PERMS_WRITE | PERMS_OWNER, TXN_READ, &node);

	if (r < 0)
		return r;
	if (!who->privileged && request->perms[0].domid != node->perms[0].domid)
		return -EPERM;
	memcpy(node->perms, request->perms, sizeof(node->perms));
	node->n_perms = request->n_perms;
	node->perms_gen = ++tree->generation;
	return 0;
}

static int change(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
		  const struct naive_request *request)
{
	struct naive_node *node;
	int r;

	if (request->op == NAIVE_RM)
		return rm(tree, txn, who, request->path);
	if (request->op == NAIVE_SET_PERMS)
		return set_perms(tree, txn, who, request);
	r = look(tree, txn, who, request->path, PERMS_WRITE, TXN_READ, &node);
	if (r == -ENOENT) {
		create(tree, txn, who, request->path,
		       request->op == NAIVE_WRITE ? request->value : "");
		return 0;
	}
	if (r == 0 && request->op == NAIVE_WRITE) {
		strcpy(node->value, request->value);
		node->value_gen = ++tree->generation;
	}
	return r;
}

int naive_do(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
	     const struct naive_request *request, char *answer, size_t size)
{
	struct naive_tree *at = txn ? &txn->now : tree;
	struct naive_node *node;
	uint64_t before = at->generation;
	unsigned int how = request->op == NAIVE_LIST ? TXN_LIST | TXN_PARENT : TXN_READ;
	int r;

	answer[0] = '\0';
	if (request->op >= NAIVE_WRITE) {
		r = change(at, txn, who, request);
		if (txn && at->generation != before) {
			assert(txn->n_changes < NAIVE_CHANGE);
			txn->who[txn->n_changes] = *who;
			txn->changes[txn->n_changes++] = *request;
		}
		return r;
	}
	r = look(at, txn, who, request->path, PERMS_READ, how, &node);
	if (r < 0)
		return r;
	if (request->op == NAIVE_READ)
		snprintf(answer, size, "%s", node->value);
	else if (request->op == NAIVE_LIST)
		list(at, request->path, answer, size);
	else
		format_perms(node, answer, size);
	return 0;
}

void naive_begin(const struct naive_tree *tree, struct naive_txn *txn)
{
	txn->start = txn->now = *tree;
	/* What the transaction makes must not look like what others make meanwhile. */
	txn->now.generation += 1000000;
	txn->n_touched = txn->n_changes = 0;
}

static bool same_perms(const struct naive_node *a, const struct naive_node *b)
{
	if (a->n_perms != b->n_perms)
		return false;
	for (uint32_t i = 0; i < a->n_perms; i++)
		if (a->perms[i].domid != b->perms[i].domid ||
		    a->perms[i].rights != b->perms[i].rights)
			return false;
	return true;
}

static bool conflicts(struct naive_tree *tree, struct naive_txn *txn, uint32_t i)
{
	const char *path = txn->touched[i].path;
	unsigned int how = txn->touched[i].touch;
	const struct naive_node *base = find(&txn->start, path);
	const struct naive_node *live = find(tree, path);
	const struct naive_node *mine = find(&txn->now, path);

	if (!base) {
		if (!live)
			return false;
		return (how & (TXN_READ | TXN_LIST)) || !mine || !same_perms(mine, live);
	}
	return !live || live->created != base->created || live->perms_gen != base->perms_gen ||
	       ((how & TXN_READ) && live->value_gen != base->value_gen) ||
	       ((how & TXN_LIST) && live->children_gen != base->children_gen);
}

/* Does @node have the same children in both trees, and in the same order? */
static bool same_children(struct naive_tree *a, struct naive_tree *b, const char *path)
{
	char in_a[512], in_b[512];

	list(a, path, in_a, sizeof(in_a));
	list(b, path, in_b, sizeof(in_b));
	if (strcmp(in_a, in_b) != 0)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct naive_node *child = &a->nodes[i], *other;
		char parent[NAIVE_PATH];

		if (strcmp(child->path, "/") == 0)
			continue;
		parent_of(child->path, parent);
		other = find(b, child->path);
		if (strcmp(parent, path) == 0 && (!other || other->created != child->created))
			return false;
	}
	return true;
}

/* What was made and unmade inside a transaction is no change to anybody else. */
static void forget_detours(struct naive_tree *before, struct naive_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		struct naive_node *node = &tree->nodes[i];
		const struct naive_node *former = find(before, node->path);

		if (former && former->created == node->created &&
		    same_children(before, tree, node->path))
			node->children_gen = former->children_gen;
	}
}

int naive_commit(struct naive_tree *tree, struct naive_txn *txn)
{
	static struct naive_tree before;
	char answer[512];

	if (!txn->n_changes)
		return 0;
	for (uint32_t i = 0; i < txn->n_touched; i++)
		if (conflicts(tree, txn, i))
			return -EAGAIN;
	before = *tree;
	for (uint32_t i = 0; i < txn->n_changes; i++)
		assert(naive_do(tree, NULL, &txn->who[i], &txn->changes[i], answer,
				sizeof(answer)) == 0);
	forget_detours(&before, tree);
	return 0;
}
