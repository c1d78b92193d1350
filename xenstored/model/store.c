/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes come and go and change. Children are a list in order of creation: adding and removing one
 * costs the same in a directory of ten thousand.
 */
#include "model/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/history.h"
#include "model/perms.h"
#include "model/quota.h"

const char *const store_special_names[STORE_N_SPECIAL] = {
	[STORE_INTRODUCE] = "@introduceDomain",
	[STORE_RELEASE] = "@releaseDomain",
};

static struct quota_account *owner_account(const struct store *store, const struct perms *perms)
{
	struct quota_account *account = quota_get(store->quota, perms_owner(perms));

	assert(account);
	return account;
}

static bool value_is_inline(const struct node *node)
{
	return node->value == node->text + node->name_len;
}

struct node *store_new_node(const char *name, uint32_t name_len, const char *value,
			    uint32_t value_len, struct perms *perms)
{
	/* What malloc() would round up to anyway is room for a value that grows. */
	size_t size = (sizeof(struct node) + name_len + value_len + 8 + 15) / 16 * 16 - 8;
	struct node *node = malloc(size);

	if (!node)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->perms = perms_ref(perms);
	node->name_len = (uint16_t)name_len;
	memcpy(node->text, name, name_len);
	node->value = node->text + name_len;
	node->value_room = (uint16_t)(size - sizeof(*node) - name_len);
	node->value_len = (uint16_t)value_len;
	memcpy(node->value, value, value_len);
	return node;
}

void store_drop_node(struct node *node)
{
	if (!node)
		return;
	perms_unref(node->perms);
	if (!value_is_inline(node))
		free(node->value);
	free(node->more);
	free(node);
}

int store_prepare_parent(struct node *node)
{
	struct node_more *more;

	if (node->more)
		return 0;
	more = malloc(sizeof(*more));
	if (!more)
		return -ENOMEM;
	*more = (struct node_more){ 0 };
	TAILQ_INIT(&more->children);
	node->more = more;
	return 0;
}

static void enter(struct store *store, struct node *node, uint64_t hash)
{
	struct quota_account *account = owner_account(store, node->perms);

	node->created = node->value_gen = node->perms_gen = store->generation;
	table_add(&store->nodes, &node->link, hash);
	LIST_INSERT_HEAD(&node->perms->users, node, user);
	quota_charge(account, QUOTA_NODES, 1);
	quota_charge(account, QUOTA_MEMORY, node_memory(node));
}

static void add_child(struct store *store, struct node *parent, struct node *node)
{
	uint32_t prefix_len = parent->parent ? parent->path_len : 0;
	struct node_more *more = parent->more;

	assert(more);
	node->parent = parent;
	node->path_len = (uint16_t)(prefix_len + 1u + node->name_len) & 0x3fff;
	enter(store, node,
	      path_hash_child(&store->key, parent->link.hash, node->text, node->name_len));
	TAILQ_INSERT_TAIL(&more->children, node, sibling);
	more->n_children++;
	more->children_bytes += node->name_len + 1u;
	more->children_gen = node->created;
	quota_charge(owner_account(store, parent->perms), QUOTA_MEMORY, node->name_len + 1u);
}

void store_add(struct store *store, struct node *parent, struct node *node)
{
	store->generation++;
	add_child(store, parent, node);
	if (store->observer)
		store->observer->added(store->observer_ctx, node);
}

void store_restore(struct store *store, struct node *parent, struct node *node, uint64_t created)
{
	add_child(store, parent, node);
	node->created = created;
}

int store_prepare(struct store *store, struct node *node, uint32_t value_len,
		  struct store_change *change)
{
	*change = (struct store_change){ 0 };
	if (value_len > node->value_room && value_len > node->value_len) {
		change->value = malloc(value_len);
		if (!change->value)
			return -ENOMEM;
	}
	if (history_needs(store, node_state_generation(node))) {
		change->version = malloc(sizeof(*change->version) + node->value_len);
		if (!change->version || store_prepare_parent(node) < 0) {
			store_unprepare(change);
			return -ENOMEM;
		}
	}
	return 0;
}

void store_unprepare(struct store_change *change)
{
	free(change->value);
	free(change->version);
	*change = (struct store_change){ 0 };
}

static void keep_version(struct store *store, struct node *node, struct store_change *change)
{
	if (change->version)
		history_keep_version(store, node, change->version);
	change->version = NULL;
}

void store_set_value(struct store *store, struct node *node, const char *value, uint32_t len,
		     struct store_change *change)
{
	struct quota_account *account = owner_account(store, node->perms);

