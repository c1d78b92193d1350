/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks, splits and hashes a path in one pass over its bytes. */
#include "model/path.h"

#include <errno.h>
#include <string.h>

#define NAME  1
#define SLASH 2

/* What each byte may be in a path: 0 ends it (NUL) or spoils it (all others). */
static const uint8_t class_of[256] = {
	['/'] = SLASH,	      ['-'] = NAME,	    ['_'] = NAME,	  ['@'] = NAME,
	['0' ... '9'] = NAME, ['A' ... 'Z'] = NAME, ['a' ... 'z'] = NAME,
};

/* The first byte from @p on that is not part of a name. Unrolled: most of a request is its path. */
static const char *name_end(const char *p)
{
	for (;; p += 4) {
		if (class_of[(uint8_t)p[0]] != NAME)
			return p;
		if (class_of[(uint8_t)p[1]] != NAME)
			return p + 1;
		if (class_of[(uint8_t)p[2]] != NAME)
			return p + 2;
		if (class_of[(uint8_t)p[3]] != NAME)
			return p + 3;
	}
}

/* Reads components from text + at on; expects at least one. */
static int split(struct path *path, const struct hash_key *key, uint32_t at)
{
	const char *text = path->text;
	const char *p = text + at;
	uint64_t hash = path->hash[0];
	uint32_t n = 0;

	for (;;) {
		const char *start = p;

		p = name_end(p);
		if (p == start)
			return -EINVAL;
		hash = hash_bytes(key, hash, start, (size_t)(p - start));
		n++;
		path->hash[n] = hash;
		path->end[n] = (uint16_t)(p - text);
		if (*p != '/')
			break;
		p++;
	}
	path->n_levels = n;
	return p == text + path->len ? 0 : -EINVAL;
}

int path_parse(struct path *path, const struct hash_key *key, const char *prefix, const char *text,
	       size_t len, bool special)
{
	path->special = text[0] == '@';
	path->skip = 0;
	path->text = text;
	path->len = (uint32_t)len;
	path->end[0] = 0;
	if (!len || len > PATH_LEN_MAX - PATH_PREFIX_MAX || (path->special && !special))
		return -EINVAL;
	if (path->special) {
		path->hash[0] = ~key->k[0];
		return split(path, key, 0);
	}
	path->hash[0] = path_hash_root(key);
	if (text[0] != '/') {
		size_t n = strlen(prefix);

		memcpy(path->buf, prefix, n);
		path->buf[n] = '/';
		memcpy(path->buf + n + 1, text, len + 1);
		path->skip = (uint32_t)n + 1;
		path->text = path->buf;
		path->len = (uint32_t)(n + 1 + len);
	} else if (len == 1) {
		path->n_levels = 0;
		return 0;
	}
	return split(path, key, 1);
}

uint32_t path_quota_len(const struct path *path)
{
	static const char home[] = "/local/domain/";
	const char *p = path->text + sizeof(home) - 1;
	uint32_t n_digits = 0;

	if (path->len < sizeof(home) || memcmp(path->text, home, sizeof(home) - 1) != 0)
		return path->len;
	while (n_digits < 5 && p[n_digits] >= '0' && p[n_digits] <= '9')
		n_digits++;
	if (!n_digits || p[n_digits] != '/')
		return path->len;
	return path->len - (uint32_t)(p + n_digits + 1 - path->text);
}
