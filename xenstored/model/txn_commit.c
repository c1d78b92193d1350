/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a transaction, in this order: does anything it depended on differ from its start, do
 * the quotas allow it, is there memory for all of it; then removals, creations and changes, none of
 * which can fail any more; then events, which see the new state as a whole.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "model/quota.h"
#include "model/txn.h"
#include "model/txn_priv.h"

/* Created on the way to something else, and somebody else has made the same node meanwhile. */
static bool may_merge(const struct txn_node *tn, const struct node *live)
{
	return tn->implied && tn->created && !(tn->touched & (TXN_READ | TXN_LIST)) &&
	       live->perms == tn->perms;
}

static inline bool is_spoiled(struct txn *txn, struct txn_node *tn)
{
	const struct node *base = tn->base;
	uint64_t at = txn->snapshot.at;

	if (tn->perms && tn->perms->detached)
		return true;
	if (!base) {
		struct node *live;

		if (!tn->touched && !tn->created)
			return false;
		live = store_find_text(txn->store, tn->link.hash, tn->path, tn->path_len);
		if (live && !may_merge(tn, live))
			return true;
		tn->live = live;
		return false;
	}
	if (base->is_dead)
		return true;
	if (base->perms_gen > at)
		return true;
	if ((tn->touched & TXN_READ) && base->value_gen > at)
		return true;
	return (tn->touched & TXN_LIST) && node_children_generation(base) > at;
}

static bool within_quotas(struct txn *txn)
{
	struct quota_account *account = txn->account;
	struct txn_node *tn;

	if (account->exempt)
		return true;
	if (txn->n_owned > 0 && !quota_check_more(account, QUOTA_NODES, (uint32_t)txn->n_owned))
		return false;
	STAILQ_FOREACH (tn, &txn->order, order) {
		struct node_view view;

		/* Others may have filled the directory since. */
		if (!tn->exists || tn->children_bytes <= 0)
			continue;
		txn_view(txn, tn, &view);
		if (!quota_check(account, QUOTA_NODE_SIZE,
				 node_quota_bytes(view.perms->n, view.value_len,
						  txn_children_bytes(tn))))
			return false;
	}
	return true;
}

static int prepare_fresh(struct txn_node *tn)
{
	uint32_t name_len;
	const char *name = txn_child_name(&(struct txn_child){ .tn = tn }, &name_len);

	tn->fresh = store_new_node(name, name_len, tn->value, tn->value_len, tn->perms);
	return tn->fresh ? 0 : -ENOMEM;
}

static int prepare_change(struct txn *txn, struct txn_node *tn)
{
	tn->live = tn->base;
	if (!tn->value && !tn->perms)
		return 0;
	return store_prepare(txn->store, tn->base, tn->value ? tn->value_len : 0, &tn->change);
}

static int prepare(struct txn *txn, struct txn_node *tn)
{
	int r = 0;

	if (tn->base)
		tn->former = perms_ref(tn->base->perms);
	if (!tn->exists)
		return 0;
	if (!tn->live)
		r = tn->created ? prepare_fresh(tn) : prepare_change(txn, tn);
	if (r < 0 || TAILQ_EMPTY(&tn->children))
		return r;
	return store_prepare_parent(tn->fresh ? tn->fresh : tn->live);
}

/* A node goes with everything below it: all of that was removed too, or there is a conflict. */
static void apply_removals(struct txn *txn)
{
	struct txn_node *tn;

	STAILQ_FOREACH (tn, &txn->order, order)
		if (tn->removed) {
			tn->base->is_doomed = true;
			table_expect(&txn->store->nodes, tn->base->link.hash);
		}
	STAILQ_FOREACH (tn, &txn->order, order)
		tn->on_top = tn->removed && !tn->base->parent->is_doomed;
	STAILQ_FOREACH (tn, &txn->order, order) {
		if (tn->on_top)
			store_remove_tree(txn->store, tn->base);
		if (tn->removed)
			tn->base = NULL;
	}
}

