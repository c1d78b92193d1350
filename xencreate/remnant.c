/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remnant.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "guestcfg.h"
#include "names.h"

#define PATIENCE_MS 30000
#define LOOK_MS	    20 /* between two */
#define ARGS_MAX    8192

static bool is_known(const struct names_entry *known, size_t n, const uint8_t uuid[16])
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(known[i].uuid, uuid, sizeof(known[i].uuid)))
			return true;
	return false;
}

static bool makes_one(const struct names_entry *known, size_t n, const char *args, size_t len)
{
	for (const char *arg = args; arg < args + len; arg += strlen(arg) + 1) {
		uint8_t uuid[16];
		char text[37];

		if (sscanf(arg, "uuid=\"%36[^\"]\"", text) == 1 && !guestcfg_uuid(uuid, text) &&
		    is_known(known, n, uuid))
			return true;
	}
	return false;
}

/* Return: the number of such processes, or a negative errno. */
static int count(const struct names_entry *known, size_t n)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int found = 0;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		char path[sizeof(entry->d_name) + 16], args[ARGS_MAX + 1];
		CLEANUP(close_fd) int fd = -1;
		ssize_t len;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/cmdline", entry->d_name);
		fd = openat(dirfd(proc), path, O_RDONLY | O_CLOEXEC);
		len = fd < 0 ? -1 : read(fd, args, ARGS_MAX);
		if (len <= 0)
			continue; /* gone, or a thread of the kernel */
		args[len] = '\0';
		found += makes_one(known, n, args, (size_t)len);
	}
	closedir(proc);
	return found;
}

int remnant_await(const struct names_entry *known, size_t n)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };

	for (unsigned int i = 0; i < PATIENCE_MS / LOOK_MS; i++) {
		int found = n ? count(known, n) : 0;

		if (found <= 0)
			return found;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}
