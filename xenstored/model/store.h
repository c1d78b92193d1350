/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of nodes, found by the hash of the path, and every change that can be made to it. No
 * permissions are asked and no events fire here (view.h does both). Changes are made in two steps
 * where memory is needed: prepare, which may fail and changes nothing, and apply, which cannot.
 *
 * Each change keeps what open transactions still need to see (history.h) and moves charges.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "model/hash.h"
#include "model/node.h"
#include "model/path.h"
#include "model/table.h"

struct quota;
struct snapshot;

/* The two nodes beside the tree: who may read them gets the events. */
enum store_special { STORE_INTRODUCE, STORE_RELEASE, STORE_N_SPECIAL };
extern const char *const store_special_names[STORE_N_SPECIAL];

/*
 * Told of every change of the tree, to write it down elsewhere. Nodes are borrowed for the call.
 */
struct store_observer {
	void (*added)(void *ctx, const struct node *node);
	void (*value_set)(void *ctx, const struct node *node);
	void (*perms_set)(void *ctx, const struct node *node);
	/* The node is about to be removed with everything below it. */
	void (*removing)(void *ctx, const struct node *top);
};

struct store {
	struct hash_key key;
	struct table nodes;
	struct table dead;	   /* same hash, several of one path possible */
	struct perms_table *perms; /* owned */
	struct quota *quota;	   /* borrowed: outlives the store */
	uint64_t generation;	   /* of the last change, or start of a transaction */
	struct node *root;
	struct node *specials[STORE_N_SPECIAL];
	TAILQ_HEAD(snapshot_list, snapshot)
	snapshots;	 /* open ones, oldest first; owned by their transactions */
	bool has_greedy; /* some transaction may make us keep too much, see history.h */
	const struct store_observer *observer; /* borrowed: outlives the store; NULL: nobody */
	void *observer_ctx;
};

/**
 * store_new() - make the store with its first nodes, all of dom0: "/", "/tool", "/tool/xenstored"
 * and the two special ones, of which the one for releases is readable by all
 * @key:   random
 * @quota: the account of domid 0 is opened in it
 *
 * Return: 0 or -ENOMEM.
 */
int store_new(struct store **out, const struct hash_key *key, struct quota *quota);
void store_free(struct store *store);
DEFINE_CLEANUP(struct store *, store_free)

/** store_find() - the node of the first @level components of @path, or NULL */
struct node *store_find(const struct store *store, const struct path *path, uint32_t level);
/** store_find_text() - the node of the absolute path @text, whose hash is known, or NULL */
struct node *store_find_text(const struct store *store, uint64_t hash, const char *text,
			     uint32_t len);
/** store_find_text_at() - the same as of generation @at, which must be that of an open snapshot */
struct node *store_find_text_at(const struct store *store, uint64_t hash, const char *text,
				uint32_t len, uint64_t at);

/**
 * store_new_node() - a node that is not in the tree yet
 * @value: copied
 * @perms: another reference is taken
 *
 * Return: owned; store_add() or store_drop_node(). NULL if there is no memory.
 */
struct node *store_new_node(const char *name, uint32_t name_len, const char *value,
			    uint32_t value_len, struct perms *perms);
void store_drop_node(struct node *node);

/** store_prepare_parent() - get what it takes to give @node children; 0 or -ENOMEM */
int store_prepare_parent(struct node *node);

/**
 * store_add() - put a new node in the tree, as its parent's last child
 * @parent: prepared
 *
 * The account of its owner must be open; the node, its size and the name in @parent are charged.
 */
void store_add(struct store *store, struct node *parent, struct node *node);

/**
 * store_restore() - put back a node of a store that was saved; nobody is told
 * @parent:  prepared
 * @created: its generation at that time, which is not above the store's generation of now; as for
 *           everything else, the node counts as changed now
 */
void store_restore(struct store *store, struct node *parent, struct node *node, uint64_t created);

/* What a change of one node needs. */
struct store_change {
	struct version *version; /* keeps the former state, if some transaction needs it */
	char *value;		 /* buffer for a value that does not fit; may be NULL */
};

/** store_prepare() - get what changing @node to a value of @value_len bytes takes; 0 or -ENOMEM */
int store_prepare(struct store *store, struct node *node, uint32_t value_len,
		  struct store_change *change);
void store_unprepare(struct store_change *change);

/** store_set_value() - @value is copied; @change is used up */
void store_set_value(struct store *store, struct node *node, const char *value, uint32_t len,
		     struct store_change *change);
/**
 * store_set_perms() - another reference to @perms is taken; charges move to the new owner, whose
 * account must be open
 * @change: used up
 */
void store_set_perms(struct store *store, struct node *node, struct perms *perms,
		     struct store_change *change);

/**
 * store_replace_perms() - the same without a trace: no new generation, no former version
 *
 * For permissions that lose a dead domain, which is no event that anybody could conflict with.
 */
void store_replace_perms(struct store *store, struct node *node, struct perms *perms);

/**
 * store_remove() - take a node without children out of the tree
 *
 * It is freed, or kept dead while a transaction sees it. Charges are given back.
 */
void store_remove(struct store *store, struct node *node);

/** store_remove_tree() - the same with @top and everything below it; the observer is told */
void store_remove_tree(struct store *store, struct node *top);

/** store_free_dead() - let go of a dead node; for history.c */
void store_free_dead(struct store *store, struct node *node);

/**
 * store_next_preorder() - walk a subtree, parents before children, the oldest child first
 * @top: of the subtree, with which the walk begins
 * @at:  the last one visited, still in the tree
 *
 * Return: NULL after the last one.
 */
struct node *store_next_preorder(const struct node *top, struct node *at);

/**
 * store_next_postorder() - walk a subtree, children before parents
 * @top: of the subtree
 * @at:  the last one visited, or NULL to begin
 *
 * The node returned may be removed if the next one is asked for first; @at may be NULL or still in
 * the tree. Return: NULL after @top.
 */
struct node *store_next_postorder(struct node *top, struct node *at);

#endif
