/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose is a setting of an xl.cfg? */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stddef.h>

enum settings_owner {
	SETTINGS_NOBODY, /* xl would ignore it in silence */
	SETTINGS_OURS,
	SETTINGS_XL,
	SETTINGS_XL_LIST, /* likewise; an empty list asks for nothing */
};

/**
 * settings_owner() - look up a name
 * @key: @len bytes, not NUL-terminated
 *
 * Source: xl.cfg(5); what xl reads, also in versions to come.
 */
enum settings_owner settings_owner(const char *key, size_t len);

#endif
