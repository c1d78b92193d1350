/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What view.c (looking) and view_change.c (changing) share. */
#ifndef VIEW_PRIV_H
#define VIEW_PRIV_H

#include "model/view.h"

/* A place in the store as the view sees it. */
struct seen {
	bool exists;
	struct node_view is;	 /* if it exists */
	struct node *node;	 /* now: the node */
	struct txn_node *tn;	 /* in a transaction: what it has of it */
	uint32_t children_bytes; /* if it exists */
};

/** look() - what is at the first @level components; @touch as for txn_touch() */
int look(struct view *view, const struct path *path, uint32_t level, unsigned int touch,
	 struct seen *seen);

/**
 * look_allowed() - what is at @path, for one who needs rights @need on it
 *
 * Return: 0 with @seen, -EACCES, -ENOENT with @seen, or what look() says.
 */
int look_allowed(struct view *view, const struct path *path, unsigned int need, unsigned int touch,
		 struct seen *seen);

/** look_ancestor() - the nearest one that exists above @level; its own level goes to @at */
int look_ancestor(struct view *view, const struct path *path, uint32_t level, uint32_t *at,
		  struct seen *seen);

#endif
