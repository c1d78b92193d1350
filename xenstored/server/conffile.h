/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration file in the form of oxenstored.conf, for hosts that come from there. */
#ifndef CONFFILE_H
#define CONFFILE_H

#include <stdbool.h>

struct options;

/**
 * conffile_read() - apply a file of "key = value" lines
 *
 * Keys that mean nothing here are known and skipped, so that a file in use can stay; those that
 * nobody knows are counted (options->n_unknown) and said on stderr, as oxenstored does. What stands
 * on the command line after --config-file counts more.
 *
 * @explain: print what becomes of each setting
 *
 * Return: 0, -EINVAL (said on stderr, with file and line), -ENOMEM, or what reading the file says.
 */
int conffile_read(struct options *options, const char *path, bool explain);

#endif
