/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path as a client wrote it, made absolute and checked, with the hash of every prefix: one pass
 * over the text gives all that the node table and the watch index will be asked for.
 */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/hash.h"

/* The longest payload and the longest implicit prefix, "/local/domain/65535/". */
#define PATH_PREFIX_MAX 24
#define PATH_LEN_MAX	(4096 + PATH_PREFIX_MAX)
#define PATH_LEVELS_MAX (PATH_LEN_MAX / 2)

struct path {
	const char *text;  /* absolute, NUL-terminated; borrowed from the request, or ours (buf) */
	uint32_t len;	   /* of text */
	uint32_t n_levels; /* components; 0 for "/" */
	uint32_t skip; /* bytes of text that the client did not write: implicit prefix and slash */
	bool special;  /* starts with '@': not below "/" */
	/* Of the first i components, i = 0 … n_levels; [0] is "/", or the nothing before a special.
	 */
	uint64_t hash[PATH_LEVELS_MAX + 1];
	uint16_t end[PATH_LEVELS_MAX + 1]; /* length of text up to there; [0] is 0 */
	char buf[PATH_LEN_MAX + 1];
};

/**
 * path_parse() - check a path and make it absolute
 * @key:     hash key of the store
 * @prefix:  what a relative path is relative to, e.g. "/local/domain/5"; at most PATH_PREFIX_MAX -
 * 1
 * @text:    NUL-terminated; borrowed as long as @path is used
 * @len:     strlen(@text)
 * @special: may it start with '@'?
 *
 * Return: 0 or -EINVAL (empty, a character that is not allowed, "//", a slash at the end, '@' first
 * where it may not be).
 * Source: docs/misc/xenstore.txt, introduction: allowed characters.
 */
int path_parse(struct path *path, const struct hash_key *key, const char *prefix, const char *text,
	       size_t len, bool special);

/** path_hash_child() - hash of the child @name of the path whose hash is @parent */
static inline uint64_t path_hash_child(const struct hash_key *key, uint64_t parent,
				       const char *name, size_t len)
{
	return hash_bytes(key, parent, name, len);
}

/** path_hash_root() - hash of "/" */
static inline uint64_t path_hash_root(const struct hash_key *key)
{
	return key->k[0];
}

/** path_name() - last component of the first @level (>= 1) components; not terminated */
static inline const char *path_name(const struct path *path, uint32_t level, uint32_t *len)
{
	uint32_t start = path->end[level - 1] + (path->special && level == 1 ? 0 : 1);

	*len = path->end[level] - start;
	return path->text + start;
}

/** path_prefix_len() - bytes of text that make up the first @level components */
static inline uint32_t path_prefix_len(const struct path *path, uint32_t level)
{
	return level || path->special ? path->end[level] : 1;
}

/**
 * path_quota_len() - length that counts for the path length quota
 *
 * A "/local/domain/N/" at the front does not count, so that a limit means the same for a path that
 * a guest writes relative and for the same path written absolute.
 */
uint32_t path_quota_len(const struct path *path);

#endif
