/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line stamps in the stock daemon's format, "[%Y-%m-%d %H:%M:%S] " in local time. */
#include "lines.h"

#include <string.h>

void lines_init(struct lines *lines, bool stamp, bool replace_escape)
{
	memset(lines, 0, sizeof(*lines));
	lines->stamp = stamp;
	lines->replace_escape = replace_escape;
	lines->stamp_time = (time_t)-1;
}

bool lines_raw(const struct lines *lines)
{
	return !lines->stamp && !lines->replace_escape;
}

static size_t put_stamp(struct lines *lines, time_t now, char *out)
{
	struct tm tm;
	size_t len;

	if (now != lines->stamp_time) {
		localtime_r(&now, &tm);
		if (!strftime(lines->stamp_text, sizeof(lines->stamp_text), "[%Y-%m-%d %H:%M:%S] ",
			      &tm))
			strcpy(lines->stamp_text, "[?] ");
		lines->stamp_time = now;
	}
	len = strlen(lines->stamp_text);
	memcpy(out, lines->stamp_text, len);
	return len;
}

/* Copies the part of a line that @in starts with, its newline included; returns its length. */
static size_t put_line(struct lines *lines, const char *in, size_t len, char *out)
{
	const char *newline = memchr(in, '\n', len);
	size_t n = newline ? (size_t)(newline - in) + 1 : len;

	memcpy(out, in, n);
	if (lines->replace_escape)
		for (char *p = out; (p = memchr(p, 0x1b, n - (size_t)(p - out)));)
			*p = '.';
	lines->inside_line = !newline;
	lines->after_newline = newline != NULL;
	return n;
}

size_t lines_format(struct lines *lines, time_t now, const char *in, size_t len, char *out,
		    size_t out_size, size_t *n_out)
{
	size_t done = 0, n = 0;

	while (done < len && out_size - n >= LINES_OUT_MIN) {
		size_t room, part;

		if (lines->stamp && lines->after_newline && in[done] == '\r') {
			done++;
			continue;
		}
		if (lines->stamp && !lines->inside_line)
			n += put_stamp(lines, now, out + n);
		room = out_size - n;
		part = put_line(lines, in + done, len - done < room ? len - done : room, out + n);
		done += part;
		n += part;
	}
	*n_out = n;
	return done;
}
