/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing inside a transaction: a node goes with all that the transaction sees below it. */
#include <stdint.h>

#include "model/quota.h"
#include "model/txn.h"
#include "model/txn_priv.h"

/* Takes note of @node, which the snapshot has as a child of @tn. */
static int touch_child(struct txn *txn, const struct txn_node *tn, struct node *node,
		       struct txn_node **out)
{
	struct table_link *link;
	int r;

	for (link = table_first(&txn->overlay, node->link.hash); link; link = link->next)
		if (((struct txn_node *)link)->base == node) {
			*out = (struct txn_node *)link;
			return 0;
		}
	r = txn_enter(txn, node->link.hash, tn->path, tn->path_len, node->text, node->name_len,
		      out);
	if (r < 0)
		return r;
	(*out)->base = node;
	(*out)->exists = true;
	return 0;
}

/* The children are those of the snapshot and of now, and the transaction has changed none. */
static bool has_base_children(const struct txn *txn, const struct txn_node *tn)
{
	return !tn->created && !tn->children_bytes && TAILQ_EMPTY(&tn->children) &&
	       (!tn->base->more || (LIST_EMPTY(&tn->base->more->dead) &&
				    tn->base->more->children_gen <= txn->snapshot.at));
}

/* Appends the children of @tn, the oldest last, because the caller takes from the end. */
static int touch_children(struct txn *txn, struct txn_node *tn, struct txn_children *pending)
{
	struct txn_children children;
	struct txn_node *child;
	int r;

	if (has_base_children(txn, tn)) {
		struct node *node = node_last_child(tn->base);

		for (r = 0; node && r == 0; node = TAILQ_PREV(node, node_list, sibling)) {
			r = touch_child(txn, tn, node, &child);
			if (r == 0 && child->exists)
				r = txn_append(pending, NULL, child);
		}
		return r;
	}
	r = txn_list(txn, tn, &children);
	for (uint32_t i = children.n; i-- && r == 0;) {
		child = children.list[i].tn;
		if (!child)
			r = touch_child(txn, tn, children.list[i].node, &child);
		if (r == 0)
			r = txn_append(pending, NULL, child);
	}
	txn_children_deinit(&children);
	return r;
}

static void remove_one(struct txn *txn, struct txn_node *tn)
{
	/* Who has no quota is not counted for. */
	if (!txn->account->exempt)
		txn_count_owner(txn, txn_current_perms(txn, tn), NULL);
	if (tn->created)
		TAILQ_REMOVE(&tn->parent->children, tn, sibling);
	if (tn->base)
		tn->removed = true;
	tn->touched |= TXN_READ;
	if (tn->base && !tn->created)
		tn->touched |= TXN_LIST;
	tn->exists = tn->created = tn->implied = false;
	tn->children_bytes = 0;
	perms_unref(tn->perms);
	tn->perms = NULL;
	txn_drop_value(txn, tn);
}

int txn_remove(struct txn *txn, struct txn_node *parent, struct txn_node *top)
{
	struct txn_children pending = { 0 };
	uint32_t name_len;
	int r = 0;

	txn_child_name(&(struct txn_child){ .tn = top }, &name_len);
	if (txn_may_cut(txn, parent, top)) {
		txn_queue_event(top, WATCH_SUBTREE);
		remove_one(txn, top);
		txn_cut(txn, top);
	} else {
		r = txn_append(&pending, NULL, top);
	}
	while (r == 0 && pending.n) {
		struct txn_node *tn = pending.list[--pending.n].tn;

		r = touch_children(txn, tn, &pending);
		if (r < 0)
			break;
		txn_queue_event(tn, tn == top ? WATCH_SUBTREE : WATCH_EXACT);
		remove_one(txn, tn);
	}
	txn_children_deinit(&pending);
	if (r < 0) {
		txn->failed = true;
		return r;
	}
	parent->children_bytes -= (int32_t)name_len + 1;
	txn->n_changes++;
	return 0;
}