static void add_fresh(struct txn *txn, struct txn_node *tn)
{
	tn->live = tn->fresh;
	tn->fresh = NULL;
	store_add(txn->store, tn->parent->live, tn->live);
}

/*
 * Adds what was created below @top, which is in the store: parents first, and the children of each
 * in the order in which they were made. Below one that was there before, somebody else begins.
 */
static void add_created(struct txn *txn, struct txn_node *top)
{
	struct txn_node *tn = TAILQ_FIRST(&top->children);

	while (tn) {
		bool is_new = tn->fresh;

		if (is_new)
			add_fresh(txn, tn);
		if (is_new && !TAILQ_EMPTY(&tn->children)) {
			tn = TAILQ_FIRST(&tn->children);
			continue;
		}
		while (tn != top && !TAILQ_NEXT(tn, sibling))
			tn = tn->parent;
		tn = tn == top ? NULL : TAILQ_NEXT(tn, sibling);
	}
}

static void apply_change(struct txn *txn, struct txn_node *tn)
{
	if (tn->live)
		add_created(txn, tn);
	if (!tn->exists || tn->created)
		return;
	if (tn->value)
		store_set_value(txn->store, tn->live, tn->value, tn->value_len, &tn->change);
	if (tn->perms)
		store_set_perms(txn->store, tn->live, tn->perms, &tn->change);
}

static void fire(struct txn *txn, struct txn_node *tn, struct watch_index *watches, void *cause)
{
	struct watch_firing firing = { .kind = tn->kind, .former = tn->former, .cause = cause };
	struct path path;

	/* Made and unmade in the same transaction: nothing happened. */
	if (!tn->live && !tn->former)
		return;
	/* Of all that goes with a tree, hardly anything is watched by its own path. */
	if (tn->kind == WATCH_EXACT && !watch_is_watched(watches, tn->link.hash))
		return;
	if (path_parse(&path, &txn->store->key, "", tn->path, tn->path_len, true) < 0)
		return;
	firing.path = &path;
	if (tn->live) {
		firing.perms = tn->live->perms;
		firing.parent = tn->live->parent ? tn->live->parent->perms : NULL;
	}
	watch_fire(watches, &firing);
}

static inline bool has_conflict(struct txn *txn)
{
	const struct node *changed;
	struct txn_node *tn;

	STAILQ_FOREACH (tn, &txn->order, order) {
		if (is_spoiled(txn, tn)) {
			txn->fought_over = tn->link.hash;
			return true;
		}
		changed = tn->is_cut ? txn_cut_changed(txn, tn->base) : NULL;
		if (changed) {
			txn->fought_over = changed->link.hash;
			return true;
		}
	}
	return false;
}

bool txn_is_outdated(struct txn *txn)
{
	return has_conflict(txn);
}

int txn_commit(struct txn *txn, struct watch_index *watches, void *cause)
{
	struct txn_node *tn;

	if (txn->is_lost)
		return -EAGAIN;
	if (txn->failed)
		return -ENOMEM;
	if (!txn->n_changes)
		return 0;
	if (has_conflict(txn))
		return -EAGAIN;
	if (!within_quotas(txn))
		return -ENOSPC;
	/* All that is depended on is as it was: the past is not needed any more. */
	history_close(txn->store, &txn->snapshot);
	txn->is_open = false;
	STAILQ_FOREACH (tn, &txn->order, order)
		if (prepare(txn, tn) < 0 ||
		    (tn->is_cut && txn_cut_enter_watched(txn, tn, watches) < 0))
			return -ENOMEM;
	apply_removals(txn);
	STAILQ_FOREACH (tn, &txn->order, order)
		apply_change(txn, tn);
	STAILQ_FOREACH (tn, &txn->order, order)
		if (tn->fires)
			fire(txn, tn, watches, cause);
	return 0;
}
