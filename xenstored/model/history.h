/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The past, as far as open transactions still see it. A snapshot is the store as it was at one
 * generation. When something changes, its former state is handed to the youngest open snapshot that
 * sees it, and to none other; when a snapshot closes, each state it holds goes to the next older
 * one that sees it, or is freed. So exactly what is needed is kept, however long one transaction
 * stays open while others come and go.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct node;
struct node_view;
struct quota_account;
struct store;
struct version;

struct snapshot {
	struct quota_account *account;	 /* borrowed: pays; closed after the snapshot */
	uint64_t at;			 /* sees what was so after this generation */
	TAILQ_ENTRY(snapshot) open;	 /* in store->snapshots, oldest first */
	STAILQ_HEAD(, version) versions; /* owned */
	STAILQ_HEAD(, node) dead;	 /* owned; in order of removal: children before parents */
};

/*
 * What a snapshot makes us keep is charged to whoever opened it. Those who change things cannot be
 * refused because of that; instead store->has_greedy says that some account is over its limit.
 */

/* What one tool's open transactions may make us keep, or all tools' together. */
#define HISTORY_TOOLS_BYTES_MAX (256u * 1024 * 1024)

/**
 * history_open() - begin a snapshot of now; it is embedded in its owner, and counts a generation
 * @account: pays for what is kept for it
 */
void history_open(struct store *store, struct snapshot *snapshot, struct quota_account *account);
void history_close(struct store *store, struct snapshot *snapshot);

/** history_needs() - does an open snapshot see what came to be at generation @from and is now? */
bool history_needs(const struct store *store, uint64_t from);

/** history_keep_version() - hand over @node's state, copied into @version, before it changes */
void history_keep_version(struct store *store, struct node *node, struct version *version);
/** history_keep_dead() - hand over a node that was just removed */
void history_keep_dead(struct store *store, struct node *node);

/** history_is_greedy() - does it keep something, and its account has too much? */
bool history_is_greedy(const struct snapshot *snapshot);

/** history_view() - what @node, found by store_find_at(), held at generation @at */
void history_view(const struct node *node, uint64_t at, struct node_view *view);

/** history_is_child_at() - was @node, a child or former child, there at generation @at? */
bool history_is_child_at(const struct node *node, uint64_t at);

#endif
