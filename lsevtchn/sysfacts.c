/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysfacts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "textfile.h"

#define BRIDGE_PORTS 1023

static void close_dir(DIR *dir)
{
	if (dir)
		closedir(dir);
}
DEFINE_CLEANUP(DIR *, close_dir)

/* Entries of a folder, without . and .. */
static int count_entries(uint64_t *n, const char *path)
{
	CLEANUP(close_dir) DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return -errno;
	*n = 0;
	while ((entry = readdir(dir)))
		*n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	return 0;
}

int sysfacts_ptys(struct sysfacts_use *use)
{
	int r = textfile_number(&use->limit, "/proc/sys/kernel/pty/max");

	if (r == 0)
		r = textfile_number(&use->used, "/proc/sys/kernel/pty/nr");
	/* The kernel refuses the one that would reach the maximum. */
	if (r == 0 && use->limit)
		use->limit--;
	return r;
}

int sysfacts_tasks(struct sysfacts_use *use)
{
	CLEANUP(free) char *load = NULL;
	uint64_t threads;
	const char *slash;
	int r = textfile_number(&use->limit, "/proc/sys/kernel/pid_max");

	if (r == 0)
		r = textfile_number(&threads, "/proc/sys/kernel/threads-max");
	if (r == 0)
		r = textfile_read(&load, NULL, "/proc/loadavg");
	if (r < 0)
		return r;
	slash = strchr(load, '/');
	if (!slash)
		return -EINVAL;
	use->used = strtoull(slash + 1, NULL, 10);
	if (threads < use->limit)
		use->limit = threads;
	return 0;
}

int sysfacts_bridge(struct sysfacts_use *use, const char *bridge)
{
	char path[PATH_MAX];
	int r;

	if (strchr(bridge, '/'))
		return -ENODEV;
	snprintf(path, sizeof(path), "/sys/class/net/%s/brif", bridge);
	r = count_entries(&use->used, path);
	use->limit = BRIDGE_PORTS;
	return r == -ENOENT ? -ENODEV : r;
}

int sysfacts_descriptors(struct sysfacts_use *use, pid_t pid)
{
	static const char key[] = "Max open files";
	CLEANUP(free) char *limits = NULL;
	char path[64];
	const char *line;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	r = textfile_read(&limits, NULL, path);
	if (r < 0)
		return r;
	line = strstr(limits, key);
	if (!line)
		return -EINVAL;
	line += strlen(key);
	line += strspn(line, " ");
	use->limit = strncmp(line, "unlimited", 9) == 0 ? UINT32_MAX : strtoull(line, NULL, 10);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return count_entries(&use->used, path);
}

int sysfacts_parameter(uint64_t *value, const char *name)
{
	CLEANUP(free) char *text = NULL;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	r = textfile_read(&text, NULL, path);
	if (r < 0)
		return r;
	if (isdigit((unsigned char)*text))
		*value = strtoull(text, NULL, 10);
	else if (*text == 'Y' || *text == 'N')
		*value = *text == 'Y';
	else
		return -EINVAL;
	return 0;
}

uint32_t sysfacts_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? n : 1;
}
