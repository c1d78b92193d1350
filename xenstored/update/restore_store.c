/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits and nodes. What another daemon has allowed stays, so no limit is asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/path.h"
#include "model/perms.h"
#include "model/quota.h"
#include "model/store.h"
#include "protocol/protocol.h"
#include "update/restore.h"

#define SOFT_PREFIX "soft-"

struct filling {
	struct protocol *protocol;
	struct log *log;
	const uint8_t
		*raw; /* permissions of the node before, which the next one's often are, too */
	uint32_t n_raw;
	struct perms *perms; /* counted: made of raw */
	uint32_t n_unknown;  /* limits */
};

static bool find_item(const char *name, enum quota_item *item, bool *soft)
{
	*soft = strncmp(name, SOFT_PREFIX, strlen(SOFT_PREFIX)) == 0;
	if (*soft)
		name += strlen(SOFT_PREFIX);
	for (*item = 0; *item < QUOTA_N; (*item)++)
		if (strcmp(quota_names[*item].name, name) == 0)
			return true;
	return false;
}

/* @account: NULL: of all. */
static void set_limits(const struct reader *reader, const struct stream_domain *limits,
		       struct quota *quota, struct quota_account *account, uint32_t *n_unknown)
{
	const char *name = limits->names;

	for (uint32_t i = 0; i < limits->n_limits; i++, name += strlen(name) + 1) {
		uint32_t value = reader_limit(reader, limits, i);
		enum quota_item item;
		bool soft;

		if (!find_item(name, &item, &soft))
			++*n_unknown;
		else if (account)
			quota_set_own_limit(account, item, soft, value);
		else
			quota_set_limit(quota, item, soft, value);
	}
}

void restore_limits(const struct reader *reader, const struct stream_domain *domain,
		    struct protocol *protocol, uint32_t *n_unknown)
{
	struct quota_account *account = quota_get(protocol->quota, domain->domid);

	if (account)
		set_limits(reader, domain, protocol->quota, account, n_unknown);
}

static uint8_t rights_of(char letter)
{
	return (letter == 'r' || letter == 'b' ? PERMS_READ : 0) |
	       (letter == 'w' || letter == 'b' ? PERMS_WRITE : 0);
}

int restore_perms(struct protocol *protocol, const struct reader *reader, const uint8_t *raw,
		  uint32_t n, struct perms **out)
{
	struct quota_account *account;
	struct perm *list;
	int r;

	if (!n)
		return -EBADMSG;
	list = calloc(n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct stream_perm perm = reader_perm(reader, raw, i);

		list[i] = (struct perm){ perm.domid, rights_of(perm.rights), perm.stale };
	}
	r = quota_open(protocol->quota, list[0].domid, &account);
	if (r == 0)
		r = perms_get(protocol->store->perms, list, n, out);
	free(list);
	return r == -EINVAL ? -EBADMSG : r;
}

static int find_perms(struct filling *filling, const struct reader *reader,
		      const struct stream_node *node)
{
	struct perms *perms;
	int r;

	if (filling->perms && filling->n_raw == node->n_perms &&
	    memcmp(filling->raw, node->perms, 4 * (size_t)node->n_perms) == 0)
		return 0;
	r = restore_perms(filling->protocol, reader, node->perms, node->n_perms, &perms);
	if (r < 0)
		return r;
	perms_unref(filling->perms);
	filling->perms = perms;
	filling->raw = node->perms;
	filling->n_raw = node->n_perms;
	return 0;
}

/* "/" and the special nodes have been there since the store was made. */
static struct node *find_first(const struct store *store, const struct stream_node *in)
{
	if (strcmp(in->path, "/") == 0)
		return store->root;
	for (int i = 0; i < STORE_N_SPECIAL; i++)
		if (strcmp(in->path, store_special_names[i]) == 0)
			return store->specials[i];
	return NULL;
}

static int change_first(struct filling *filling, struct node *node, const struct stream_node *in)
{
	struct store *store = filling->protocol->store;
	struct store_change change;
	int r = store_prepare(store, node, in->value_len, &change);

	if (r < 0)
		return r;
	store_set_value(store, node, in->value, in->value_len, &change);
	store_replace_perms(store, node, filling->perms);
	return 0;
}

static int add_node(struct filling *filling, const struct stream_node *in)
{
	struct store *store = filling->protocol->store;
	struct node *parent, *node;
	uint32_t name_len;
	struct path path;
	const char *name;

	if (path_parse(&path, &store->key, "", in->path, in->path_len, false) < 0 ||
	    in->path[0] != '/' || in->value_len > NODE_VALUE_MAX)
		return -EBADMSG;
	parent = store_find(store, &path, path.n_levels - 1);
	if (!parent || store_find(store, &path, path.n_levels))
		return -EBADMSG;
	name = path_name(&path, path.n_levels, &name_len);
	node = store_new_node(name, name_len, in->value, in->value_len, filling->perms);
	if (!node || store_prepare_parent(parent) < 0) {
		store_drop_node(node);
		return -ENOMEM;
	}
	store_add(store, parent, node);
	return 0;
}

static int fill_node(struct filling *filling, const struct reader *reader,
		     const struct stream_node *in)
{
	struct node *node = find_first(filling->protocol->store, in);
	char text[80];
	int r = find_perms(filling, reader, in);

	/* Others have specials that mean nothing here. */
	if (r == 0 && !node && in->path[0] == '@') {
		log_warning(filling->log, "live update: special node %s is left out",
			    log_escape(text, sizeof(text), in->path, in->path_len));
		return 0;
	}
	if (r == 0)
		r = node ? change_first(filling, node, in) : add_node(filling, in);
	if (r == -EBADMSG)
		log_error(filling->log,
			  "live update: node %s: it has no parent, no owner, or is there twice",
			  log_escape(text, sizeof(text), in->path, in->path_len));
	return r;
}

static int fill(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct filling *filling = ctx;

	if (record->type == STREAM_QUOTA)
		set_limits(reader, &record->domain, filling->protocol->quota, NULL,
			   &filling->n_unknown);
	if (record->type == STREAM_NODE && !record->node.conn)
		return fill_node(filling, reader, &record->node);
	return 0;
}

/* The store comes with a few nodes; the stream says which of them there are. */
static void remove_first_nodes(struct store *store)
{
	struct node *next, *node = store_next_postorder(store->root, NULL);

	for (; node != store->root; node = next) {
		next = store_next_postorder(store->root, node);
		store_remove(store, node);
	}
}

int restore_store(const struct restore *restore, struct protocol *protocol)
{
	struct filling filling = { .protocol = protocol, .log = restore->log };
	struct store *store = protocol->store;
	int r;

	/* Whatever a client has seen of a node's generation must not come again for another state.
	 */
	if (restore->server.version && store->generation < restore->server.generation)
		store->generation = restore->server.generation + 1;
	remove_first_nodes(store);
	r = restore_walk(restore, fill, &filling);
	perms_unref(filling.perms);
	if (filling.n_unknown)
		log_warning(restore->log, "live update: %u limits are not known here",
			    filling.n_unknown);
	return r;
}
