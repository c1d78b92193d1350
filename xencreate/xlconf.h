/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's xl.conf has for vifs whose config leaves it open. */
#ifndef XLCONF_H
#define XLCONF_H

#define XLCONF_PATH "/etc/xen/xl.conf"

struct log;

struct xlconf {
	char *bridge; /* owned, like all; NULL: it says nothing */
	char *script;
	char *gatewaydev;
	char *backend;
};

/**
 * xlconf_load() - read the file; without it, it says nothing
 * @conf: overwritten; xlconf_deinit()
 *
 * Return: 0, -ENOMEM, -EINVAL (not understood; said in @log). Source: xl.conf(5).
 */
int xlconf_load(struct xlconf *conf, const char *path, struct log *log);
void xlconf_deinit(struct xlconf *conf);

#endif
