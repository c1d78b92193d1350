/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The overlay of a transaction: what it touched and what it changed. See txn_commit.c for its end.
 */
#include "model/txn.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "model/txn_priv.h"

static int begin(struct txn **out, struct store *store, struct quota_account *account, uint32_t id)
{
	struct txn *txn = malloc(sizeof(*txn));

	if (!txn)
		return -ENOMEM;
	*txn = (struct txn){ .store = store, .account = account, .id = id };
	if (table_init(&txn->overlay, 16) < 0) {
		free(txn);
		return -ENOMEM;
	}
	STAILQ_INIT(&txn->order);
	quota_charge(account, QUOTA_TRANSACTIONS, 1);
	*out = txn;
	return 0;
}

void txn_open(struct txn *txn)
{
	if (txn->is_open)
		return;
	txn->is_open = true;
	history_open(txn->store, &txn->snapshot, txn->account);
}

int txn_new_later(struct txn **out, struct store *store, struct quota_account *account, uint32_t id)
{
	if (!quota_check_more(account, QUOTA_TRANSACTIONS, 1))
		return -ENOSPC;
	return begin(out, store, account, id);
}

int txn_new(struct txn **out, struct store *store, struct quota_account *account, uint32_t id)
{
	int r = txn_new_later(out, store, account, id);

	if (r == 0)
		txn_open(*out);
	return r;
}

int txn_new_lost(struct txn **out, struct store *store, struct quota_account *account, uint32_t id)
{
	int r = begin(out, store, account, id);

	if (r == 0) {
		(*out)->is_lost = true;
		txn_open(*out);
	}
	return r;
}

/* What one node costs us, without the value that is written to it. */
static uint32_t node_bytes(const struct txn_node *tn)
{
	return (uint32_t)sizeof(*tn) + tn->path_len;
}

static void deinit_node(struct txn *txn, struct txn_node *tn)
{
	quota_discharge(txn->account, QUOTA_MEMORY, node_bytes(tn) + tn->value_len);
	perms_unref(tn->perms);
	perms_unref(tn->former);
	store_drop_node(tn->fresh);
	store_unprepare(&tn->change);
	free(tn->value);
}

/* The overlay is left with links to what is not there any more. */
static void drop_nodes(struct txn *txn)
{
	struct txn_node *tn;

	STAILQ_FOREACH (tn, &txn->order, order)
		deinit_node(txn, tn);
	STAILQ_INIT(&txn->order);
	arena_clear(&txn->nodes);
}

void txn_lose_greedy(struct store *store)
{
	struct snapshot *snapshot, *older;

	if (!store->has_greedy)
		return;
	store->has_greedy = false;
	/* The youngest first: what it gives back may be what the older ones keep. */
	TAILQ_FOREACH_REVERSE_SAFE(snapshot, &store->snapshots, snapshot_list, open, older)
	{
		struct txn *txn = (struct txn *)((char *)snapshot - offsetof(struct txn, snapshot));
		struct txn_node *tn;

		if (!history_is_greedy(snapshot))
			continue;
		STAILQ_FOREACH (tn, &txn->order, order)
			table_remove(&txn->overlay, &tn->link);
		drop_nodes(txn);
		history_close(store, snapshot);
		history_open(store, snapshot, txn->account);
		txn->n_nodes = txn->n_changes = txn->n_cuts = 0;
		txn->n_owned = 0;
		txn->is_lost = true;
	}
}

void txn_free(struct txn *txn)
{
	if (!txn)
		return;
	drop_nodes(txn);
	if (txn->is_open)
		history_close(txn->store, &txn->snapshot);
	table_deinit(&txn->overlay);
	quota_discharge(txn->account, QUOTA_TRANSACTIONS, 1);
	free(txn);
}

static inline struct txn_node *find(const struct txn *txn, uint64_t hash, const char *path,
				    uint32_t len)
{
	struct table_link *link;

	for (link = table_first(&txn->overlay, hash); link; link = link->next) {
		struct txn_node *tn = (struct txn_node *)link;

		if (link->hash == hash && tn->path_len == len && memcmp(tn->path, path, len) == 0)
			return tn;
	}
	return NULL;
}

