/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the migration stream apart. Nothing in it is believed: lengths are checked against what is
 * there, strings for their NULs, numbers for what they may be. What the records mean together is
 * for those who use them.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "update/stream.h"

struct reader {
	const char *data; /* borrowed */
	size_t len;
	size_t at;     /* of the next record */
	size_t record; /* of the last one */
	uint32_t version;
	bool is_swapped;   /* of the other byte order */
	const char *error; /* after -EBADMSG or -ENOTSUP: what is wrong with the last record */
};

/**
 * reader_begin() - look at the preamble
 * @data: @len bytes; borrowed as long as the reader and what it gave out are used
 *
 * Return: 0, -EBADMSG (no such stream), or -ENOTSUP (of a version that is not known).
 */
int reader_begin(struct reader *reader, const char *data, size_t len);

/**
 * reader_next() - the next record
 * @out: what it says; points into the stream
 *
 * Return: 1, 0 (the stream is over), or -EBADMSG.
 */
int reader_next(struct reader *reader, struct stream_record *out);

/** reader_perm() - entry @i of the permissions of a node */
struct stream_perm reader_perm(const struct reader *reader, const uint8_t *perms, uint32_t i);

/** reader_limit() - the value of limit @i; its name follows that of the one before */
uint32_t reader_limit(const struct reader *reader, const struct stream_domain *domain, uint32_t i);

#endif
