/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amend.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <libxlutil.h>

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
 * The last line that sets only the cap, as [*from, *to) without its newline. Inside a list or a
 * long string a line can look like one and mean nothing to xl; gives() finds out.
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

/* Does xl take @cap from this text? */
static bool gives(const char *text, uint32_t cap)
{
	CLEANUP(free) char *said = NULL;
	size_t said_len;
	FILE *report = open_memstream(&said, &said_len);
	XLU_Config *config = report ? xlu_cfg_init(report, "") : NULL;
	long found = -1;

	if (config && xlu_cfg_readdata(config, text, strlen(text)) == 0 &&
	    xlu_cfg_get_long(config, key, &found, 0) != 0)
		found = -1;
	if (config)
		xlu_cfg_destroy(config);
	if (report)
		fclose(report);
	return found == cap;
}

int amend_text(char **out, const char *text, size_t len, uint32_t cap)
{
	const char *from, *to;

	if (find_line(text, len, &from, &to)) {
		if (asprintf(out, "%.*s%s = %" PRIu32 "%.*s", (int)(from - text), text, key, cap,
			     (int)(text + len - to), to) < 0)
			return -ENOMEM;
		if (gives(*out, cap))
			return 0;
		free(*out);
	}
	if (asprintf(out, "%.*s%s%s = %" PRIu32 "\n", (int)len, text,
		     len && text[len - 1] != '\n' ? "\n" : "", key, cap) < 0)
		return -ENOMEM;
	return 0;
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
