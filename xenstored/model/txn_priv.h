/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of transactions (txn*.c) have in common and nobody else needs. */
#ifndef TXN_PRIV_H
#define TXN_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "model/txn.h"

/**
 * txn_enter() - take note of a node that the overlay does not have yet
 * @tail: if @tail_len is not 0, one more component after @path
 *
 * Return: 0, -ENOSPC (quota of nodes per transaction) or -ENOMEM: the transaction has failed.
 */
int txn_enter(struct txn *txn, uint64_t hash, const char *path, uint32_t len, const char *tail,
	      uint32_t tail_len, struct txn_node **out);

/** txn_drop_value() - forget what was written to @tn */
void txn_drop_value(struct txn *txn, struct txn_node *tn);

/** txn_count_owner() - what the account gains or loses by a change of owner; NULL is nobody */
void txn_count_owner(struct txn *txn, const struct perms *before, const struct perms *after);

/** txn_current_perms() - of @tn, which exists, as the transaction sees it; borrowed */
const struct perms *txn_current_perms(const struct txn *txn, const struct txn_node *tn);

/**
 * txn_list_base() - the children that @base had at the start and that were left alone
 * @children: those are appended, in order of creation
 *
 * Return: 0 or -ENOMEM.
 */
int txn_list_base(const struct txn *txn, struct node *base, struct txn_children *children);

/* A tree that goes as a whole, see txn_cut.c. Its top is_cut. */

/** txn_may_cut() - is it enough to take note of @top, @parent's child, which is to be removed? */
bool txn_may_cut(const struct txn *txn, const struct txn_node *parent, const struct txn_node *top);
/** txn_cut() - @top, which has been removed, stands for all below it */
void txn_cut(struct txn *txn, struct txn_node *top);

/**
 * txn_uncut() - enter everything below @top after all
 *
 * Return: 0, -ENOSPC (too many nodes) or -ENOMEM: the transaction has failed.
 */
int txn_uncut(struct txn *txn, struct txn_node *top);

/** txn_cut_changed() - a node of the tree of @top that is not as it was at the start, or NULL */
const struct node *txn_cut_changed(const struct txn *txn, struct node *top);

/**
 * txn_cut_enter_watched() - enter what is below @top and has watches, for their events only
 *
 * Return: 0, -ENOSPC (too many nodes) or -ENOMEM.
 */
int txn_cut_enter_watched(struct txn *txn, struct txn_node *top, const struct watch_index *watches);

/** txn_append() - one more child, see struct txn_child; 0 or -ENOMEM */
int txn_append(struct txn_children *children, struct node *node, struct txn_node *tn);

#endif
