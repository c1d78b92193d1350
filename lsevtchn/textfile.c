/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "textfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cleanup.h"

#define CHUNK 4096

int textfile_read(char **text, size_t *len, const char *path)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(free) char *buf = NULL;
	size_t used = 0, size = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		if (size - used < CHUNK) {
			char *larger = realloc(buf, size ? size * 2 : 2 * CHUNK);

			if (!larger)
				return -ENOMEM;
			buf = larger;
			size = size ? size * 2 : 2 * CHUNK;
		}
		n = read(fd, buf + used, size - used - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		used += n > 0 ? n : 0;
		if (used > TEXTFILE_MAX)
			return -EFBIG;
	} while (n);
	buf[used] = '\0';
	*text = STEAL(buf);
	if (len)
		*len = used;
	return 0;
}

int textfile_number(uint64_t *number, const char *path)
{
	CLEANUP(free) char *text = NULL;
	char *end;
	int r = textfile_read(&text, NULL, path);

	if (r < 0)
		return r;
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno || (*end && !isspace((unsigned char)*end)) ? -EINVAL : 0;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return 0;
}

static int fill(int fd, const char *text, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
	int r = write_all(fd, text, len);

	if (r < 0)
		return r;
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) < 0 && errno != EPERM)
		return -errno;
	return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int textfile_replace(const char *path, const char *text, size_t len, mode_t mode, uid_t uid,
		     gid_t gid)
{
	CLEANUP(free) char *temporary = NULL;
	CLEANUP(close_fd) int fd = -1;
	int r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fill(fd, text, len, mode, uid, gid);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r;
}
