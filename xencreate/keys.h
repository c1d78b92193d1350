/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the settings in an xl.cfg. libxlutil answers for names that it is asked about, but
 * does not say which there are: so a setting that we do not know would be ignored in silence. This
 * finds it.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stddef.h>

/**
 * keys_next() - the next name that is assigned to
 * @at:  where to go on: the text at first, then what the last call left; NUL-terminated
 * @key: out: borrowed from the text, not NUL-terminated
 * @len: out
 *
 * Strings, lists and comments are stepped over. A text that xlu_cfg_readfile() refuses gives no
 * useful answer.
 *
 * Return: the place to go on, or NULL when there is no further name.
 * Source: xl.cfg(5), SYNTAX.
 */
const char *keys_next(const char *at, const char **key, size_t *len);

#endif
