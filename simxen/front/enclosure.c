/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that exists is covered by a bind mount. One that does not cannot be mounted upon, and
 * must not be made in the real file system: then its parent is replaced by a copy of itself, each
 * entry of which is bound to the original, and the folder is made in the copy.
 */
#include "enclosure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static const struct {
	const char *target;
	const char *name; /* in the host's folder */
	mode_t mode;
} places[] = {
	{ "/run/xen", "run-xen", 0755 },
	{ "/run/xenstored", "run-xenstored", 0755 },
	{ "/run/lock", "lock", 01777 },
	{ "/var/lib/xen", "lib-xen", 0755 },
	{ "/var/lib/xenstored", "lib-xenstored", 0755 },
	{ "/var/log/xen", "log-xen", 0755 },
	{ "/etc/xen", "etc-xen", 0755 },
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int new_namespace(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r;

	if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) < 0)
		return -errno;
	if (!uid)
		return 0;
	r = write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!r)
		r = write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	if (!r)
		r = write_file("/proc/self/gid_map", map);
	return r;
}

static int join(char *buf, const char *dir, const char *name)
{
	return snprintf(buf, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int make_dir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return -errno;
	return chmod(path, mode) < 0 && errno != EPERM ? -errno : 0;
}

/* One entry of the copy: a link as it is, anything else bound to the original. */
static int copy_entry(const char *from, const char *to)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;
	int fd;

	if (lstat(from, &st) < 0)
		return 0; /* gone meanwhile */
	if (S_ISLNK(st.st_mode)) {
		n = readlink(from, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		return symlink(target, to) < 0 ? -errno : 0;
	}
	if (S_ISDIR(st.st_mode)) {
		if (mkdir(to, 0755) < 0)
			return -errno;
	} else {
		fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

static int replace_by_copy(const char *dir, const char *copies)
{
	char copy[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
	const struct dirent *entry;
	struct stat st;
	DIR *stream;
	int r = 0;

	r = join(copy, copies, "XXXXXX");
	if (r < 0)
		return r;
	if (stat(dir, &st) < 0 || !mkdtemp(copy))
		return -errno;
	r = make_dir(copy, st.st_mode & 07777);
	if (r < 0)
		return r;
	stream = opendir(dir);
	if (!stream)
		return -errno;
	while (!r && (entry = readdir(stream))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = join(from, dir, entry->d_name);
		if (!r)
			r = join(to, copy, entry->d_name);
		if (!r)
			r = copy_entry(from, to);
	}
	closedir(stream);
	if (!r && mount(copy, dir, NULL, MS_BIND | MS_REC, NULL) < 0)
		r = -errno;
	return r;
}

static int place(const char *source, const char *target, const char *copies)
{
	char parent[PATH_MAX];
	struct stat st;
	int r;

	if (stat(target, &st) < 0) {
		snprintf(parent, sizeof(parent), "%s", target);
		*strrchr(parent, '/') = '\0';
		r = replace_by_copy(parent, copies);
		if (r < 0)
			return r;
		if (mkdir(target, 0755) < 0)
			return -errno;
	}
	return mount(source, target, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

/* Everything called xen-* in the packages' /usr/lib appears at its place. */
static int place_stock(const char *stock, const char *copies)
{
	char lib[PATH_MAX], source[PATH_MAX], target[PATH_MAX];
	const struct dirent *entry;
	DIR *stream;
	int r;

	r = join(lib, stock, "usr/lib");
	if (r < 0)
		return r;
	stream = opendir(lib);
	if (!stream)
		return -errno;
	while (!r && (entry = readdir(stream))) {
		if (strncmp(entry->d_name, "xen-", 4))
			continue;
		r = join(source, lib, entry->d_name);
		if (!r)
			r = join(target, "/usr/lib", entry->d_name);
		if (!r)
			r = place(source, target, copies);
	}
	closedir(stream);
	return r;
}

/*
 * oxenstored raises its limit of descriptors to what this file says, and ends if it may not: so it
 * says what it may.
 */
static int place_nr_open(const char *dir)
{
	static const char target[] = "/proc/sys/fs/nr_open";
	struct rlimit limit;
	char path[PATH_MAX], text[32] = "";
	FILE *file = fopen(target, "r");
	unsigned long long n;
	int r;

	if (!file)
		return 0;
	n = fgets(text, sizeof(text), file) ? strtoull(text, NULL, 10) : 0;
	fclose(file);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max >= n)
		return 0;
	limit = (struct rlimit){ .rlim_cur = limit.rlim_cur, .rlim_max = n };
	if (!setrlimit(RLIMIT_NOFILE, &limit) || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0; /* we may, and so may they */
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)limit.rlim_max);
	r = join(path, dir, "nr_open");
	if (!r)
		r = write_file(path, text);
	if (!r && mount(path, target, NULL, MS_BIND, NULL) < 0)
		r = -errno;
	return r;
}

int enclosure_enter(const char *dir, const char *stock, const char **what)
{
	char copies[PATH_MAX], path[PATH_MAX];
	int r;

	*what = "a new mount namespace";
	r = new_namespace();
	if (!r && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = -errno;
	if (r < 0)
		return r;
	*what = "the host's folders";
	r = join(copies, dir, "copies");
	if (!r)
		r = make_dir(copies, 0755);
	for (size_t i = 0; !r && i < sizeof(places) / sizeof(places[0]); i++) {
		*what = places[i].target;
		r = join(path, dir, places[i].name);
		if (!r)
			r = make_dir(path, places[i].mode);
		if (!r)
			r = place(path, places[i].target, copies);
	}
	if (!r)
		r = make_dir("/var/log/xen/console", 0755);
	/* Nothing to balloon down: the simulated dom0 has no memory that it could give. */
	if (!r && access("/etc/xen/xl.conf", F_OK) < 0)
		r = write_file("/etc/xen/xl.conf", "autoballoon=\"off\"\n");
	if (!r) {
		*what = "/proc/sys/fs/nr_open";
		r = place_nr_open(dir);
	}
	if (!r && stock) {
		*what = stock;
		r = place_stock(stock, copies);
	}
	return r;
}
