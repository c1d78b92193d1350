/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over the image, one over the journal. Limits are not asked: what was allowed once stays.
 */
#include "persist/replay.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/perms.h"
#include "model/quota.h"
#include "model/store.h"
#include "persist/entry.h"
#include "persist/heap.h"
#include "persist/idmap.h"
#include "persist/image.h"
#include "persist/journal.h"
#include "persist/saved.h"
#include "protocol/protocol.h"

/* Of a journal per node, most often. */
#define NODE_BYTES 96
/* Of memory per node, with a short name and value. */
#define NODE_MEMORY 208

struct replay {
	struct store *store; /* borrowed from the protocol, like quota */
	struct quota *quota;
	struct saved *saved; /* borrowed */
	struct log *log;
	struct idmap nodes;
	uint64_t highest;    /* of the nodes' numbers */
	struct perms *perms; /* counted: of the node before; most often the next one's, too */
	uint64_t serial;     /* of the record, or of the chunk */
	uint64_t image_serial;
	bool in_image;
};

/* Is it allowed that what an entry is about is not there? */
static int missing(const struct replay *replay)
{
	return !replay->in_image && replay->serial <= replay->image_serial ? 0 : -EBADMSG;
}

static int get_perms(struct replay *replay, const struct entry_perm *list, uint32_t n,
		     struct perms **out)
{
	struct quota_account *account;
	struct perm *copy;
	int r;

