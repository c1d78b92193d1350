/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder with the files: whose it is, whether what is there can be used, and if not, what then.
 */
#ifndef STATEDIR_H
#define STATEDIR_H

#include <stdbool.h>

struct persist;
struct persist_options;

/**
 * statedir_open() - lock the folder; bring back what is there, or begin anew
 * @persist: dir, protocol and log are set; gets the handles, the journal, and what was saved
 *
 * Return: as persist_new().
 */
int statedir_open(struct persist *persist, const struct persist_options *options);

/** statedir_recovered() - all is in the state that was made of a damaged one: from now on it
 * counts. What hinders that is logged. */
void statedir_recovered(struct persist *persist);

/** statedir_hand_over(), statedir_replace() - for persist_hand_over(), persist_take_place() */
int statedir_hand_over(const struct persist *persist, bool handed_over);
int statedir_replace(struct persist *persist, const char *dir);

#endif
