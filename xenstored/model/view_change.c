/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing: what each change needs of permissions, quotas and memory, and which events it fires. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "model/quota.h"
#include "model/store.h"
#include "model/view.h"
#include "model/view_priv.h"

/* A request that ends here inside a transaction has left it half done: it must not be committed. */
static int spoil(struct view *view, int r)
{
	if (view->txn)
		view->txn->failed = true;
	return r;
}

/* May a node of these permissions grow from @before to @after bytes? */
static int check_size(struct view *view, const struct perms *perms, uint32_t before, uint32_t after)
{
	struct quota_account *owner;

	if (view->subject->privileged)
		return 0;
	if (!quota_check(view->account, QUOTA_NODE_SIZE, after))
		return spoil(view, -ENOSPC);
	owner = quota_get(view->store->quota, perms_owner(perms));
	if (after > before && owner && !quota_check_more(owner, QUOTA_MEMORY, after - before))
		return spoil(view, -ENOMEM);
	return 0;
}

static int check_new_nodes(struct view *view, uint32_t n)
{
	struct quota_account *account = view->account;
	int32_t extra = view->txn ? view->txn->n_owned : 0;
	int64_t used = (int64_t)account->used[QUOTA_NODES] + extra;

	if (view->subject->privileged)
		return 0;
	if (used < 0)
		used = 0;
	if (!quota_check(account, QUOTA_NODES, (uint32_t)used + 1))
		return -ENOSPC;
	return quota_check(account, QUOTA_NODES, (uint32_t)used + n) ? 0 : spoil(view, -ENOSPC);
}

static void fire(struct view *view, const struct path *path, const struct node *node,
		 enum watch_kind kind, const struct perms *former)
{
	struct watch_firing firing = {
		.path = path,
		.kind = kind,
		.perms = node->perms,
		.parent = node->parent ? node->parent->perms : NULL,
		.former = former,
		.cause = view->cause,
	};

	watch_fire(view->watches, &firing);
}

/* The nodes of one creation, top first, before they are in the store. */
struct chain {
	struct node *nodes[PATH_LEVELS_MAX];
	uint32_t n;
};

static void drop_chain(struct chain *chain)
{
	while (chain->n)
		store_drop_node(chain->nodes[--chain->n]);
}

static int make_chain(const struct path *path, uint32_t from, const char *value, uint32_t len,
		      struct perms *perms, struct chain *chain)
{
	for (uint32_t level = from + 1; level <= path->n_levels; level++) {
		bool last = level == path->n_levels;
		uint32_t name_len;
		const char *name = path_name(path, level, &name_len);
		struct node *node =
			store_new_node(name, name_len, last ? value : "", last ? len : 0, perms);

		if (node)
			chain->nodes[chain->n++] = node;
		if (!node || (!last && store_prepare_parent(node) < 0)) {
			drop_chain(chain);
			return -ENOMEM;
		}
	}
	return 0;
}

static int create_now(struct view *view, const struct path *path, uint32_t from,
		      struct node *parent, const char *value, uint32_t len, struct perms *perms)
{
	struct chain chain;
	int r;

	chain.n = 0;
	r = store_prepare_parent(parent);
	if (r == 0)
		r = make_chain(path, from, value, len, perms, &chain);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < chain.n; i++) {
		store_add(view->store, parent, chain.nodes[i]);
		parent = chain.nodes[i];
	}
	fire(view, path, parent, WATCH_SUBTREE, NULL);
	return 0;
}

static int create_in_txn(struct view *view, const struct path *path, uint32_t from,
			 struct txn_node *parent, const char *value, uint32_t len,
			 struct perms *perms)
{
	for (uint32_t level = from + 1; level <= path->n_levels; level++) {
		bool last = level == path->n_levels;
		struct txn_node *tn;
		int r = txn_touch(view->txn, path, level, 0, &tn);

		if (r == 0)
			r = txn_create(view->txn, parent, tn, last ? value : "", last ? len : 0,
				       perms, !last);
		if (r < 0)
			return spoil(view, r);
		parent = tn;
	}
	txn_queue_event(parent, WATCH_SUBTREE);
	return 0;
}

/* Sizes of all that a creation writes: the parent that gets a name, the new ones. */
static int check_chain(struct view *view, const struct path *path, uint32_t from,
		       const struct seen *above, const struct perms *perms, uint32_t len)
{
	uint32_t before =
		node_quota_bytes(above->is.perms->n, above->is.value_len, above->children_bytes);
	uint32_t name_len;
	int r;

	if (view->subject->privileged)
		return 0;
	r = check_new_nodes(view, path->n_levels - from);
	path_name(path, from + 1, &name_len);
	if (r == 0)
		r = check_size(view, above->is.perms, before, before + name_len + 1);
	for (uint32_t level = from + 1; r == 0 && level < path->n_levels; level++) {
		path_name(path, level + 1, &name_len);
		r = check_size(view, perms, 0, node_quota_bytes(perms->n, 0, name_len + 1));
	}
	if (r == 0)
		r = check_size(view, perms, 0, node_quota_bytes(perms->n, len, 0));
	return r;
}

