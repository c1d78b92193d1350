/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a living process has locked: journals and ledgers. */
#ifndef LOCKFILE_H
#define LOCKFILE_H

#include <stdbool.h>

/**
 * lockfile_take() - lock an open file, until it is closed
 * @patient: it should be free; who only looks whether it is held has it for a moment
 *
 * Return: 0, -EBUSY (another process has it), or what flock() says.
 */
int lockfile_take(int fd, bool patient);

/** lockfile_is_held() - has a process locked the file at @path? */
bool lockfile_is_held(const char *path);

#endif
