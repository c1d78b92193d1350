/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watch index: one look-up per component of the event's path, then only what matches. */
#include "model/watch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"

struct watch_index {
	struct hash_key key;
	struct table by_path;
	struct table by_token;
	watch_event_fn *event;
	void *ctx; /* borrowed: as long as the index */
	uint32_t next_sequence;
	uint64_t serial;	/* of the event at hand */
	struct watch **matches; /* owned scratch */
	uint32_t n_matches;
	uint32_t n_allocated;
};

static struct watch *of_path(struct table_link *link)
{
	return (struct watch *)((char *)link - offsetof(struct watch, by_path));
}

static struct watch *of_token(struct table_link *link)
{
	return (struct watch *)((char *)link - offsetof(struct watch, by_token));
}

int watch_index_new(struct watch_index **out, const struct hash_key *key, watch_event_fn *event,
		    void *ctx)
{
	CLEANUP(watch_index_free) struct watch_index *index = calloc(1, sizeof(*index));

	if (!index)
		return -ENOMEM;
	index->key = *key;
	index->event = event;
	index->ctx = ctx;
	if (table_init(&index->by_path, 16) < 0 || table_init(&index->by_token, 16) < 0)
		return -ENOMEM;
	*out = STEAL(index);
	return 0;
}

void watch_index_free(struct watch_index *index)
{
	if (!index)
		return;
	assert(!index->by_token.n_links);
	table_deinit(&index->by_path);
	table_deinit(&index->by_token);
	free(index->matches);
	free(index);
}

/* The one in the index of all watches on a path that is given with its hash. */
static struct watch *find_first(const struct watch_index *index, uint64_t hash, const char *path,
				uint32_t len)
{
	struct table_link *link;

	for (link = table_first(&index->by_path, hash); link; link = link->next) {
		struct watch *watch = of_path(link);

		if (link->hash == hash && watch->path_len == len &&
		    memcmp(watch->text, path, len) == 0)
			return watch;
	}
	return NULL;
}

static uint64_t token_hash(const struct watch_index *index, const struct watcher *watcher,
			   const struct path *path, const char *token, size_t len)
{
	uint64_t seed = hash_fold(path->hash[path->n_levels] ^ index->key.k[1],
				  (uintptr_t)watcher ^ index->key.k[2]);

	return hash_bytes(&index->key, seed, token, len);
}

static struct watch *find_own(const struct watch_index *index, const struct watcher *watcher,
			      const struct path *path, const char *token, size_t len, uint64_t hash)
{
	struct table_link *link;

	for (link = table_first(&index->by_token, hash); link; link = link->next) {
		struct watch *watch = of_token(link);

		if (link->hash == hash && watch->watcher == watcher &&
		    watch->path_len == path->len && watch->token_len == len &&
		    memcmp(watch->text, path->text, path->len) == 0 &&
		    memcmp(watch_token(watch), token, len) == 0)
			return watch;
	}
	return NULL;
}

static void join_ring(struct watch_index *index, struct watch *watch, uint64_t hash)
{
	struct watch *first = find_first(index, hash, watch->text, watch->path_len);

	if (!first) {
		watch->peer_next = watch->peer_prev = watch;
		watch->is_first = true;
		table_add(&index->by_path, &watch->by_path, hash);
		return;
	}
	watch->peer_next = first;
	watch->peer_prev = first->peer_prev;
	first->peer_prev->peer_next = watch;
	first->peer_prev = watch;
	watch->is_first = false;
}

static void leave_ring(struct watch_index *index, struct watch *watch)
{
	struct watch *next = watch->peer_next;

	if (watch->is_first) {
		table_remove(&index->by_path, &watch->by_path);
		if (next != watch) {
			next->is_first = true;
			table_add(&index->by_path, &next->by_path, watch->by_path.hash);
		}
	}
	watch->peer_prev->peer_next = next;
	next->peer_prev = watch->peer_prev;
}

int watch_add(struct watch_index *index, struct watcher *watcher, const struct path *path,
	      const char *token, uint16_t depth, struct watch **out)
{
	size_t len = strlen(token);
	uint64_t hash = token_hash(index, watcher, path, token, len);
	struct watch *watch;

	if (find_own(index, watcher, path, token, len, hash))
		return -EEXIST;
	if (!quota_check_more(watcher->account, QUOTA_WATCHES, 1))
		return -ENOSPC;
	if (!quota_check_more(watcher->account, QUOTA_MEMORY, (uint32_t)(path->len + len)))
		return -ENOMEM;
	watch = malloc(sizeof(*watch) + path->len + len + 2);
	if (!watch)
		return -ENOMEM;
	watch->watcher = watcher;
	watch->sequence = index->next_sequence++;
	watch->depth = depth;
	watch->skip = (uint16_t)path->skip;
	watch->path_len = (uint16_t)path->len;
	watch->token_len = (uint16_t)len;
	memcpy(watch->text, path->text, path->len + 1);
	memcpy(watch->text + path->len + 1, token, len + 1);
	LIST_INSERT_HEAD(&watcher->watches, watch, own);
	watcher->n_watches++;
	table_add(&index->by_token, &watch->by_token, hash);
	join_ring(index, watch, path->hash[path->n_levels]);
	quota_charge(watcher->account, QUOTA_WATCHES, 1);
	quota_charge(watcher->account, QUOTA_MEMORY, (uint32_t)(path->len + len));
	*out = watch;
	return 0;
}

