/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files read whole: configurations, and what /proc and /sys have to say. */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TEXTFILE_MAX (1u << 20)

/**
 * textfile_read() - the whole of @path, with a NUL behind it
 * @text: owned by the caller
 * @len:  without that NUL; may be NULL
 *
 * Return: 0, -ENOMEM, -EFBIG (over TEXTFILE_MAX), -EISDIR, or what opening or reading it says.
 */
int textfile_read(char **text, size_t *len, const char *path);

/**
 * textfile_number() - a file that holds one number
 *
 * Return: 0, -EINVAL (something else is in it), or as textfile_read().
 */
int textfile_number(uint64_t *number, const char *path);

/**
 * textfile_replace() - put @text in place of the file @path, all at once: who reads it sees the old
 * or the new
 * @mode, @uid, @gid: of the new file; an id of -1 is left as it comes
 *
 * Return: 0, -ENOMEM, or what writing says; the old file is as it was then.
 */
int textfile_replace(const char *path, const char *text, size_t len, mode_t mode, uid_t uid,
		     gid_t gid);

#endif