int txn_enter(struct txn *txn, uint64_t hash, const char *path, uint32_t len, const char *tail,
	      uint32_t tail_len, struct txn_node **out)
{
	uint32_t path_len = len + (tail_len ? tail_len + 1 : 0);
	struct txn_node *tn;

	if (!quota_check(txn->account, QUOTA_TXN_NODES, txn->n_nodes + 1) ||
	    (txn->account->exempt && txn->n_nodes == TXN_NODES_MAX)) {
		txn->failed = true;
		return -ENOSPC;
	}
	if (!quota_check_more(txn->account, QUOTA_MEMORY, (uint32_t)sizeof(*tn) + path_len)) {
		txn->failed = true;
		return -ENOMEM;
	}
	tn = arena_get(&txn->nodes, sizeof(*tn) + path_len + 1);
	if (!tn) {
		txn->failed = true;
		return -ENOMEM;
	}
	*tn = (struct txn_node){ .path_len = (uint16_t)path_len };
	memcpy(tn->path, path, len);
	if (tail_len) {
		tn->path[len] = '/';
		memcpy(tn->path + len + 1, tail, tail_len);
	}
	tn->path[path_len] = '\0';
	TAILQ_INIT(&tn->children);
	STAILQ_INSERT_TAIL(&txn->order, tn, order);
	table_add(&txn->overlay, &tn->link, hash);
	txn->n_nodes++;
	quota_charge(txn->account, QUOTA_MEMORY, node_bytes(tn));
	*out = tn;
	return 0;
}

/* Is it below a tree that was removed whole, then that is whole no more. */
static int __attribute__((noinline))
uncut_above(struct txn *txn, const struct path *path, uint32_t level)
{
	int r = 0;

	while (r == 0 && txn->n_cuts && level-- > 1) {
		struct txn_node *tn =
			find(txn, path->hash[level], path->text, path_prefix_len(path, level));

		if (tn && tn->is_cut)
			r = txn_uncut(txn, tn);
	}
	return r;
}

int txn_touch(struct txn *txn, const struct path *path, uint32_t level, unsigned int touch,
	      struct txn_node **out)
{
	uint32_t len = path_prefix_len(path, level);
	uint64_t hash = path->hash[level];
	struct txn_node *tn;
	int r = txn->n_cuts ? uncut_above(txn, path, level) : 0;

	if (r < 0)
		return r;
	tn = find(txn, hash, path->text, len);
	if (!tn) {
		r = txn_enter(txn, hash, path->text, len, NULL, 0, &tn);
		if (r < 0)
			return r;
		tn->base = store_find_text_at(txn->store, hash, path->text, len, txn->snapshot.at);
		tn->exists = tn->base;
	}
	tn->touched |= (uint8_t)touch;
	*out = tn;
	return 0;
}

void txn_view(const struct txn *txn, const struct txn_node *tn, struct node_view *view)
{
	assert(tn->exists);
	if (!tn->created)
		history_view(tn->base, txn->snapshot.at, view);
	else
		view->generation = txn->snapshot.at;
	if (tn->perms)
		view->perms = tn->perms;
	if (tn->value) {
		view->value = tn->value;
		view->value_len = tn->value_len;
	}
}

uint32_t txn_children_bytes(const struct txn_node *tn)
{
	uint32_t base = tn->base && !tn->created ? node_children_bytes(tn->base) : 0;

	return (uint32_t)((int32_t)base + tn->children_bytes);
}

void txn_drop_value(struct txn *txn, struct txn_node *tn)
{
	quota_discharge(txn->account, QUOTA_MEMORY, tn->value_len);
	free(tn->value);
	tn->value = NULL;
	tn->value_len = 0;
}

static int copy_value(struct txn *txn, struct txn_node *tn, const char *value, uint32_t len)
{
	char *copy;

	if (!quota_check_more(txn->account, QUOTA_MEMORY, len))
		return -ENOMEM;
	copy = malloc(len ? len : 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, value, len);
	txn_drop_value(txn, tn);
	quota_charge(txn->account, QUOTA_MEMORY, len);
	tn->value = copy;
	tn->value_len = len;
	return 0;
}

int txn_write(struct txn *txn, struct txn_node *tn, const char *value, uint32_t len)
{
	int r = copy_value(txn, tn, value, len);

	if (r < 0)
		return r;
	txn->n_changes++;
	return 0;
}

