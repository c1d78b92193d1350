/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyed hash of short strings. Guests choose most of what is hashed here, so the key is random per
 * process: without it nobody can aim at one bucket. Each 8 bytes cost one 64x64 multiplication
 * whose two halves are folded together.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_key {
	uint64_t k[3]; /* random; set once at start, before the first hash */
};

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t hash_load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t hash_load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The last 1 to 8 bytes as one number; @len also goes in, so "a" and "a\0" differ. */
static inline uint64_t hash_tail(const char *p, size_t len)
{
	if (len == 8)
		return hash_load64(p);
	if (len >= 4)
		return hash_load32(p) | hash_load32(p + len - 4) << 32;
	if (len)
		return (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[len / 2] << 8 |
		       (uint64_t)(uint8_t)p[len - 1] << 16;
	return 0;
}

/** hash_bytes() - continue the hash @seed with @len bytes at @p */
static inline uint64_t hash_bytes(const struct hash_key *key, uint64_t seed, const char *p,
				  size_t len)
{
	uint64_t h = seed ^ key->k[0] ^ len;

	for (; len > 8; len -= 8, p += 8)
		h = hash_fold(hash_load64(p) ^ key->k[1], h ^ key->k[2]);
	return hash_fold(hash_tail(p, len) ^ key->k[1], h ^ key->k[2]);
}

/* Are the @len bytes the same? Names are short: a call would cost more than the work. */
static inline int hash_same(const char *a, const char *b, size_t len)
{
	if (len > 16)
		return memcmp(a, b, len) == 0;
	if (len >= 8)
		return hash_load64(a) == hash_load64(b) &&
		       hash_load64(a + len - 8) == hash_load64(b + len - 8);
	if (len >= 4)
		return hash_load32(a) == hash_load32(b) &&
		       hash_load32(a + len - 4) == hash_load32(b + len - 4);
	return !len || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}

#endif
