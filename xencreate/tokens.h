/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of watches: whose it is, and what it is about. */
#ifndef TOKENS_H
#define TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#define TOKENS_TTY    't' /* a console has a terminal */
#define TOKENS_READY  'r' /* a guest says that it is ready */
#define TOKENS_PLUG   'p' /* a backend's state, when a device is plugged in */
#define TOKENS_UNPLUG 'u' /* likewise, when it is taken down */

#define TOKENS_MAX 32

struct tokens {
	uint32_t id;	/* of a job or victim */
	char kind;	/* TOKENS_* */
	uint32_t index; /* which of its devices; else 0 */
};

void tokens_format(char text[TOKENS_MAX], const struct tokens *token);

/** tokens_parse() - return: true if it is one of ours */
bool tokens_parse(struct tokens *token, const char *text);

#endif
