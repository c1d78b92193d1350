/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way to a process ends with a look at its name, for pid files outlive their writers, and
 * behind a socket that a service manager keeps may stand one that is gone: the kernel tells who
 * began to listen.
 */
#include "daemons.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "textfile.h"

#define STORE_RUN_DIR "/run/xenstored"

static const char *const store_names[] = { "xenstored", "oxenstored", NULL };
static const char *const console_names[] = { "xenconsoled", NULL };

static void close_dir(DIR *dir)
{
	if (dir)
		closedir(dir);
}
DEFINE_CLEANUP(DIR *, close_dir)

/* Is process @pid called one of these? */
static int check(struct daemons_process *process, pid_t pid, const char *const *names)
{
	CLEANUP(free) char *comm = NULL;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (pid <= 0 || textfile_read(&comm, &len, path) < 0 || !len)
		return -ESRCH;
	comm[len - 1] = '\0'; /* the newline */
	for (; *names; names++) {
		if (strcmp(comm, *names) != 0)
			continue;
		*process = (struct daemons_process){ .pid = pid, .name = *names };
		return 0;
	}
	return -ESRCH;
}

int daemons_named(struct daemons_process *process, const char *path, const char *const *names)
{
	CLEANUP(free) char *text = NULL;
	unsigned long pid;

	if (textfile_read(&text, NULL, path) < 0 || !isdigit((unsigned char)*text))
		return -ESRCH;
	pid = strtoul(text, NULL, 10);
	return pid > INT_MAX ? -ESRCH : check(process, (pid_t)pid, names);
}

int daemons_peer(struct daemons_process *process, const char *path, const char *const *names)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	int fd, r = -ECONNREFUSED;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ECONNREFUSED;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -ECONNREFUSED;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0
			    ? -ESRCH
			    : check(process, peer.pid, names);
	close(fd);
	return r;
}

/*
 * The last resort, where a store answers: where none does, one that is called so serves another
 * host, a simulated one perhaps.
 */
static int find_only_one(struct daemons_process *process, const char *const *names)
{
	CLEANUP(close_dir) DIR *dir = opendir("/proc");
	struct daemons_process found = { 0 }, one;
	const struct dirent *entry;

	if (!dir)
		return -ESRCH;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    check(&one, (pid_t)strtol(entry->d_name, NULL, 10), names) < 0)
			continue;
		if (found.pid)
			return -ENOTUNIQ;
		found = one;
	}
	if (!found.pid)
		return -ESRCH;
	*process = found;
	return 0;
}

static int find_by_file(struct daemons_process *process, const char *const *paths,
			const char *const *names)
{
	int r = -ESRCH;

	for (; *paths && r < 0; paths++)
		r = daemons_named(process, *paths, names);
	return r;
}

static const char *store_run_dir(void)
{
	const char *run_dir = getenv("XENSTORED_RUNDIR");

	return run_dir && *run_dir ? run_dir : STORE_RUN_DIR;
}

/* Who listens on the store's socket; as daemons_peer(). */
static int find_store_peer(struct daemons_process *process)
{
	const char *socket_path = getenv("XENSTORED_PATH");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/socket", store_run_dir());
	return daemons_peer(process, socket_path && *socket_path ? socket_path : path, store_names);
}

int daemons_store(struct daemons_process *process)
{
	/* Ours, what Debian's script and upstream's units say, oxenstored's own. */
	static const char *const files[] = { "/run/xenstore.pid", "/run/xenstored.pid",
					     "/run/xen/xenstored.pid", NULL };
	char path[PATH_MAX];
	int peer = find_store_peer(process), r = peer;

	snprintf(path, sizeof(path), "%s/xenstored.pid", store_run_dir());
	if (r < 0)
		r = daemons_named(process, path, store_names);
	if (r < 0)
		r = find_by_file(process, files, store_names);
	if (r < 0 && peer != -ECONNREFUSED)
		r = find_only_one(process, store_names);
	return r == -ECONNREFUSED ? -ESRCH : r;
}

int daemons_console(struct daemons_process *process)
{
	static const char *const files[] = { "/run/xen/xenconsoled.pid", "/run/xenconsoled.pid",
					     NULL };
	int r = find_by_file(process, files, console_names);

	if (r < 0 && find_store_peer(process) != -ECONNREFUSED)
		r = find_only_one(process, console_names);
	return r;
}

bool daemons_is_stock(const struct daemons_process *process)
{
	char path[64], exe[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process->pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = '\0';
	/* Debian keeps them in /usr/lib/xen-VERSION/bin, upstream the daemons in /usr/lib/xen/bin.
	 */
	return strstr(exe, "/lib/xen");
}
