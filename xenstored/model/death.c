/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Goes through the permission lists that name the domain, and through the nodes that carry them. */
#include "model/death.h"

#include <stdlib.h>

#include "model/perms.h"
#include "model/store.h"
#include "model/view.h"

static const struct subject daemon_itself = { .privileged = true };

static struct node *topmost_owned(struct node *node, uint32_t domid)
{
	struct node *top = node;

	for (node = node->parent; node; node = node->parent)
		if (perms_owner(node->perms) == domid)
			top = node;
	return top;
}

static void remove_node(struct store *store, struct watch_index *watches, const struct node *node)
{
	struct view view = { .store = store, .watches = watches, .subject = &daemon_itself };
	char text[PATH_LEN_MAX + 1];
	struct path path;

	node_path(node, text);
	if (path_parse(&path, &store->key, "", text, node->path_len, false) == 0)
		view_rm(&view, &path);
}

/* Moves all users of @perms to a list without @domid; without memory they keep the stale one. */
static void move_users(struct store *store, struct perms *perms, uint32_t domid)
{
	CLEANUP(perms_unref) struct perms *owned = NULL;
	CLEANUP(perms_unref) struct perms *stripped = NULL;

	if (perms_get_owned(perms, perms_owner(perms) == domid ? 0 : perms_owner(perms), &owned) <
		    0 ||
	    perms_get_stripped(owned, domid, &stripped) < 0)
		return;
	while (!LIST_EMPTY(&perms->users))
		store_replace_perms(store, LIST_FIRST(&perms->users), stripped);
}

static void give_to_dom0(struct store *store, struct node *node, uint32_t domid)
{
	CLEANUP(perms_unref) struct perms *perms = NULL;

	if (perms_owner(node->perms) == domid && perms_get_owned(node->perms, 0, &perms) == 0)
		store_replace_perms(store, node, perms);
}

void death_sweep(struct store *store, struct watch_index *watches, uint32_t domid,
		 bool keep_orphans)
{
	struct perms *perms;

	/* These stay, whoever owned them. */
	give_to_dom0(store, store->root, domid);
	for (int i = 0; i < STORE_N_SPECIAL; i++)
		give_to_dom0(store, store->specials[i], domid);
	while ((perms = perms_first_mention(store->perms, domid))) {
		perms_ref(perms);
		while (perms_owner(perms) == domid && !keep_orphans && !LIST_EMPTY(&perms->users) &&
		       LIST_FIRST(&perms->users)->parent)
			remove_node(store, watches,
				    topmost_owned(LIST_FIRST(&perms->users), domid));
		move_users(store, perms, domid);
		perms_detach(perms, domid);
		perms_unref(perms);
	}
}
