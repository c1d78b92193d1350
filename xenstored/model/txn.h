/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction reads the store as it was at its start (history.h) and writes to an overlay of its
 * own. For each node it remembers what it depended on, and commits if none of that has changed
 * since:
 *
 *   read or written	value, permissions, existence
 *   as a parent	permissions and existence, not which other children it has
 *   listed		the set of children
 *   removed		all of these
 *
 * So adding or removing a node beside mine is no conflict, and a transaction that wrote nothing
 * commits always.
 */
#ifndef TXN_H
#define TXN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "model/arena.h"
#include "model/history.h"
#include "model/node.h"
#include "model/path.h"
#include "model/store.h"
#include "model/table.h"
#include "model/watch.h"

#define TXN_READ   1u
#define TXN_PARENT 2u
#define TXN_LIST   4u

/* Nodes that one transaction of a tool, which has no quota, may touch. */
#define TXN_NODES_MAX 1000000u

TAILQ_HEAD(txn_node_list, txn_node);

/* One node the transaction touched. */
struct txn_node {
	struct table_link link;
	STAILQ_ENTRY(txn_node) order; /* of first access */
	/* What was there at the start, or NULL. It stays as long as the snapshot is open. */
	struct node *base;
	struct txn_node *parent; /* set if the node was created here */
	struct perms *perms;	 /* counted; NULL: those of base */
	char *value;		 /* owned; NULL: that of base */
	uint32_t value_len;
	uint8_t touched; /* TXN_* */
	bool exists;	 /* as the transaction sees it */
	bool removed;	 /* base is to go, whatever came in its place */
	bool is_cut;	 /* removed, and so is all below base, of which nothing is here */
	bool created;	 /* exists, and base is not it */
	bool implied;	 /* created only because something below it was */
	bool on_top;	 /* commit: removed, but the parent is not */
	bool fires;	 /* an event of this kind is due */
	enum watch_kind kind;
	int32_t children_bytes;	       /* names added less names taken away */
	struct txn_node_list children; /* created here, in order */
	TAILQ_ENTRY(txn_node) sibling; /* in parent->children, while created */
	struct txn_node *cut_behind;   /* cut: what was entered last at that time */
	struct node *live;	       /* commit: the node that bears the change */
	struct node *fresh;	       /* commit: owned until it is in the store */
	struct store_change change;    /* commit */
	struct perms *former;	       /* commit: counted; of base, before the change */
	uint16_t path_len;
	char path[]; /* absolute, NUL-terminated */
};

struct txn {
	struct snapshot snapshot;
	struct store *store;	       /* borrowed: outlives all transactions */
	struct quota_account *account; /* borrowed: closed after the connection */
	LIST_ENTRY(txn) own;	       /* in the connection */
	struct table overlay;
	STAILQ_HEAD(, txn_node) order; /* in nodes, of what they hold owned */
	struct arena nodes;
	uint32_t id;
	uint32_t n_nodes;
	uint32_t n_changes;
	uint32_t n_cuts;      /* nodes that are cut */
	int32_t n_owned;      /* nodes that the account gains by this transaction */
	bool is_open;	      /* the snapshot is */
	uint64_t fought_over; /* if outdated: hash of the path of a node that had changed */
	bool failed;	      /* a request was half done: no commit */
	bool is_lost; /* what it did is gone (restart, or too much kept for it): no commit */
};

/**
 * txn_new() - begin
 * @account: charged with the transaction
 *
 * Return: 0, -ENOSPC (quota of transactions) or -ENOMEM.
 */
int txn_new(struct txn **out, struct store *store, struct quota_account *account, uint32_t id);
/**
 * txn_new_later() - the same, but its snapshot is taken by txn_open()
 *
 * Until then nothing may be done with it but txn_commit() and txn_free().
 */
int txn_new_later(struct txn **out, struct store *store, struct quota_account *account,
		  uint32_t id);
