/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that grows by printf; for answers to CONTROL and for files. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

/* Zeroed is empty. */
struct text {
	char *data; /* owned; NUL-terminated once something was added */
	size_t len;
	size_t size;
	bool failed; /* there was no memory for all of it */
};

void text_add(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void text_deinit(struct text *text)
{
	free(text->data);
}

#endif
