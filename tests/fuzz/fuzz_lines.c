/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest prints, on its way into a log: cut into pieces of any size it must come out as if it
 * had come whole. First byte: options; second: size of the pieces.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	char *bytes;
	size_t len, room;
};

static void feed(struct lines *lines, const char *in, size_t len, size_t out_size,
		 struct text *text)
{
	char *out = malloc(out_size);

	assert(out);
	while (len) {
		size_t n, done = lines_format(lines, NOW, in, len, out, out_size, &n);

		assert(done > 0 && done <= len && n <= out_size);
		assert(text->len + n <= text->room);
		memcpy(text->bytes + text->len, out, n);
		text->len += n;
		in += done;
		len -= done;
	}
	free(out);
}

static struct text format(uint8_t options, size_t piece, size_t out_size, const char *in,
			  size_t len)
{
	/* A stamp and a byte for each byte. */
	struct text text = { .room = len * LINES_OUT_MIN + 1 };
	struct lines lines;

	text.bytes = malloc(text.room);
	assert(text.bytes);
	lines_init(&lines, options & 1, options & 2);
	for (size_t at = 0; at < len; at += piece)
		feed(&lines, in + at, len - at < piece ? len - at : piece, out_size, &text);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text whole, pieces;
	const char *in;

	if (size < 3)
		return 0;
	in = (const char *)data + 2;
	whole = format(data[0], size, 8192, in, size - 2);
	pieces = format(data[0], data[1] % 64 + 1, LINES_OUT_MIN + data[1] / 4, in, size - 2);
	assert(whole.len == pieces.len && !memcmp(whole.bytes, pieces.bytes, whole.len));
	if (data[0] & 2)
		assert(!memchr(whole.bytes, 0x1b, whole.len));
	if (!(data[0] & 1))
		assert(whole.len == size - 2);
	free(whole.bytes);
	free(pieces.bytes);
	return 0;
}
