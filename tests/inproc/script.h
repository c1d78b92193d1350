/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a scenario, taken apart. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_WORDS_MAX 40
#define SCRIPT_TEXT_MAX	 20000

struct script_word {
	const char *text; /* NUL-terminated, may hold NULs */
	size_t len;
};

struct script_line {
	struct script_word words[SCRIPT_WORDS_MAX]; /* before '=' */
	int n_words;
	struct script_word answer[SCRIPT_WORDS_MAX]; /* between '=' and the first '+' */
	int n_answer;
	struct script_word
		events[SCRIPT_WORDS_MAX]; /* "+" and what follows, in fours: + who path token */
	int n_events;
	char buf[SCRIPT_TEXT_MAX];
};

/**
 * script_parse() - take a line apart; a comment or blank line has no words
 *
 * Return: NULL, or what is wrong with it.
 */
const char *script_parse(struct script_line *line, const char *text);

#endif
