/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the cap that the policy asks for into an xl.cfg. */
#ifndef AMEND_H
#define AMEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * amend_text() - the text of a configuration with max_event_channels set to @cap
 * @out: owned by the caller, NUL-terminated
 *
 * A line that sets nothing but it is replaced (the last one, if there are several). If there is
 * none, or that would change nothing for xl, a line is added at the end, where it wins over all
 * before it. Everything else stays as it is, to the byte.
 *
 * Return: 0 or -ENOMEM.
 */
int amend_text(char **out, const char *text, size_t len, uint32_t cap);

/**
 * amend_file() - the same to a file, which is replaced as a whole and keeps owner and mode
 * @path: a link is followed
 *
 * Return: 0, -ENOMEM, or what reading or writing says.
 */
int amend_file(const char *path, uint32_t cap);

#endif
