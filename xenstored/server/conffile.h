/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration file in the form of oxenstored.conf, for hosts that come from there. */
#ifndef CONFFILE_H
#define CONFFILE_H

struct options;

/**
 * conffile_read() - apply a file of "key = value" lines
 *
 * Keys that say nothing to us are known and skipped, so that a file in use can stay. What stands on
 * the command line after --config-file counts more.
 *
 * Return: 0, -EINVAL (said on stderr, with file and line), -ENOMEM, or what reading the file says.
 */
int conffile_read(struct options *options, const char *path);

#endif
