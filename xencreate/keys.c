/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scanner for "name =" and "name +=" outside of strings, lists and comments. */
#include "keys.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* @at is at a quote; returns the place behind its partner. A backslash takes the next character
 * with it. */
static const char *skip_string(const char *at)
{
	char quote = *at++;

	while (*at && *at != quote)
		at += *at == '\\' && at[1] ? 2 : 1;
	return *at ? at + 1 : at;
}

static const char *skip_word(const char *at)
{
	while (is_name(*at))
		at++;
	return at;
}

static bool assigned(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at[0] == '=' || (at[0] == '+' && at[1] == '=');
}

const char *keys_next(const char *at, const char **key, size_t *len)
{
	int depth = 0;

	while (*at) {
		if (*at == '#') {
			at += strcspn(at, "\n");
		} else if (*at == '"' || *at == '\'') {
			at = skip_string(at);
		} else if (is_name(*at)) {
			const char *end = skip_word(at);

			if (!depth && assigned(end)) {
				*key = at;
				*len = (size_t)(end - at);
				return end;
			}
			at = end;
		} else {
			depth += (*at == '[') - (*at == ']');
			at++;
		}
	}
	return NULL;
}
