/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amend.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "textfile.h"

static const char key[] = "max_event_channels";

static const char *skip_blanks(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	return text;
}

/* Is [text, end) nothing but "max_event_channels = NUMBER", and maybe a comment? */
static bool sets_only_the_cap(const char *text, const char *end)
{
	text = skip_blanks(text, end);
	if ((size_t)(end - text) < strlen(key) || strncmp(text, key, strlen(key)) != 0)
		return false;
	text = skip_blanks(text + strlen(key), end);
	if (text == end || *text++ != '=')
		return false;
	text = skip_blanks(text, end);
	if (text < end && (*text == '"' || *text == '\''))
		text++;
	while (text < end && (isalnum((unsigned char)*text)))
		text++;
	if (text < end && (*text == '"' || *text == '\''))
		text++;
	text = skip_blanks(text, end);
	return text == end || *text == '#' || *text == '\r';
}

/*
 * The last line that sets only the cap, as [*from, *to) without its newline. A line inside a list
 * or a string can look like one to a reader of lines, but not mean anything to xl: nobody has such
 * a list.
 */
static bool find_line(const char *text, size_t len, const char **from, const char **to)
{
	const char *end = text + len;
	bool found = false;

	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);
		const char *line_end = newline ? newline : end;

		if (sets_only_the_cap(text, line_end)) {
			*from = text;
			*to = line_end;
			found = true;
		}
		text = line_end + 1;
	}
	return found;
}

int amend_text(char **out, const char *text, size_t len, uint32_t cap)
{
	const char *from, *to;
	int n;

	if (find_line(text, len, &from, &to))
		n = asprintf(out, "%.*s%s = %" PRIu32 "%.*s", (int)(from - text), text, key, cap,
			     (int)(text + len - to), to);
	else
		n = asprintf(out, "%.*s%s%s = %" PRIu32 "\n", (int)len, text,
			     len && text[len - 1] != '\n' ? "\n" : "", key, cap);
	return n < 0 ? -ENOMEM : 0;
}

int amend_file(const char *path, uint32_t cap)
{
	CLEANUP(free) char *real = realpath(path, NULL);
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *amended = NULL;
	struct stat old;
	size_t len;
	int r;

	if (!real)
		return -errno;
	if (stat(real, &old) < 0)
		return -errno;
	r = textfile_read(&text, &len, real);
	if (r == 0)
		r = amend_text(&amended, text, len, cap);
	if (r < 0)
		return r;
	return textfile_replace(real, amended, strlen(amended), old.st_mode & 07777, old.st_uid,
				old.st_gid);
}
