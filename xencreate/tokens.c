/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Number, letter, number. */
#include "tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void tokens_format(char text[TOKENS_MAX], const struct tokens *token)
{
	snprintf(text, TOKENS_MAX, "%" PRIu32 "%c%" PRIu32, token->id, token->kind, token->index);
}

bool tokens_parse(struct tokens *token, const char *text)
{
	struct tokens read;
	char end;

	if (sscanf(text, "%" SCNu32 "%c%" SCNu32 "%c", &read.id, &read.kind, &read.index, &end) !=
		    3 ||
	    !strchr("trpu", read.kind))
		return false;
	*token = read;
	return true;
}