	keep_version(store, node, change);
	if (change->value || len <= node->value_room) {
		if (!value_is_inline(node))
			free(node->value);
		node->value = change->value ? change->value : node->text + node->name_len;
		change->value = NULL;
	}
	memcpy(node->value, value, len);
	quota_discharge(account, QUOTA_MEMORY, node->value_len);
	quota_charge(account, QUOTA_MEMORY, len);
	node->value_len = (uint16_t)len;
	node->value_gen = ++store->generation;
	if (store->observer)
		store->observer->value_set(store->observer_ctx, node);
}

void store_replace_perms(struct store *store, struct node *node, struct perms *perms)
{
	struct quota_account *account = owner_account(store, node->perms);

	quota_discharge(account, QUOTA_NODES, 1);
	quota_discharge(account, QUOTA_MEMORY, node_memory(node));
	LIST_REMOVE(node, user);
	perms_ref(perms);
	perms_unref(node->perms);
	node->perms = perms;
	LIST_INSERT_HEAD(&perms->users, node, user);
	account = owner_account(store, perms);
	quota_charge(account, QUOTA_NODES, 1);
	quota_charge(account, QUOTA_MEMORY, node_memory(node));
	if (store->observer)
		store->observer->perms_set(store->observer_ctx, node);
}

void store_set_perms(struct store *store, struct node *node, struct perms *perms,
		     struct store_change *change)
{
	keep_version(store, node, change);
	store_replace_perms(store, node, perms);
	node->perms_gen = ++store->generation;
}

static inline void leave_parent(struct store *store, struct node *node)
{
	struct node *parent = node->parent;

	quota_discharge(owner_account(store, parent->perms), QUOTA_MEMORY, node->name_len + 1u);
	TAILQ_REMOVE(&parent->more->children, node, sibling);
	parent->more->n_children--;
	parent->more->children_bytes -= node->name_len + 1u;
	parent->more->children_gen = ++store->generation;
}

void store_remove(struct store *store, struct node *node)
{
	struct quota_account *account = owner_account(store, node->perms);
	struct node *parent = node->parent;
	bool keep = history_needs(store, node->created);

	assert(parent && !node_first_child(node));
	quota_discharge(account, QUOTA_NODES, 1);
	quota_discharge(account, QUOTA_MEMORY, node_memory(node));
	table_remove(&store->nodes, &node->link);
	LIST_REMOVE(node, user);
	leave_parent(store, node);
	if (!keep) {
		store_drop_node(node);
		return;
	}
	node->is_dead = true;
	node->removed = store->generation;
	LIST_INSERT_HEAD(&parent->more->dead, node, dead_link);
	table_add(&store->dead, &node->link, node->link.hash);
	history_keep_dead(store, node);
}

/* What the accounts of a tree's owners get back; most nodes have the owner of the one before. */
struct refund {
	struct quota_account *account; /* borrowed */
	uint32_t n_nodes;
	uint32_t n_bytes;
};

static void pay_back(struct refund *refund)
{
	if (!refund->account)
		return;
	quota_discharge(refund->account, QUOTA_NODES, refund->n_nodes);
	quota_discharge(refund->account, QUOTA_MEMORY, refund->n_bytes);
}

static void add_to_refund(const struct store *store, struct refund *refund, const struct node *node)
{
	if (!refund->account || refund->account->domid != perms_owner(node->perms)) {
		pay_back(refund);
		*refund = (struct refund){ .account = owner_account(store, node->perms) };
	}
	refund->n_nodes++;
	refund->n_bytes += node_memory(node);
}

/* Nobody sees any of it any more: siblings and parents that go as well need not hear of it. */
static void drop_tree(struct store *store, struct node *top)
{
	struct node *next, *node = store_next_postorder(top, NULL);
	struct refund refund = { 0 };

	leave_parent(store, top);
	for (; node; node = next) {
		next = store_next_postorder(top, node);
		assert(!node->more ||
		       (LIST_EMPTY(&node->more->versions) && LIST_EMPTY(&node->more->dead)));
		add_to_refund(store, &refund, node);
		table_remove(&store->nodes, &node->link);
		LIST_REMOVE(node, user);
		store_drop_node(node);
	}
	pay_back(&refund);
}

void store_remove_tree(struct store *store, struct node *top)
{
	struct node *next, *node;

	if (store->observer)
		store->observer->removing(store->observer_ctx, top);
	if (!node_first_child(top)) {
		store_remove(store, top);
		return;
	}
	/* Whoever sees something of it has begun after its top was made. */
	if (!history_needs(store, top->created)) {
		drop_tree(store, top);
		return;
	}
	for (node = store_next_postorder(top, NULL); node; node = next) {
		next = store_next_postorder(top, node);
		store_remove(store, node);
	}
}

