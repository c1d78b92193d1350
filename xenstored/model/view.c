/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking: finding nodes now or in a transaction, and who may see them. */
#include "model/view.h"

#include <errno.h>
#include <string.h>

#include "model/store.h"
#include "model/view_priv.h"

int look(struct view *view, const struct path *path, uint32_t level, unsigned int touch,
	 struct seen *seen)
{
	int r;

	if (view->txn) {
		r = txn_touch(view->txn, path, level, touch, &seen->tn);
		if (r < 0)
			return r;
		seen->node = NULL;
		seen->exists = seen->tn->exists;
		if (seen->exists) {
			txn_view(view->txn, seen->tn, &seen->is);
			seen->children_bytes = txn_children_bytes(seen->tn);
		}
		return 0;
	}
	seen->tn = NULL;
	seen->node = store_find(view->store, path, level);
	seen->exists = seen->node;
	if (seen->node) {
		seen->is.perms = seen->node->perms;
		seen->is.value = seen->node->value;
		seen->is.value_len = seen->node->value_len;
		seen->children_bytes = node_children_bytes(seen->node);
	}
	return 0;
}

int look_ancestor(struct view *view, const struct path *path, uint32_t level, uint32_t *at,
		  struct seen *seen)
{
	/* A special has no parent, but "/" answers for it. */
	if (path->special) {
		*at = 0;
		seen->exists = true;
		seen->tn = NULL;
		seen->node = view->store->root;
		seen->is.perms = seen->node->perms;
		return 0;
	}
	do {
		int r = look(view, path, --level, 0, seen);

		if (r < 0)
			return r;
	} while (!seen->exists);
	if (seen->tn)
		seen->tn->touched |= TXN_PARENT;
	*at = level;
	return 0;
}

/*
 * Whether a node that one may not see exists is nobody's business: the nearest ancestor decides
 * which error tells nothing.
 */
static int hide(struct view *view, const struct path *path, unsigned int need)
{
	struct seen above;
	uint32_t level;
	int r;

	if (view->subject->privileged)
		return -ENOENT;
	if (!path->n_levels)
		return -EACCES;
	r = look_ancestor(view, path, path->n_levels, &level, &above);
	if (r < 0)
		return r;
	return perms_rights(above.is.perms, view->subject) & need ? -ENOENT : -EACCES;
}

int look_allowed(struct view *view, const struct path *path, unsigned int need, unsigned int touch,
		 struct seen *seen)
{
	int r = look(view, path, path->n_levels, touch, seen);

	if (r < 0)
		return r;
	if (!seen->exists)
		return hide(view, path, need);
	return perms_allow(seen->is.perms, view->subject, need) ? 0 : -EACCES;
}

int view_read(struct view *view, const struct path *path, struct node_view *out)
{
	struct seen seen;
	int r = look_allowed(view, path, PERMS_READ, TXN_READ, &seen);

	if (r < 0)
		return r;
	*out = seen.is;
	return 0;
}

int view_list(struct view *view, const struct path *path, struct view_listing *listing)
{
	struct seen seen;
	int r = look_allowed(view, path, PERMS_READ, TXN_LIST | TXN_PARENT, &seen);

	if (r < 0)
		return r;
	listing->generation = seen.node ? node_generation(seen.node) : seen.is.generation;
	listing->n_bytes = 0;
	listing->node = seen.node;
	listing->children = (struct txn_children){ 0 };
	if (seen.node) {
		listing->n_bytes = node_children_bytes(seen.node);
		return 0;
	}
	r = txn_list(view->txn, seen.tn, &listing->children);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < listing->children.n; i++) {
		uint32_t len;

		txn_child_name(&listing->children.list[i], &len);
		listing->n_bytes += len + 1;
	}
	return 0;
}

struct copying {
	uint32_t at; /* position in the list of names */
	uint32_t offset;
	char *buf;
	uint32_t n;
	uint32_t size;
	bool whole;
};

/* Copies what is wanted of one name and its NUL; false when the buffer is full. */
static bool copy_name(struct copying *c, const char *name, uint32_t len)
{
	uint32_t skip = c->offset > c->at ? c->offset - c->at : 0;
	uint32_t n = len + 1;

	c->at += n;
	if (skip >= n)
		return true;
	n -= skip;
	if (n > c->size - c->n) {
		if (c->whole)
			return false;
		memcpy(c->buf + c->n, name + skip, c->size - c->n);
		c->n = c->size;
		return false;
	}
	memcpy(c->buf + c->n, name + skip, n - 1);
	c->n += n;
	c->buf[c->n - 1] = '\0';
	return true;
}

uint32_t view_listing_copy(const struct view_listing *listing, uint32_t offset, char *buf,
			   uint32_t size, bool whole)
{
	struct copying c = { .offset = offset, .buf = buf, .size = size, .whole = whole };
	const struct node *child;
	uint32_t len;

	if (!listing->node) {
		for (uint32_t i = 0; i < listing->children.n; i++) {
			const char *name = txn_child_name(&listing->children.list[i], &len);

			if (!copy_name(&c, name, len))
				break;
		}
		return c.n;
	}
	for (child = node_first_child(listing->node); child; child = TAILQ_NEXT(child, sibling))
		if (!copy_name(&c, child->text, child->name_len))
			break;
	return c.n;
}

void view_listing_deinit(struct view_listing *listing)
{
	txn_children_deinit(&listing->children);
}
