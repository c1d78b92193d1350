/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps former states on the lists of the snapshots that see them; see history.h for the rule. */
#include "model/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/node.h"
#include "model/quota.h"
#include "model/store.h"

static uint32_t version_bytes(const struct version *version)
{
	return (uint32_t)sizeof(*version) + version->value_len;
}

static uint32_t dead_bytes(const struct node *node)
{
	return (uint32_t)sizeof(*node) + node->name_len + node->value_len;
}

/* Tools have no limits but this one. */
static bool is_over(const struct quota_account *account)
{
	uint32_t limit = account->exempt ? HISTORY_TOOLS_BYTES_MAX : account->limit[QUOTA_MEMORY];

	return limit && account->used[QUOTA_MEMORY] > limit;
}

static void pay(struct store *store, const struct snapshot *snapshot, uint32_t n_bytes)
{
	quota_charge(snapshot->account, QUOTA_MEMORY, n_bytes);
	store->has_greedy |= is_over(snapshot->account);
}

bool history_is_greedy(const struct snapshot *snapshot)
{
	return (!STAILQ_EMPTY(&snapshot->versions) || !STAILQ_EMPTY(&snapshot->dead)) &&
	       is_over(snapshot->account);
}

void history_open(struct store *store, struct snapshot *snapshot, struct quota_account *account)
{
	snapshot->account = account;
	snapshot->at = ++store->generation;
	STAILQ_INIT(&snapshot->versions);
	STAILQ_INIT(&snapshot->dead);
	TAILQ_INSERT_TAIL(&store->snapshots, snapshot, open);
}

static void free_version(struct version *version)
{
	struct node *node = version->node;

	LIST_REMOVE(version, older);
	/* A leaf with nothing to remember is a small node again. */
	if (LIST_EMPTY(&node->more->versions) && !node->more->children_gen) {
		free(node->more);
		node->more = NULL;
	}
	perms_unref(version->perms);
	free(version);
}

void history_close(struct store *store, struct snapshot *snapshot)
{
	struct snapshot *older = TAILQ_PREV(snapshot, snapshot_list, open);

	TAILQ_REMOVE(&store->snapshots, snapshot, open);
	while (!STAILQ_EMPTY(&snapshot->versions)) {
		struct version *version = STAILQ_FIRST(&snapshot->versions);

		STAILQ_REMOVE_HEAD(&snapshot->versions, retired);
		quota_discharge(snapshot->account, QUOTA_MEMORY, version_bytes(version));
		if (older && older->at >= version->from) {
			STAILQ_INSERT_TAIL(&older->versions, version, retired);
			pay(store, older, version_bytes(version));
		} else {
			free_version(version);
		}
	}
	/* After the versions: a dead node goes only when nobody sees any state of it. */
	while (!STAILQ_EMPTY(&snapshot->dead)) {
		struct node *node = STAILQ_FIRST(&snapshot->dead);

		STAILQ_REMOVE_HEAD(&snapshot->dead, retired);
		quota_discharge(snapshot->account, QUOTA_MEMORY, dead_bytes(node));
		if (older && older->at >= node->created) {
			STAILQ_INSERT_TAIL(&older->dead, node, retired);
			pay(store, older, dead_bytes(node));
		} else {
			store_free_dead(store, node);
		}
	}
}

bool history_needs(const struct store *store, uint64_t from)
{
	const struct snapshot *youngest = TAILQ_LAST(&store->snapshots, snapshot_list);

	return youngest && youngest->at >= from;
}

void history_keep_version(struct store *store, struct node *node, struct version *version)
{
	struct snapshot *youngest = TAILQ_LAST(&store->snapshots, snapshot_list);

	version->node = node;
	version->from = node_state_generation(node);
	version->perms = perms_ref(node->perms);
	version->value_len = node->value_len;
	memcpy(version->value, node->value, node->value_len);
	LIST_INSERT_HEAD(&node->more->versions, version, older);
	STAILQ_INSERT_TAIL(&youngest->versions, version, retired);
	pay(store, youngest, version_bytes(version));
}

void history_keep_dead(struct store *store, struct node *node)
{
	struct snapshot *youngest = TAILQ_LAST(&store->snapshots, snapshot_list);

	STAILQ_INSERT_TAIL(&youngest->dead, node, retired);
	pay(store, youngest, dead_bytes(node));
}

void history_view(const struct node *node, uint64_t at, struct node_view *view)
{
	const struct version *version;

	view->generation = node_generation(node) <= at ? node_generation(node) : at;
	if (node_state_generation(node) <= at) {
		view->perms = node->perms;
		view->value = node->value;
		view->value_len = node->value_len;
		return;
	}
	version = LIST_FIRST(&node->more->versions);
	while (version && version->from > at)
		version = LIST_NEXT(version, older);
	assert(version);
	view->perms = version->perms;
	view->value = version->value;
	view->value_len = version->value_len;
}

bool history_is_child_at(const struct node *node, uint64_t at)
{
	return node->created <= at && (!node->is_dead || node->removed > at);
}