void store_free_dead(struct store *store, struct node *node)
{
	assert(node->is_dead);
	assert(!node->more || (LIST_EMPTY(&node->more->versions) && LIST_EMPTY(&node->more->dead)));
	table_remove(&store->dead, &node->link);
	LIST_REMOVE(node, dead_link);
	store_drop_node(node);
}

struct node *store_next_preorder(const struct node *top, struct node *at)
{
	struct node *child = node_first_child(at);

	if (child)
		return child;
	while (at != top && !TAILQ_NEXT(at, sibling))
		at = at->parent;
	return at == top ? NULL : TAILQ_NEXT(at, sibling);
}

static struct node *first_leaf(struct node *node)
{
	while (node_first_child(node))
		node = node_first_child(node);
	return node;
}

struct node *store_next_postorder(struct node *top, struct node *at)
{
	if (!at)
		return first_leaf(top);
	if (at == top)
		return NULL;
	if (TAILQ_NEXT(at, sibling))
		return first_leaf(TAILQ_NEXT(at, sibling));
	return at->parent;
}

static int add_first(struct store *store, struct node *parent, const char *name,
		     struct perms *perms, struct node **out)
{
	struct node *node = store_new_node(name, (uint32_t)strlen(name), "", 0, perms);

	if (!node)
		return -ENOMEM;
	if (parent && store_prepare_parent(parent) < 0) {
		store_drop_node(node);
		return -ENOMEM;
	}
	if (parent) {
		store_add(store, parent, node);
	} else {
		store->generation++;
		node->path_len = node->name_len ? node->name_len & 0x3fff : 1;
		enter(store, node,
		      node->name_len ? path_hash_child(&store->key, ~store->key.k[0], node->text,
						       node->name_len)
				     : path_hash_root(&store->key));
	}
	*out = node;
	return 0;
}

static int add_first_nodes(struct store *store)
{
	static const struct perm list[] = { { .domid = 0 },
					    { .domid = PERMS_ANY_DOMID, .rights = PERMS_READ } };
	CLEANUP(perms_unref) struct perms *closed = NULL;
	CLEANUP(perms_unref) struct perms *readable = NULL;
	struct node *tool, *daemon;

	if (perms_get(store->perms, list, 1, &closed) < 0 ||
	    perms_get(store->perms, list, 2, &readable) < 0 ||
	    add_first(store, NULL, "", closed, &store->root) < 0 ||
	    add_first(store, NULL, store_special_names[STORE_INTRODUCE], closed,
		      &store->specials[STORE_INTRODUCE]) < 0 ||
	    add_first(store, NULL, store_special_names[STORE_RELEASE], readable,
		      &store->specials[STORE_RELEASE]) < 0 ||
	    add_first(store, store->root, "tool", closed, &tool) < 0 ||
	    add_first(store, tool, "xenstored", closed, &daemon) < 0)
		return -ENOMEM;
	return 0;
}

int store_new(struct store **out, const struct hash_key *key, struct quota *quota)
{
	CLEANUP(store_free) struct store *store = calloc(1, sizeof(*store));
	struct quota_account *account;
	int r;

	if (!store)
		return -ENOMEM;
	store->key = *key;
	store->quota = quota;
	TAILQ_INIT(&store->snapshots);
	r = quota_open(quota, 0, &account);
	if (r < 0)
		return r;
	account->exempt = true;
	if (table_init(&store->nodes, 64) < 0 || table_init(&store->dead, 16) < 0)
		return -ENOMEM;
	r = perms_table_new(&store->perms, &store->key);
	if (r < 0)
		return r;
	r = add_first_nodes(store);
	if (r < 0)
		return r;
	*out = STEAL(store);
	return 0;
}

static void leave(struct store *store, struct node *node)
{
	struct quota_account *account = owner_account(store, node->perms);

	quota_discharge(account, QUOTA_NODES, 1);
	quota_discharge(account, QUOTA_MEMORY, node_memory(node));
	table_remove(&store->nodes, &node->link);
	LIST_REMOVE(node, user);
	store_drop_node(node);
}

void store_free(struct store *store)
{
	struct node *node, *next;

	if (!store)
		return;
	assert(TAILQ_EMPTY(&store->snapshots));
	node = store->root ? store_next_postorder(store->root, NULL) : NULL;
	for (; node; node = next) {
		next = store_next_postorder(store->root, node);
		if (node->parent)
			store_remove(store, node);
		else
			leave(store, node);
	}
	for (int i = 0; i < STORE_N_SPECIAL; i++)
		if (store->specials[i])
			leave(store, store->specials[i]);
	table_deinit(&store->nodes);
	table_deinit(&store->dead);
	perms_table_free(store->perms);
	free(store);
}
