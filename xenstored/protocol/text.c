/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A buffer that doubles. */
#include "protocol/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool reserve(struct text *text, size_t n)
{
	size_t size = text->size ? text->size : 256;
	char *data;

	while (size < text->len + n)
		size *= 2;
	if (size == text->size)
		return true;
	data = realloc(text->data, size);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->size = size;
	return true;
}

void text_add(struct text *text, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(text, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(text->data + text->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	text->len += (size_t)n;
}