	if (!n)
		return -EBADMSG;
	copy = calloc(n, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		copy[i] = (struct perm){ list[i].domid, list[i].rights, list[i].stale };
	r = quota_open(replay->quota, list[0].domid, &account);
	if (r == 0)
		r = perms_get(replay->store->perms, copy, n, out);
	free(copy);
	return r == -EINVAL ? -EBADMSG : r;
}

static bool is_perms(const struct perms *perms, const struct entry_perm *list, uint32_t n)
{
	if (!perms || perms->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (perms->list[i].domid != list[i].domid ||
		    perms->list[i].rights != list[i].rights ||
		    perms->list[i].stale != (bool)list[i].stale)
			return false;
	return true;
}

/* Leaves the list in replay->perms. */
static int find_perms(struct replay *replay, const struct entry_perm *list, uint32_t n)
{
	struct perms *perms;
	int r;

	if (is_perms(replay->perms, list, n))
		return 0;
	r = get_perms(replay, list, n, &perms);
	if (r < 0)
		return r;
	perms_unref(replay->perms);
	replay->perms = perms;
	return 0;
}

static int set_value(struct replay *replay, struct node *node, const char *value, uint32_t len)
{
	struct store_change change;
	int r;

	if (len > NODE_VALUE_MAX)
		return -EBADMSG;
	if (len == node->value_len && memcmp(value, node->value, len) == 0)
		return 0;
	r = store_prepare(replay->store, node, len, &change);
	if (r < 0)
		return r;
	store_set_value(replay->store, node, value, len, &change);
	return 0;
}

/* "/" and the specials have been there since the store was made; they only change. */
static int replay_first_node(struct replay *replay, const struct entry_node *e, const char *name)
{
	struct node *node = NULL;

	if (!e->name_len)
		node = replay->store->root;
	for (int i = 0; i < STORE_N_SPECIAL && e->name_len; i++)
		if (strlen(store_special_names[i]) == e->name_len &&
		    memcmp(store_special_names[i], name, e->name_len) == 0)
			node = replay->store->specials[i];
	if (!node)
		return -EBADMSG;
	node->created = e->id;
	store_replace_perms(replay->store, node, replay->perms);
	if (idmap_set(&replay->nodes, e->id, node) < 0)
		return -ENOMEM;
	return set_value(replay, node, name + e->name_len, e->value_len);
}

static int replay_node(struct replay *replay, const struct entry_node *e)
{
	const char *name = (const char *)(e->perms + e->n_perms);
	struct node *node = idmap_get(&replay->nodes, e->id);
	struct node *parent;
	int r = find_perms(replay, e->perms, e->n_perms);

	if (r < 0)
		return r;
	if (node) {
		if (node->perms != replay->perms)
			store_replace_perms(replay->store, node, replay->perms);
		return set_value(replay, node, name + e->name_len, e->value_len);
	}
	if (!e->id || e->value_len > NODE_VALUE_MAX)
		return -EBADMSG;
	if (!e->parent)
		return replay_first_node(replay, e, name);
	parent = idmap_get(&replay->nodes, e->parent);
	if (!parent)
		return missing(replay);
	if (!e->name_len || parent->path_len + 1u + e->name_len > PATH_LEN_MAX)
		return -EBADMSG;
	node = store_new_node(name, e->name_len, name + e->name_len, e->value_len, replay->perms);
	if (!node || store_prepare_parent(parent) < 0) {
		store_drop_node(node);
		return -ENOMEM;
	}
	store_restore(replay->store, parent, node, e->id);
	if (e->id > replay->highest)
		replay->highest = e->id;
	return idmap_set(&replay->nodes, e->id, node);
}

static int replay_value(struct replay *replay, const struct entry_value *e)
{
	struct node *node = idmap_get(&replay->nodes, e->id);

	return node ? set_value(replay, node, e->value, e->value_len) : missing(replay);
}

static int replay_perms(struct replay *replay, const struct entry_perms *e)
{
	struct node *node = idmap_get(&replay->nodes, e->id);
	int r = find_perms(replay, e->perms, e->n_perms);

	if (r < 0)
		return r;
	if (!node)
		return missing(replay);
	store_replace_perms(replay->store, node, replay->perms);
	return 0;
}

static int replay_remove(struct replay *replay, const struct entry_name *e)
{
	struct node *top = idmap_get(&replay->nodes, e->id);
	struct node *next, *node;

	if (!top)
		return missing(replay);
	if (!top->parent)
		return -EBADMSG;
	for (node = store_next_postorder(top, NULL); node; node = next) {
		next = store_next_postorder(top, node);
		idmap_set(&replay->nodes, node->created, NULL);
		store_remove(replay->store, node);
	}
	return 0;
}

static int replay_quota(struct replay *replay, const struct entry_quota *e)
{
	struct quota_account *account;
	int r;

	if (e->item >= QUOTA_N)
		return -EBADMSG;
	if (e->domid == ENTRY_ALL_DOMAINS) {
		quota_set_limit(replay->quota, e->item, e->soft, e->limit);
		return 0;
	}
	r = quota_open(replay->quota, e->domid, &account);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	quota_set_own_limit(account, e->item, e->soft, e->limit);
	return 0;
}

/* The next domain of this number begins with the limits of all. */
static void forget_limits(struct replay *replay, uint32_t domid)
{
	struct quota_account *account = quota_get(replay->quota, domid);

	for (enum quota_item i = 0; account && i < QUOTA_N; i++) {
		account->limit[i] = quota_limit(replay->quota, i, false);
		account->soft[i] = quota_limit(replay->quota, i, true);
	}
}

static int replay_client_entry(struct replay *replay, const struct entry *entry)
{
	/* All that is about one client has its number in the same place. */
	uint64_t id = ((const struct entry_name *)entry)->id;
	struct saved *saved = replay->saved;
	struct saved_client *client = saved_get_client(saved, id);

	if (!client)
		return missing(replay);
	if (!replay->in_image && replay->serial <= client->as_of)
		return 0;
	switch (entry->type) {
	case ENTRY_CLIENT_END:
		saved_end_client(saved, client);
		return 0;
	case ENTRY_RESET:
		saved_reset(saved, client, entry->flags & ENTRY_RESET_ALL);
		return 0;
	case ENTRY_WATCH:
		return saved_watch(saved, client, (const struct entry_watch *)entry);
	case ENTRY_UNWATCH:
		return saved_unwatch(saved, client, (const struct entry_watch *)entry);
	case ENTRY_TXN:
	case ENTRY_TXN_END:
		return saved_txn(client, (const struct entry_txn *)entry);
	case ENTRY_INPUT:
		return saved_input(client, (const struct entry_stream *)entry);
	case ENTRY_TAKEN:
		client->taken = ((const struct entry_stream *)entry)->at;
		client->taken_serial = replay->serial;
		return 0;
	case ENTRY_SLOW:
		return saved_slow(client, (const struct entry_stream *)entry);
	case ENTRY_OUTPUT:
		return saved_output(client, (const struct entry_stream *)entry, replay->serial);
	default:
		return -EBADMSG;
	}
}

static int replay_client(struct replay *replay, const struct entry_client *e)
{
	uint64_t as_of = replay->in_image ? replay->serial : 0;
	uint64_t born = replay->in_image ? 0 : replay->serial;

	if (!replay->in_image && saved_get_client(replay->saved, e->id))
		return missing(replay); /* the image has it: so it may be */
	return saved_add_client(replay->saved, e, as_of, born);
}

/* Domains and limits are all in the last chunks, so the image knows everything of its time. */
static int replay_domain_entry(struct replay *replay, const struct entry *entry)
{
	if (!replay->in_image && replay->serial <= replay->image_serial)
		return 0;
	switch (entry->type) {
	case ENTRY_QUOTA:
		return replay_quota(replay, (const struct entry_quota *)entry);
	case ENTRY_DOMAIN:
		return saved_set_domain(replay->saved, (const struct entry_domain *)entry);
	default:
		saved_end_domain(replay->saved, ((const struct entry_domain_end *)entry)->domid);
		forget_limits(replay, ((const struct entry_domain_end *)entry)->domid);
		return 0;
	}
}

static int replay_entry(struct replay *replay, const struct entry *entry)
{
	switch (entry->type) {
	case ENTRY_NODE:
		return replay_node(replay, (const struct entry_node *)entry);
	case ENTRY_VALUE:
		return replay_value(replay, (const struct entry_value *)entry);
	case ENTRY_PERMS:
		return replay_perms(replay, (const struct entry_perms *)entry);
	case ENTRY_REMOVE:
		return replay_remove(replay, (const struct entry_name *)entry);
	case ENTRY_QUOTA:
	case ENTRY_DOMAIN:
	case ENTRY_DOMAIN_END:
		return replay_domain_entry(replay, entry);
	case ENTRY_CLIENT:
		return replay_client(replay, (const struct entry_client *)entry);
	case ENTRY_GAP:
		return missing(replay);
	default:
		return replay_client_entry(replay, entry);
	}
}

static int replay_entries(struct replay *replay, const char *entries, uint32_t len)
{
	const struct entry *entry = NULL;
	int r = 0;

	while (r == 0 && (entry = entry_next(entry, entries, len)))
		r = replay_entry(replay, entry);
	if (r == -EBADMSG)
		log_error(replay->log,
			  "saved state: turn %" PRIu64 ": entry of type %u makes no sense",
			  replay->serial, entry->type);
	return r;
}

static int replay_record(void *ctx, const struct journal_record *record)
{
	struct replay *replay = ctx;

	replay->serial = record->serial;
	if (!entry_check(record->entries, record->len)) {
		log_error(replay->log, "saved state: turn %" PRIu64 " holds what is not known",
			  record->serial);
		return -EBADMSG;
	}
	return replay_entries(replay, record->entries, record->len);
}

static int replay_image(struct replay *replay, struct image *image)
{
	const struct image_info *info = image_info(image);
	int r = 0;

	replay->in_image = true;
	for (uint64_t n = 0; r == 0 && n < info->n_chunks; n++) {
		const char *entries;
		uint32_t len;

		r = image_read(image, n, &replay->serial, &entries, &len);
		if (r == 0)
			r = replay_entries(replay, entries, len);
	}
	replay->in_image = false;
	return r;
}

/* The store comes with a few nodes; the image says which of them are still there. */
static void remove_first_nodes(struct store *store)
{
	struct node *next, *node = store_next_postorder(store->root, NULL);

	for (; node != store->root; node = next) {
		next = store_next_postorder(store->root, node);
		store_remove(store, node);
	}
}

/* Accounts of domains that ended on the way. */
static void close_accounts(struct replay *replay)
{
	for (uint32_t domid = 1; domid < QUOTA_DOMID_MAX; domid++) {
		struct quota_account *account = quota_get(replay->quota, domid);

		if (account && !saved_get_domain(replay->saved, domid) &&
		    !account->used[QUOTA_NODES] && !account->used[QUOTA_MEMORY])
			quota_close(replay->quota, domid);
	}
}

int replay(struct protocol *protocol, struct image *image, struct journal *journal, bool recover,
	   struct saved *saved, struct log *log)
{
	static const struct journal_state no_journal;
	const struct journal_state *state = journal ? journal_state(journal) : &no_journal;
	struct replay replay = {
		.store = protocol->store,
		.quota = protocol->quota,
		.saved = saved,
		.log = log,
		.image_serial = image_info(image)->serial,
	};
	uint64_t n_nodes = image_info(image)->n_nodes;
	int r;

	if (journal)
		n_nodes += journal_bytes(journal) / NODE_BYTES;
	r = idmap_init(&replay.nodes, n_nodes + 1024);
	if (r < 0)
		return r;
	heap_expect(n_nodes * NODE_MEMORY);
	table_reserve(&protocol->store->nodes, n_nodes < UINT32_MAX ? (uint32_t)n_nodes : 0);
	/* Whatever a client has seen of a node's generation must not come again for another state.
	 */
	protocol->store->generation = state->generation + 1;
	remove_first_nodes(protocol->store);
	r = replay_image(&replay, image);
	if (r == 0 && journal)
		r = journal_walk(journal, image_info(image)->number, recover, replay_record,
				 &replay);
	if (r == 0) {
		if (protocol->store->generation <= replay.highest)
			protocol->store->generation = replay.highest + 1;
		saved_settle(saved, state->serial, state->is_delivered);
		close_accounts(&replay);
	}
	perms_unref(replay.perms);
	idmap_deinit(&replay.nodes);
	heap_settle();
	return r;
}