void txn_count_owner(struct txn *txn, const struct perms *before, const struct perms *after)
{
	uint32_t domid = txn->account->domid;

	if (before && perms_owner(before) == domid)
		txn->n_owned--;
	if (after && perms_owner(after) == domid)
		txn->n_owned++;
}

const struct perms *txn_current_perms(const struct txn *txn, const struct txn_node *tn)
{
	struct node_view view;

	txn_view(txn, tn, &view);
	return view.perms;
}

void txn_set_perms(struct txn *txn, struct txn_node *tn, struct perms *perms)
{
	txn_count_owner(txn, txn_current_perms(txn, tn), perms);
	perms_ref(perms);
	perms_unref(tn->perms);
	tn->perms = perms;
	txn->n_changes++;
}

int txn_create(struct txn *txn, struct txn_node *parent, struct txn_node *tn, const char *value,
	       uint32_t len, struct perms *perms, bool implied)
{
	uint32_t name_len;
	int r = copy_value(txn, tn, value, len);

	if (r < 0)
		return r;
	assert(!tn->exists && parent->exists);
	txn_count_owner(txn, NULL, perms);
	perms_unref(tn->perms);
	tn->perms = perms_ref(perms);
	tn->exists = tn->created = true;
	tn->implied = implied && !tn->base;
	tn->parent = parent;
	TAILQ_INSERT_TAIL(&parent->children, tn, sibling);
	txn_child_name(&(struct txn_child){ .tn = tn }, &name_len);
	parent->children_bytes += (int32_t)name_len + 1;
	txn->n_changes++;
	return 0;
}

void txn_queue_event(struct txn_node *tn, enum watch_kind kind)
{
	if (!tn->fires || kind == WATCH_SUBTREE)
		tn->kind = kind;
	tn->fires = true;
}

int txn_append(struct txn_children *children, struct node *node, struct txn_node *tn)
{
	if (children->n == children->n_allocated) {
		uint32_t n = children->n_allocated ? children->n_allocated * 2 : 16;
		struct txn_child *list = reallocarray(children->list, n, sizeof(*list));

		if (!list)
			return -ENOMEM;
		children->list = list;
		children->n_allocated = n;
	}
	children->list[children->n++] = (struct txn_child){ node, tn };
	return 0;
}

static int by_creation(const void *a, const void *b)
{
	const struct txn_child *ca = a, *cb = b;

	return ca->node->created < cb->node->created ? -1 : 1;
}

static bool was_removed(const struct txn *txn, const struct node *node)
{
	struct table_link *link;

	for (link = table_first(&txn->overlay, node->link.hash); link; link = link->next) {
		struct txn_node *tn = (struct txn_node *)link;

		if (tn->base == node)
			return tn->removed;
	}
	return false;
}

int txn_list_base(const struct txn *txn, struct node *base, struct txn_children *children)
{
	uint64_t at = txn->snapshot.at;
	struct node *node;
	bool sorted = true;
	int r = 0;

	if (!base->more)
		return 0;
	LIST_FOREACH (node, &base->more->dead, dead_link) {
		if (r < 0 || !history_is_child_at(node, at) || was_removed(txn, node))
			continue;
		r = txn_append(children, node, NULL);
		sorted = false;
	}
	TAILQ_FOREACH (node, &base->more->children, sibling) {
		if (r < 0 || node->created > at)
			break; /* the rest is younger still */
		if (!was_removed(txn, node))
			r = txn_append(children, node, NULL);
	}
	if (!sorted)
		qsort(children->list, children->n, sizeof(*children->list), by_creation);
	return r;
}

int txn_list(const struct txn *txn, const struct txn_node *tn, struct txn_children *children)
{
	struct txn_node *child;
	int r = 0;

	*children = (struct txn_children){ 0 };
	if (!tn->created)
		r = txn_list_base(txn, tn->base, children);
	TAILQ_FOREACH (child, &tn->children, sibling)
		if (r == 0)
			r = txn_append(children, NULL, child);
	if (r < 0)
		txn_children_deinit(children);
	return r;
}

void txn_children_deinit(struct txn_children *children)
{
	free(children->list);
	*children = (struct txn_children){ 0 };
}
