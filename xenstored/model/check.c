/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks the tree once: every node is found under its path, its parent's counters are right, its
 * generations are possible, and the accounts add up.
 */
#include "model/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/path.h"
#include "model/quota.h"
#include "model/store.h"

struct checking {
	const struct store *store;
	void (*report)(void *ctx, const char *what);
	void *ctx;
	uint32_t n_wrong;
	uint32_t n_nodes;
	uint32_t *owned;  /* nodes by owner */
	uint64_t *memory; /* and their bytes */
};

static void wrong(struct checking *c, const struct node *node, const char *what)
{
	char path[PATH_LEN_MAX + 1];
	char line[PATH_LEN_MAX + 200];

	c->n_wrong++;
	snprintf(line, sizeof(line), "%s: %s", node ? node_path(node, path) : "store", what);
	c->report(c->ctx, line);
}

static void check_children(struct checking *c, const struct node *node)
{
	uint64_t before = 0;
	uint32_t n = 0, n_bytes = 0;
	const struct node *child;

	for (child = node_first_child(node); child; child = TAILQ_NEXT(child, sibling)) {
		n++;
		n_bytes += child->name_len + 1u;
		if (child->parent != node)
			wrong(c, child, "its parent does not know it");
		if (child->created <= before)
			wrong(c, child, "younger than the next child");
		before = child->created;
	}
	if (node->more && (n != node->more->n_children || n_bytes != node->more->children_bytes))
		wrong(c, node, "its children are miscounted");
}

static void check_node(struct checking *c, const struct node *node)
{
	char text[PATH_LEN_MAX + 1];
	uint32_t owner = perms_owner(node->perms);

	c->n_nodes++;
	node_path(node, text);
	if (strlen(text) != node->path_len)
		wrong(c, node, "the length of its path is wrong");
	if (store_find_text(c->store, node->link.hash, text, node->path_len) != node)
		wrong(c, node, "it is not found under its path");
	if (node->is_dead || node->is_doomed || node_generation(node) > c->store->generation)
		wrong(c, node, "its state is impossible");
	if (node->perms->detached)
		wrong(c, node, "its permissions name a domain that is gone");
	if (!quota_get(c->store->quota, owner)) {
		wrong(c, node, "its owner has no account");
		return;
	}
	c->owned[owner]++;
	c->memory[owner] += node_memory(node);
	check_children(c, node);
}

static void check_accounts(struct checking *c)
{
	const struct quota_account *account = quota_next(c->store->quota, -1);

	for (; account; account = quota_next(c->store->quota, (int)account->domid)) {
		char line[80];

		if (account->used[QUOTA_NODES] == c->owned[account->domid] &&
		    account->used[QUOTA_MEMORY] >= c->memory[account->domid])
			continue;
		snprintf(line, sizeof(line), "domain %u is charged wrongly", account->domid);
		wrong(c, NULL, line);
	}
}

/* All domids that have an account are below. */
static uint32_t domids_end(const struct quota *quota)
{
	const struct quota_account *account = quota_next(quota, -1);
	uint32_t end = 0;

	for (; account; account = quota_next(quota, (int)account->domid))
		end = account->domid + 1;
	return end;
}

uint32_t check_store(const struct store *store, void (*report)(void *ctx, const char *what),
		     void *ctx)
{
	struct checking c = { .store = store, .report = report, .ctx = ctx };
	struct node *node;

	c.owned = calloc(domids_end(store->quota), sizeof(*c.owned));
	c.memory = calloc(domids_end(store->quota), sizeof(*c.memory));
	if (c.owned && c.memory) {
		for (node = store_next_postorder(store->root, NULL); node;
		     node = store_next_postorder(store->root, node))
			check_node(&c, node);
		for (int i = 0; i < STORE_N_SPECIAL; i++)
			check_node(&c, store->specials[i]);
		if (c.n_nodes != store->nodes.n_links)
			wrong(&c, NULL, "there are nodes outside of the tree");
		check_accounts(&c);
	} else {
		wrong(&c, NULL, "no memory to look");
	}
	free(c.owned);
	free(c.memory);
	return c.n_wrong;
}