static void watch_free(struct watch_index *index, struct watch *watch)
{
	leave_ring(index, watch);
	table_remove(&index->by_token, &watch->by_token);
	LIST_REMOVE(watch, own);
	watch->watcher->n_watches--;
	quota_discharge(watch->watcher->account, QUOTA_WATCHES, 1);
	quota_discharge(watch->watcher->account, QUOTA_MEMORY,
			(uint32_t)watch->path_len + watch->token_len);
	free(watch);
}

const struct watch *watch_get(struct watch_index *index, struct watcher *watcher,
			      const struct path *path, const char *token)
{
	size_t len = strlen(token);

	return find_own(index, watcher, path, token, len,
			token_hash(index, watcher, path, token, len));
}

int watch_remove(struct watch_index *index, struct watcher *watcher, const struct path *path,
		 const char *token)
{
	size_t len = strlen(token);
	uint64_t hash = token_hash(index, watcher, path, token, len);
	struct watch *watch = find_own(index, watcher, path, token, len, hash);

	if (!watch)
		return -ENOENT;
	watch_free(index, watch);
	return 0;
}

void watch_remove_all(struct watch_index *index, struct watcher *watcher)
{
	while (!LIST_EMPTY(&watcher->watches))
		watch_free(index, LIST_FIRST(&watcher->watches));
}

uint32_t watch_count(const struct watch_index *index)
{
	return index->by_token.n_links;
}

bool watch_is_watched(const struct watch_index *index, uint64_t hash)
{
	struct table_link *link;

	for (link = table_first(&index->by_path, hash); link; link = link->next)
		if (link->hash == hash)
			return true;
	return false;
}

static bool matches_at(const struct watch *watch, enum watch_kind kind, uint32_t levels_below)
{
	switch (kind) {
	case WATCH_SUBTREE:
		return watch->depth == WATCH_DEPTH_ANY || levels_below <= watch->depth;
	case WATCH_EXACT:
		return levels_below == 0;
	case WATCH_SPECIAL:
		return levels_below == 0 && watch->depth == WATCH_DEPTH_ANY;
	case WATCH_SPECIAL_DOMID:
		return levels_below == 0 ||
		       (watch->depth != WATCH_DEPTH_ANY && levels_below <= watch->depth);
	}
	return false;
}

/* Without memory for the list the rest of the matches is lost, like any event there is no room for.
 */
static bool remember(struct watch_index *index, struct watch *watch)
{
	if (index->n_matches == index->n_allocated) {
		uint32_t n = index->n_allocated ? index->n_allocated * 2 : 64;
		struct watch **matches = reallocarray(index->matches, n, sizeof(*matches));

		if (!matches)
			return false;
		index->matches = matches;
		index->n_allocated = n;
	}
	index->matches[index->n_matches++] = watch;
	return true;
}

static bool collect(struct watch_index *index, const struct watch_firing *firing)
{
	const struct path *path = firing->path;
	bool below = firing->kind == WATCH_SUBTREE || firing->kind == WATCH_SPECIAL_DOMID;
	uint32_t level = below ? path->special : path->n_levels;

	index->n_matches = 0;
	for (; level <= path->n_levels; level++) {
		uint32_t len = path_prefix_len(path, level);
		struct watch *first = find_first(index, path->hash[level], path->text, len);
		struct watch *watch = first;

		if (!first)
			continue;
		do {
			if (matches_at(watch, firing->kind, path->n_levels - level) &&
			    !remember(index, watch))
				return false;
			watch = watch->peer_next;
		} while (watch != first);
	}
	return true;
}

static int by_sequence(const void *a, const void *b)
{
	const struct watch *const *wa = a;
	const struct watch *const *wb = b;
	int32_t d = (int32_t)((*wa)->sequence - (*wb)->sequence);

	return d < 0 ? -1 : d > 0;
}

static bool may_see(const struct watch_firing *firing, const struct subject *subject)
{
	if (firing->former && perms_allow(firing->former, subject, PERMS_READ))
		return true;
	if (!firing->perms)
		return subject->privileged;
	return perms_allow(firing->perms, subject, PERMS_READ) ||
	       (firing->parent && perms_allow(firing->parent, subject, PERMS_READ));
}

void watch_fire(struct watch_index *index, const struct watch_firing *firing)
{
	const struct path *path = firing->path;

	if (!index->by_path.n_links)
		return;
	collect(index, firing);
	if (index->n_matches > 1)
		qsort(index->matches, index->n_matches, sizeof(*index->matches), by_sequence);
	index->serial++;
	for (uint32_t i = 0; i < index->n_matches; i++) {
		struct watch *watch = index->matches[i];
		struct watcher *watcher = watch->watcher;

		if (watcher->verdict >> 1 != index->serial)
			watcher->verdict = index->serial << 1 |
					   (may_see(firing, &watcher->subject) ? 1 : 0);
		if (watcher->verdict & 1)
			index->event(index->ctx, watch, path->text + watch->skip,
				     path->len - watch->skip, firing->cause);
	}
}
