/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksum of what is written down: finds damage, not malice. Part of the file formats, so it never
 * changes. Each 16 bytes cost one 64x64 multiplication whose two halves are folded together.
 */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t checksum_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t checksum_load(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/** checksum() - of @len bytes, a multiple of 8; @seed: whatever else they depend on */
static inline uint64_t checksum(const void *data, size_t len, uint64_t seed)
{
	const char *p = data;
	uint64_t h = seed ^ 0x9e3779b97f4a7c15u ^ (len << 32);

	for (; len >= 16; len -= 16, p += 16)
		h = checksum_fold(checksum_load(p) ^ 0xa0761d6478bd642fu,
				  checksum_load(p + 8) ^ h ^ 0xe7037ed1a0b428dbu);
	if (len)
		h = checksum_fold(checksum_load(p) ^ 0x8ebc6af09c88c6e3u, h);
	return checksum_fold(h ^ 0x589965cc75374cc3u, 0x1d8e4e27c47d124fu);
}

#endif
