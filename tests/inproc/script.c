/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words, quotes, escapes, repetition. */
#include "script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const char *at;
	char *to;
	char *end;
	bool quoted; /* the word at hand had quotes, so it is no mark like '=' */
};

static bool put(struct scan *scan, char c)
{
	if (scan->to == scan->end)
		return false;
	*scan->to++ = c;
	return true;
}

static char hex(char c)
{
	return (char)(isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10);
}

static bool put_escape(struct scan *scan)
{
	switch (*scan->at++) {
	case '0':
		return put(scan, '\0');
	case 'n':
		return put(scan, '\n');
	case 'x':
		if (!isxdigit((unsigned char)scan->at[0]) || !isxdigit((unsigned char)scan->at[1]))
			return false;
		scan->at += 2;
		return put(scan, (char)(hex(scan->at[-2]) * 16 + hex(scan->at[-1])));
	case '"':
	case '\\':
		return put(scan, scan->at[-1]);
	default:
		return false;
	}
}

/* "{text*count}" */
static bool put_repeated(struct scan *scan)
{
	const char *start = scan->at, *star = strchr(start, '*');
	char *end;
	long n;

	if (!star)
		return false;
	n = strtol(star + 1, &end, 10);
	if (*end != '}' || n < 0)
		return false;
	while (n--)
		for (const char *p = start; p < star; p++)
			if (!put(scan, *p))
				return false;
	scan->at = end + 1;
	return true;
}

static bool put_quoted(struct scan *scan)
{
	scan->quoted = true;
	while (*scan->at != '"') {
		bool ok;

		if (!*scan->at)
			return false;
		if (*scan->at == '\\') {
			scan->at++;
			ok = put_escape(scan);
		} else if (*scan->at == '{') {
			scan->at++;
			ok = put_repeated(scan);
		} else {
			ok = put(scan, *scan->at++);
		}
		if (!ok)
			return false;
	}
	scan->at++;
	return true;
}

static bool read_word(struct scan *scan, struct script_word *word)
{
	word->text = scan->to;
	scan->quoted = false;
	while (*scan->at && !isspace((unsigned char)*scan->at)) {
		bool ok;

		if (*scan->at == '"') {
			scan->at++;
			ok = put_quoted(scan);
		} else if (*scan->at == '{') {
			scan->at++;
			ok = put_repeated(scan);
		} else {
			ok = put(scan, *scan->at++);
		}
		if (!ok)
			return false;
	}
	word->len = (size_t)(scan->to - word->text);
	return put(scan, '\0');
}

static bool is_mark(const struct scan *scan, const struct script_word *word, char mark)
{
	return !scan->quoted && word->len == 1 && word->text[0] == mark;
}

const char *script_parse(struct script_line *line, const char *text)
{
	struct scan scan = { .at = text, .to = line->buf, .end = line->buf + sizeof(line->buf) };
	struct script_word *list = line->words;
	int *n = &line->n_words;

	line->n_words = line->n_answer = line->n_events = 0;
	for (;;) {
		struct script_word word;

		while (isspace((unsigned char)*scan.at))
			scan.at++;
		if (!*scan.at || *scan.at == '#')
			return NULL;
		if (!read_word(&scan, &word))
			return "a word that makes no sense, or is too long";
		if (list == line->words && is_mark(&scan, &word, '=')) {
			list = line->answer;
			n = &line->n_answer;
			continue;
		}
		if (list == line->answer && is_mark(&scan, &word, '+')) {
			list = line->events;
			n = &line->n_events;
		}
		if (*n == SCRIPT_WORDS_MAX)
			return "too many words";
		list[(*n)++] = word;
	}
}