/* Creates @path, which is not there and which the caller may create. */
static int create(struct view *view, const struct path *path, const char *value, uint32_t len)
{
	CLEANUP(perms_unref) struct perms *perms = NULL;
	struct seen above;
	uint32_t from;
	int r = look_ancestor(view, path, path->n_levels, &from, &above);

	if (r < 0)
		return r;
	r = perms_get_owned((struct perms *)above.is.perms,
			    view->subject->privileged ? perms_owner(above.is.perms)
						      : view->subject->domid,
			    &perms);
	if (r == 0)
		r = check_chain(view, path, from, &above, perms, len);
	if (r < 0)
		return r;
	if (view->txn)
		return create_in_txn(view, path, from, above.tn, value, len, perms);
	return create_now(view, path, from, above.node, value, len, perms);
}

static int overwrite(struct view *view, const struct path *path, struct seen *seen,
		     const char *value, uint32_t len)
{
	uint32_t n = seen->is.perms->n;
	struct store_change change;
	int r = check_size(view, seen->is.perms,
			   node_quota_bytes(n, seen->is.value_len, seen->children_bytes),
			   node_quota_bytes(n, len, seen->children_bytes));

	if (r < 0)
		return r;
	if (view->txn) {
		r = txn_write(view->txn, seen->tn, value, len);
		if (r < 0)
			return spoil(view, r);
		txn_queue_event(seen->tn, WATCH_SUBTREE);
		return 0;
	}
	r = store_prepare(view->store, seen->node, len, &change);
	if (r < 0)
		return r;
	store_set_value(view->store, seen->node, value, len, &change);
	fire(view, path, seen->node, WATCH_SUBTREE, NULL);
	return 0;
}

int view_write(struct view *view, const struct path *path, const char *value, uint32_t len)
{
	struct seen seen;
	int r = look_allowed(view, path, PERMS_WRITE, TXN_READ, &seen);

	if (r == -ENOENT)
		return create(view, path, value, len);
	return r < 0 ? r : overwrite(view, path, &seen, value, len);
}

int view_mkdir(struct view *view, const struct path *path)
{
	struct seen seen;
	int r = look_allowed(view, path, PERMS_WRITE, TXN_READ, &seen);

	return r == -ENOENT ? create(view, path, "", 0) : r;
}

/* An event on a node inside a subtree that goes: only watches on exactly that node hear of it. */
static void fire_exact(struct view *view, const struct node *node)
{
	char text[PATH_LEN_MAX + 1];
	struct path path;

	if (!watch_is_watched(view->watches, node->link.hash))
		return;
	node_path(node, text);
	if (path_parse(&path, &view->store->key, "", text, node->path_len, false) == 0)
		fire(view, &path, node, WATCH_EXACT, NULL);
}

static void rm_now(struct view *view, const struct path *path, struct node *top)
{
	struct node *node = store_next_postorder(top, NULL);

	/* While their permissions can still be looked at. */
	for (; node != top; node = store_next_postorder(top, node))
		fire_exact(view, node);
	fire(view, path, top, WATCH_SUBTREE, NULL);
	store_remove_tree(view->store, top);
}

int view_rm(struct view *view, const struct path *path)
{
	struct seen seen, parent;
	int r = look_allowed(view, path, PERMS_WRITE, TXN_READ, &seen);
	int r2;

	if (r < 0 && r != -ENOENT)
		return r;
	if (!path->n_levels)
		return -EINVAL;
	r2 = look(view, path, path->n_levels - 1, TXN_PARENT, &parent);
	if (r2 < 0)
		return r2;
	if (r == -ENOENT && parent.exists)
		return 0;
	if (r == -ENOENT) {
		/* That there is no parent was said: it is no more created on the way only. */
		if (parent.tn)
			parent.tn->touched |= TXN_READ;
		return -ENOENT;
	}
	if (view->txn)
		return txn_remove(view->txn, parent.tn, seen.tn);
	rm_now(view, path, seen.node);
	return 0;
}

int view_set_perms(struct view *view, const struct path *path, const struct perm *list, uint32_t n)
{
	CLEANUP(perms_unref) struct perms *perms = NULL;
	CLEANUP(perms_unref) struct perms *former = NULL;
	struct quota_account *owner;
	struct store_change change;
	struct seen seen;
	int r = look_allowed(view, path, PERMS_WRITE | PERMS_OWNER, TXN_READ, &seen);

	if (r < 0)
		return r;
	if (!view->subject->privileged && list[0].domid != perms_owner(seen.is.perms))
		return -EPERM;
	r = quota_open(view->store->quota, list[0].domid, &owner);
	if (r == 0)
		r = perms_get(view->store->perms, list, n, &perms);
	if (r == 0)
		r = check_size(view, perms,
			       node_quota_bytes(seen.is.perms->n, seen.is.value_len,
						seen.children_bytes),
			       node_quota_bytes(n, seen.is.value_len, seen.children_bytes));
	if (r < 0)
		return r;
	if (view->txn) {
		txn_set_perms(view->txn, seen.tn, perms);
		txn_queue_event(seen.tn, WATCH_SUBTREE);
		return 0;
	}
	former = perms_ref((struct perms *)seen.is.perms);
	r = store_prepare(view->store, seen.node, 0, &change);
	if (r < 0)
		return r;
	store_set_perms(view->store, seen.node, perms, &change);
	fire(view, path, seen.node, WATCH_SUBTREE, former);
	return 0;
}
