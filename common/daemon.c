/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forking into the background with a pipe on which the daemon reports that it serves, and libbsd's
 * pidfile, whose descriptor stays open: the lock lives exactly as long as the daemon.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <libutil.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

struct daemon_pidfile {
	struct pidfh *handle; /* owned */
};

/* The first process: waits for the daemon's word and hands its status on. */
static void wait_and_exit(int fd, pid_t child)
{
	char status;
	ssize_t n;

	waitpid(child, NULL, 0);
	do
		n = read(fd, &status, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? status : EXIT_FAILURE);
}

static int null_stdio(void)
{
	CLEANUP(close_fd) int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int to = STDIN_FILENO; to <= STDERR_FILENO; to++)
		if (dup2(fd, to) < 0)
			return -errno;
	if (fd <= STDERR_FILENO)
		(void)STEAL_FD(fd);
	return 0;
}

int daemon_fork(int *ready_fd)
{
	int fds[2];
	pid_t pid;
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_and_exit(fds[0], pid);
	}
	close(fds[0]);
	setsid();
	/* Not a session leader any more: no terminal can become ours by being opened. */
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	if (chdir("/") < 0)
		return -errno;
	r = null_stdio();
	if (r < 0)
		return r;
	*ready_fd = fds[1];
	return 0;
}

void daemon_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void daemon_ready(int ready_fd)
{
	char status = EXIT_SUCCESS;

	sd_notify(0, "READY=1");
	if (ready_fd < 0)
		return;
	/* If the first process was killed, nobody is waiting and the write does no harm. */
	(void)!write(ready_fd, &status, 1);
	close(ready_fd);
}

void daemon_status(const char *text)
{
	sd_notifyf(0, "STATUS=%s", text);
}

int daemon_pidfile_take(struct daemon_pidfile **out, const char *path, int *other)
{
	CLEANUP(free) struct daemon_pidfile *pidfile = calloc(1, sizeof(*pidfile));
	pid_t pid = 0;

	if (!pidfile)
		return -ENOMEM;
	pidfile->handle = pidfile_open(path, 0644, &pid);
	if (!pidfile->handle) {
		*other = pid;
		return -errno;
	}
	/* Another program in this process takes its own lock. */
	fcntl(pidfile_fileno(pidfile->handle), F_SETFD, FD_CLOEXEC);
	if (pidfile_write(pidfile->handle) < 0) {
		int r = -errno;

		pidfile_remove(pidfile->handle);
		return r;
	}
	*out = STEAL(pidfile);
	return 0;
}

void daemon_pidfile_drop(struct daemon_pidfile *pidfile)
{
	if (!pidfile)
		return;
	pidfile_remove(pidfile->handle);
	free(pidfile);
}
