/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 20
#define PERIOD_NS  2000000

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	/* The folders themselves stay; what else cannot be removed is a fault that shows. */
	if (where->level)
		remove(path);
	return 0;
}

static void clear(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int daemon_join(const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* One that has many to accept first is waited for: C xenstored lets one wait at a time. */
	const struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

int daemon_lives(pid_t pid)
{
	return pid && waitpid(pid, NULL, WNOHANG) == 0;
}

void daemon_end(pid_t pid)
{
	if (!pid)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int daemon_start(char *const argv[], const char *log, const char *socket_path, pid_t *pid)
{
	const struct timespec period = { 0, PERIOD_NS };
	time_t end = time(NULL) + PATIENCE_S;
	int fd;

	clear("/run/xenstored");
	clear("/var/lib/xenstored");
	*pid = fork();
	if (*pid < 0)
		return -errno;
	if (*pid == 0) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execvp(argv[0], argv);
		dprintf(STDERR_FILENO, "relay: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	for (;;) {
		fd = daemon_join(socket_path);
		if (fd >= 0)
			break;
		if (!daemon_lives(*pid))
			return -ECHILD;
		if (time(NULL) > end)
			return -ETIMEDOUT;
		nanosleep(&period, NULL);
	}
	close(fd);
	return 0;
}
