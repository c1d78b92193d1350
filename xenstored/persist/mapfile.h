/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is written by storing to memory. What has been stored is in the file, in the order of
 * the program, whatever becomes of the process.
 */
#ifndef MAPFILE_H
#define MAPFILE_H

#include <stddef.h>

#include "cleanup.h"

struct mapfile {
	int fd;	    /* owned; -1: not open */
	char *base; /* owned mapping; moves when the file grows */
	size_t size;
};

/** mapfile_init() - not open; mapfile_deinit() may follow */
void mapfile_init(struct mapfile *file);
void mapfile_deinit(struct mapfile *file);

/**
 * mapfile_create() - open a file of at least @size bytes, whose room is reserved
 *
 * What an existing file holds stays. Return: 0, -ENOSPC, or what the system calls say.
 */
int mapfile_create(struct mapfile *file, int dir_fd, const char *name, size_t size);

/** mapfile_open() - open an existing file; 0, -ENOENT, -EINVAL (empty), -ENOSPC (it has holes), or
 * what the system calls say */
int mapfile_open(struct mapfile *file, int dir_fd, const char *name);

/**
 * mapfile_grow() - make it @size bytes, if it is smaller
 *
 * Return: 0, -ENOSPC (nothing has changed), or what the system calls say.
 */
int mapfile_grow(struct mapfile *file, size_t size);

/** mapfile_shrink() - give back what is beyond @size; nothing happens if that is not possible */
void mapfile_shrink(struct mapfile *file, size_t size);

#endif
