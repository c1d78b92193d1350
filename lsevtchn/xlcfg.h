/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads an xl.cfg with xl's own parser, and what matters for capacity out of it with xl's meaning.
 * Where xl warns and goes on, this refuses: a forecast from half a configuration would be worth
 * nothing.
 */
#ifndef XLCFG_H
#define XLCFG_H

#include <stddef.h>

struct guest;

/* What xl.conf says; NULL: as xl does without it. */
struct xlcfg_defaults {
	const char *bridge; /* vif.default.bridge; else xenbr0 */
	const char *script; /* vif.default.script; else vif-bridge */
};

/**
 * xlcfg_parse() - read a configuration
 * @guest:    filled; guest_deinit()
 * @source:   name for messages
 * @defaults: or NULL
 * @error:    out, on -EINVAL: lines "SOURCE:LINE: reason" without the last newline, owned by the
 * caller
 *
 * Source: xl.cfg(5); libxlutil.h; libxl's defaults.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int xlcfg_parse(struct guest *guest, const char *text, size_t len, const char *source,
		const struct xlcfg_defaults *defaults, char **error);

/**
 * xlcfg_load() - read the file @path
 *
 * Return: as xlcfg_parse(), or what opening or reading it says; -EFBIG over 1 MiB.
 */
int xlcfg_load(struct guest *guest, const char *path, const struct xlcfg_defaults *defaults,
	       char **error);

#endif
