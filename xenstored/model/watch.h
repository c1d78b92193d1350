/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wants to hear of which path. A watch is found through the hash of its path, so an event costs
 * the depth of its path and the number of watches that match, however many others there are.
 * Watches on the same path form a ring, of which one stands in the index.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "model/path.h"
#include "model/perms.h"
#include "model/table.h"

#define WATCH_DEPTH_ANY 0xffff

struct quota_account;
struct watch_index;

struct watch {
	struct table_link by_path;  /* if first in its ring */
	struct table_link by_token; /* watcher, path and token */
	struct watcher *watcher;    /* borrowed: a watcher removes its watches before it goes */
	LIST_ENTRY(watch) own;	    /* in watcher->watches */
	struct watch *peer_next;    /* ring of the watches on this path */
	struct watch *peer_prev;
	uint32_t sequence; /* order of registration */
	uint16_t depth;	   /* levels below path that count, or WATCH_DEPTH_ANY */
	uint16_t skip;	   /* bytes of an event's path that this client does not see */
	uint16_t path_len;
	uint16_t token_len;
	bool is_first;
	char text[]; /* path, NUL, token, NUL */
};

/* Receives events; embedded in a connection. */
struct watcher {
	struct subject subject;
	uint32_t n_watches;
	struct quota_account *account; /* borrowed: closed after the connection */
	LIST_HEAD(, watch) watches;    /* owned */
	/* Whether the event at hand may be seen, asked once however many watches match. */
	uint64_t verdict; /* the event's number, and in the lowest bit the answer */
};

/**
 * watch_event_fn - an event for one watch
 * @path: as @watch's owner knows it (relative if the watch is); @len bytes and a NUL
 * @cause: what watch_fire() was given
 *
 * Must neither add nor remove watches.
 */
typedef void watch_event_fn(void *ctx, struct watch *watch, const char *path, uint32_t len,
			    void *cause);

int watch_index_new(struct watch_index **out, const struct hash_key *key, watch_event_fn *event,
		    void *ctx);
/** watch_index_free() - all watches must have been removed */
void watch_index_free(struct watch_index *index);
DEFINE_CLEANUP(struct watch_index *, watch_index_free)

static inline const char *watch_token(const struct watch *watch)
{
	return watch->text + watch->path_len + 1;
}

/**
 * watch_add() - register
 * @token: copied
 * @depth: or WATCH_DEPTH_ANY
 * @out:   owned by @watcher
 *
 * Return: 0, -EEXIST (same path and token; depth does not matter), -ENOSPC (quota of watches),
 * -ENOMEM (also: quota of memory).
 */
int watch_add(struct watch_index *index, struct watcher *watcher, const struct path *path,
	      const char *token, uint16_t depth, struct watch **out);

/** watch_get() - the watch that @watcher has there; borrowed; NULL: none */
const struct watch *watch_get(struct watch_index *index, struct watcher *watcher,
			      const struct path *path, const char *token);
/** watch_remove() - unregister; 0 or -ENOENT */
int watch_remove(struct watch_index *index, struct watcher *watcher, const struct path *path,
		 const char *token);
/** watch_remove_all() - unregister everything of @watcher */
void watch_remove_all(struct watch_index *index, struct watcher *watcher);

enum watch_kind {
	WATCH_SUBTREE,	     /* the path and all that it is below of, within their depth */
	WATCH_EXACT,	     /* watches on the very path only */
	WATCH_SPECIAL,	     /* the same, without those that have a depth */
	WATCH_SPECIAL_DOMID, /* "@name/domid": the very path, or the name with a depth of 1 or more
			      */
};

/* One event. Permissions say who may see it; any of them may be NULL. */
struct watch_firing {
	const struct path *path;
	enum watch_kind kind;
	const struct perms *perms;  /* of the node now */
	const struct perms *parent; /* of its parent */
	const struct perms *former; /* before the change */
	void *cause;		    /* for watch_event_fn */
};

/** watch_fire() - send an event to every watch that matches and may see it, in order of
 * registration */
void watch_fire(struct watch_index *index, const struct watch_firing *firing);

/** watch_count() - how many there are */
uint32_t watch_count(const struct watch_index *index);

/** watch_is_watched() - might there be a watch on exactly the path with this hash? */
bool watch_is_watched(const struct watch_index *index, uint64_t hash);

#endif
