/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stamps at line starts, however the bytes are cut into pieces. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define STAMP_LEN 22

struct text {
	char bytes[65536];
	size_t len;
};

static void feed(struct lines *lines, time_t now, const char *in, size_t len, size_t out_size,
		 struct text *text)
{
	while (len) {
		size_t n, done = lines_format(lines, now, in, len, text->bytes + text->len,
					      out_size, &n);

		CHECK(n <= out_size);
		CHECK(done > 0);
		text->len += n;
		in += done;
		len -= done;
	}
	text->bytes[text->len] = '\0';
}

static struct text format(bool stamp, bool replace_escape, const char *in, size_t piece,
			  size_t out_size)
{
	struct text text = { .len = 0 };
	struct lines lines;

	setenv("TZ", "UTC", 1);
	tzset();
	lines_init(&lines, stamp, replace_escape);
	for (size_t at = 0, len = strlen(in); at < len; at += piece)
		feed(&lines, 1700000000, in + at, len - at < piece ? len - at : piece, out_size,
		     &text);
	return text;
}

#define S "[2023-11-14 22:13:20] "

TEST(a_stamp_stands_at_the_start_of_each_line)
{
	CHECK_STR_EQ(format(true, false, "one\ntwo\n\nfour", 100, 4096).bytes,
		     S "one\n" S "two\n" S "\n" S "four");
}

TEST(pieces_and_room_make_no_difference)
{
	static const char in[] = "a line\r\nanother\n\r\r\nthird \x1b[0m\n\n\nlast without end";
	struct text whole = format(true, true, in, sizeof(in), 4096);

	CHECK_STR_EQ(whole.bytes, S "a line\r\n" S "another\n" S "\n" S "third .[0m\n" S "\n" S
				    "\n" S "last without end");
	for (size_t piece = 1; piece < sizeof(in); piece++) {
		CHECK_STR_EQ(format(true, true, in, piece, 4096).bytes, whole.bytes);
		CHECK_STR_EQ(format(true, true, in, piece, LINES_OUT_MIN).bytes, whole.bytes);
	}
}

TEST(a_line_longer_than_the_room_gets_one_stamp)
{
	char in[1001];

	memset(in, 'x', 1000);
	in[1000] = '\0';
	CHECK_EQ(format(true, false, in, 1000, LINES_OUT_MIN).len, STAMP_LEN + 1000);
}

TEST(two_logs_do_not_share_their_state)
{
	struct text a = { .len = 0 }, b = { .len = 0 };
	struct lines one, two;

	lines_init(&one, true, false);
	lines_init(&two, true, false);
	feed(&one, 1700000000, "half", 4, 4096, &a);
	feed(&two, 1700000000, "whole\n", 6, 4096, &b);
	feed(&one, 1700000001, " line\nx", 7, 4096, &a);
	CHECK_STR_EQ(a.bytes, S "half line\n[2023-11-14 22:13:21] x");
	CHECK_STR_EQ(b.bytes, S "whole\n");
}

TEST(without_stamps_only_escapes_change)
{
	CHECK_STR_EQ(format(false, true, "\x1b\x1bx\n\r\x1b", 100, 4096).bytes, "..x\n\r.");
	CHECK_STR_EQ(format(false, false, "\x1b\n\r", 100, 4096).bytes, "\x1b\n\r");
}

TEST(raw_means_that_nothing_is_changed)
{
	struct lines lines;

	lines_init(&lines, false, false);
	CHECK(lines_raw(&lines));
	lines_init(&lines, true, false);
	CHECK(!lines_raw(&lines));
	lines_init(&lines, false, true);
	CHECK(!lines_raw(&lines));
}
