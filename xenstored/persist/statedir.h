/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder with the files: whose it is, whether what is there can be used, and if not, what then.
 */
#ifndef STATEDIR_H
#define STATEDIR_H

struct persist;
struct persist_options;

/**
 * statedir_open() - lock the folder; bring back what is there, or begin anew
 * @persist: dir, protocol and log are set; gets the handles, the journal, and what was saved
 *
 * Return: as persist_new().
 */
int statedir_open(struct persist *persist, const struct persist_options *options);

#endif
