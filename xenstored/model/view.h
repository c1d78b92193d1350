/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store as one client sees it, now or inside a transaction: permissions and quotas are asked
 * here, changes made, and events fired (or kept until the commit). What an operation on nodes means
 * is decided in this module and nowhere else.
 *
 * Errors common to all: -EACCES; -ENOENT (only to who might see the node if it were there, else
 * -EACCES); -ENOSPC (a quota, also that of nodes per transaction); -ENOMEM.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "model/node.h"
#include "model/path.h"
#include "model/perms.h"
#include "model/txn.h"

struct quota_account;
struct store;
struct watch_index;

struct view {
	struct store *store;
	struct watch_index *watches;
	struct txn *txn;	       /* NULL: now */
	const struct subject *subject; /* who asks */
	struct quota_account *account; /* theirs */
	void *cause;		       /* for the events */
};

/** view_read() - value and permissions of a node that may be read */
int view_read(struct view *view, const struct path *path, struct node_view *out);

/* The names of a node's children, each with a NUL. */
struct view_listing {
	uint32_t n_bytes;
	uint64_t generation;	      /* of the node */
	const struct node *node;      /* now: list its children */
	struct txn_children children; /* in a transaction: this list, owned */
};

/** view_list() - the children of a node that may be read, in order of creation */
int view_list(struct view *view, const struct path *path, struct view_listing *listing);
/**
 * view_listing_copy() - a part of the names
 * @offset: first byte wanted
 * @whole:  stop before a name that does not fit as a whole, instead of in its middle
 *
 * Return: bytes written to @buf, at most @size.
 */
uint32_t view_listing_copy(const struct view_listing *listing, uint32_t offset, char *buf,
			   uint32_t size, bool whole);
void view_listing_deinit(struct view_listing *listing);

/** view_write() - set the value, creating the node and its missing ancestors */
int view_write(struct view *view, const struct path *path, const char *value, uint32_t len);
/** view_mkdir() - create the node and its missing ancestors; nothing if it is there */
int view_mkdir(struct view *view, const struct path *path);
/**
 * view_rm() - remove the node and everything below it
 *
 * Return also: 0 if it is not there but its parent is, -ENOENT if neither is, -EINVAL for "/".
 */
int view_rm(struct view *view, const struct path *path);
/**
 * view_set_perms() - set the permission list; whether its domains exist has been found out before
 *
 * Return also: -EPERM (only the privileged may change the owner).
 */
int view_set_perms(struct view *view, const struct path *path, const struct perm *list, uint32_t n);

#endif
