/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree that a tool removes whole. The transaction takes note of its top alone; what is below is
 * entered when the transaction looks there again, and, at the commit, what is watched. Everything
 * else is looked at where it stands, on its way out.
 */
#include <string.h>

#include "model/quota.h"
#include "model/txn.h"
#include "model/txn_priv.h"

/* Among more nodes than this nothing is searched for. */
#define SEARCH_MAX 32

static bool is_below(const struct txn_node *tn, const struct txn_node *top)
{
	uint32_t len = top->path_len;

	return tn->path_len > len && tn->path[len] == '/' && memcmp(tn->path, top->path, len) == 0;
}

/* Nothing was entered since but @parent: then no other tree has been cut off at this place. */
static bool is_new(const struct txn *txn, const struct txn_node *parent, const struct txn_node *top)
{
	const struct txn_node *next = STAILQ_NEXT(top, order);

	return !next || (next == parent && next == STAILQ_LAST(&txn->order, txn_node, order));
}

bool txn_may_cut(const struct txn *txn, const struct txn_node *parent, const struct txn_node *top)
{
	const struct txn_node *tn;

	/* Whoever has a quota of nodes pays for each of them. */
	if (!txn->account->exempt || top->created || !top->base->more ||
	    txn->n_nodes > SEARCH_MAX || !is_new(txn, parent, top))
		return false;
	STAILQ_FOREACH (tn, &txn->order, order)
		if (is_below(tn, top))
			return false;
	return true;
}

void txn_cut(struct txn *txn, struct txn_node *top)
{
	top->is_cut = true;
	top->cut_behind = STAILQ_LAST(&txn->order, txn_node, order);
	txn->n_cuts++;
}

static int enter_children(struct txn *txn, struct txn_node *tn, struct txn_children *pending)
{
	struct txn_children children = { 0 };
	int r = txn_list_base(txn, tn->base, &children);

	/* The youngest first, because the caller takes from the end. */
	for (uint32_t i = children.n; i-- && r == 0;) {
		struct node *node = children.list[i].node;
		struct txn_node *child;

		r = txn_enter(txn, node->link.hash, tn->path, tn->path_len, node->text,
			      node->name_len, &child);
		if (r < 0)
			break;
		child->base = node;
		child->removed = true;
		child->touched = TXN_READ | TXN_LIST;
		txn_queue_event(child, WATCH_EXACT);
		r = txn_append(pending, NULL, child);
	}
	txn_children_deinit(&children);
	return r;
}

/* Moves what was entered after @last to the place behind @at. */
static void move_behind(struct txn *txn, struct txn_node *at, struct txn_node *last)
{
	struct txn_node *tn;

	if (at == last)
		return;
	while ((tn = STAILQ_NEXT(last, order))) {
		STAILQ_REMOVE_AFTER(&txn->order, last, order);
		STAILQ_INSERT_AFTER(&txn->order, at, tn, order);
		at = tn;
	}
}

int txn_uncut(struct txn *txn, struct txn_node *top)
{
	struct txn_node *last = STAILQ_LAST(&txn->order, txn_node, order);
	struct txn_children pending = { 0 };
	int r;

	top->is_cut = false;
	txn->n_cuts--;
	r = enter_children(txn, top, &pending);
	while (r == 0 && pending.n)
		r = enter_children(txn, pending.list[--pending.n].tn, &pending);
	txn_children_deinit(&pending);
	/* Where they would be had they been entered at once: so go the events. */
	move_behind(txn, top->cut_behind, last);
	if (r < 0)
		txn->failed = true;
	return r;
}

int txn_uncut_all(struct txn *txn)
{
	struct txn_node *tn;
	int r = 0;

	STAILQ_FOREACH (tn, &txn->order, order)
		if (r == 0 && tn->is_cut)
			r = txn_uncut(txn, tn);
	return r;
}

const struct node *txn_cut_changed(const struct txn *txn, struct node *top)
{
	struct node *node = top;

	for (; node; node = store_next_preorder(top, node)) {
		if (node_generation(node) > txn->snapshot.at)
			return node;
		table_expect(&txn->store->nodes, node->link.hash);
	}
	return NULL;
}

/* It has nothing left to do but to tell. */
static int enter_watched(struct txn *txn, const struct node *node)
{
	char text[PATH_LEN_MAX + 1];
	struct txn_node *tn;
	int r = txn_enter(txn, node->link.hash, node_path(node, text), node->path_len, NULL, 0,
			  &tn);

	if (r < 0)
		return r;
	tn->former = perms_ref(node->perms);
	txn_queue_event(tn, WATCH_EXACT);
	return 0;
}

int txn_cut_enter_watched(struct txn *txn, struct txn_node *top, const struct watch_index *watches)
{
	struct txn_node *last = STAILQ_LAST(&txn->order, txn_node, order);
	struct node *node = top->base;
	int r = 0;

	for (; node && r == 0; node = store_next_preorder(top->base, node)) {
		struct node *child = node_last_child(node);

		for (; child && r == 0; child = TAILQ_PREV(child, node_list, sibling))
			if (watch_is_watched(watches, child->link.hash))
				r = enter_watched(txn, child);
	}
	move_behind(txn, top->cut_behind, last);
	return r;
}