void txn_open(struct txn *txn);
/**
 * txn_new_lost() - one that was open when the daemon was restarted
 *
 * It can be used, but its commit says -EAGAIN, so that the client begins again. Return: 0 or
 * -ENOMEM.
 */
int txn_new_lost(struct txn **out, struct store *store, struct quota_account *account, uint32_t id);
/**
 * txn_lose_greedy() - if open transactions make us keep more of the past than their domains may
 *
 * Such a transaction forgets all and goes on as one that is lost, with a snapshot of now.
 */
void txn_lose_greedy(struct store *store);
/** txn_free() - end without a commit, or after it */
void txn_free(struct txn *txn);
DEFINE_CLEANUP(struct txn *, txn_free)

/**
 * txn_touch() - find what the transaction has of the first @level components of @path
 * @touch: set of TXN_*: what the caller is going to depend on
 *
 * Return: 0, -ENOSPC (quota of nodes per transaction) or -ENOMEM: the transaction has failed.
 */
int txn_touch(struct txn *txn, const struct path *path, uint32_t level, unsigned int touch,
	      struct txn_node **out);

/** txn_view() - what the transaction sees of @tn, which exists */
void txn_view(const struct txn *txn, const struct txn_node *tn, struct node_view *view);
/** txn_children_bytes() - total length of the names of its children, each with a NUL */
uint32_t txn_children_bytes(const struct txn_node *tn);

/** txn_write() - give @tn, which exists, another value; 0 or -ENOMEM */
int txn_write(struct txn *txn, struct txn_node *tn, const char *value, uint32_t len);
/** txn_set_perms() - give @tn, which exists, other permissions; another reference is taken */
void txn_set_perms(struct txn *txn, struct txn_node *tn, struct perms *perms);
/** txn_create() - make @tn, which does not exist, a child of @parent, which does; 0 or -ENOMEM */
int txn_create(struct txn *txn, struct txn_node *parent, struct txn_node *tn, const char *value,
	       uint32_t len, struct perms *perms, bool implied);
/** txn_queue_event() - fire at commit; a subtree event takes the place of an exact one */
void txn_queue_event(struct txn_node *tn, enum watch_kind kind);

/* A child as the transaction sees it; one of the two is NULL. */
struct txn_child {
	struct node *node;   /* of the snapshot */
	struct txn_node *tn; /* created here */
};

struct txn_children {
	struct txn_child *list; /* owned */
	uint32_t n;
	uint32_t n_allocated;
};

/** txn_list() - the children of @tn, which exists, in order of creation; 0 or -ENOMEM */
int txn_list(const struct txn *txn, const struct txn_node *tn, struct txn_children *children);
void txn_children_deinit(struct txn_children *children);

/** txn_child_name() - not terminated */
static inline const char *txn_child_name(const struct txn_child *child, uint32_t *len)
{
	const char *name;

	if (child->node) {
		*len = child->node->name_len;
		return child->node->text;
	}
	name = child->tn->path + child->tn->path_len;
	while (name[-1] != '/')
		name--;
	*len = (uint32_t)(child->tn->path + child->tn->path_len - name);
	return name;
}

/**
 * txn_remove() - remove @top, which exists, and everything below it, and queue the events
 *
 * Return: 0, -ENOSPC or -ENOMEM: the transaction has failed.
 */
int txn_remove(struct txn *txn, struct txn_node *parent, struct txn_node *top);

/**
 * txn_uncut_all() - take note of every single node that is to go
 *
 * Return: 0, -ENOSPC or -ENOMEM: the transaction has failed.
 */
int txn_uncut_all(struct txn *txn);

/** txn_is_outdated() - has anything that it touched changed since its start? */
bool txn_is_outdated(struct txn *txn);

/**
 * txn_commit() - make it all happen, or nothing, and fire the events
 * @cause: for the events
 *
 * Return: 0, -EAGAIN (conflict), -ENOSPC (quota of nodes or node size), -ENOMEM (also: had failed).
 * The transaction is over in any case; only txn_free() may follow.
 */
int txn_commit(struct txn *txn, struct watch_index *watches, void *cause);

#endif
