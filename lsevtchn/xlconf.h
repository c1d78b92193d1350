/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two settings of xl.conf that say what a vif without further words is. */
#ifndef XLCONF_H
#define XLCONF_H

#include "xlcfg.h"

#define XLCONF_PATH "/etc/xen/xl.conf"

struct xlconf {
	struct xlcfg_defaults defaults; /* points into the two below */
	char *bridge;			/* owned; or NULL */
	char *script;			/* owned; or NULL */
};

/**
 * xlconf_load() - read @path; a file that is not there says nothing
 *
 * Return: 0, -EINVAL (xl would not understand it), -ENOMEM, or what reading it says.
 */
int xlconf_load(struct xlconf *conf, const char *path);
void xlconf_deinit(struct xlconf *conf);

#endif
