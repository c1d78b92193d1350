/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flock() has no question that changes nothing: to look is to lock, and to let go at once. */
#include "lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "cleanup.h"

#define LOOK_MS 10 /* between two */

int lockfile_take(int fd, unsigned int patience_ms)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };

	for (unsigned int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (i >= patience_ms / LOOK_MS)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

bool lockfile_is_held(const char *path)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
