/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a living process has locked: journals and ledgers. */
#ifndef LOCKFILE_H
#define LOCKFILE_H

#include <stdbool.h>

/* Who only looks whether a file is held has it for a moment, on a busy host for a longer one. */
#define LOCKFILE_GLANCE_MS 2000

/**
 * lockfile_take() - lock an open file or folder, until it is closed
 * @patience_ms: how long to wait for whoever has it; 0: not at all
 *
 * Return: 0, -EBUSY (another process has it), or what flock() says.
 */
int lockfile_take(int fd, unsigned int patience_ms);

/** lockfile_is_held() - has a process locked the file at @path? */
bool lockfile_is_held(const char *path);

#endif
