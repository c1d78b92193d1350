/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of many domains from one pattern. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_NAME_MAX 128 /* bytes with the NUL */

/**
 * pattern_check() - can this pattern be used?
 * @many: each name has to differ, so it needs a number
 *
 * Return: 0, -EINVAL (unknown % sign), -EDOM (@many, and no %d).
 */
int pattern_check(const char *pattern, bool many);

/**
 * pattern_name() - the name of one domain
 * @buf:     PATTERN_NAME_MAX bytes
 * @pattern: %d the number, %05d the same with zeros in front, %n @name, %% a percent sign
 * @name:    what the config calls it
 *
 * Return: 0, -EINVAL (unknown % sign), -ENAMETOOLONG.
 */
int pattern_name(char *buf, const char *pattern, const char *name, unsigned int number);

/**
 * pattern_name_check() - may a domain be called so?
 *
 * A name becomes part of file names and of command lines in which a number means a domid.
 *
 * Return: 0, -EINVAL (empty, only digits, "." or "..", a slash, a control or non-ASCII character),
 * -ENAMETOOLONG.
 */
int pattern_name_check(const char *name);

#endif
