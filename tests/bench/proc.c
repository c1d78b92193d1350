/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedstat counts nanoseconds where stat counts ticks of 10 ms, so a measurement of a few
 * milliseconds is still good to a per mille.
 */
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int proc_cpu_ns(pid_t pid, uint64_t *cpu_ns)
{
	char path[320];
	struct dirent *entry;
	uint64_t sum = 0, one;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return -ESRCH;
	while ((entry = readdir(tasks))) {
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue; /* the thread ended meanwhile */
		if (fscanf(file, "%" SCNu64, &one) == 1)
			sum += one;
		fclose(file);
	}
	closedir(tasks);
	*cpu_ns = sum;
	return 0;
}

/* More than a tick of the slowest kernels: until then the figure of a thread that runs stands. */
#define SETTLE_US 11000
/* What is left of an image of 150,000 nodes takes 30 ms of a CPU that is free. */
#define SETTLE_LOOKS 100

int proc_cpu_settled_ns(pid_t pid, uint64_t *cpu_ns)
{
	uint64_t before;
	int r = proc_cpu_ns(pid, cpu_ns);

	for (int i = 0; i < SETTLE_LOOKS && r == 0; i++) {
		before = *cpu_ns;
		usleep(SETTLE_US);
		r = proc_cpu_ns(pid, cpu_ns);
		if (*cpu_ns == before)
			break;
	}
	return r;
}

int proc_memory(pid_t pid, uint64_t *pss_bytes)
{
	char path[64], line[256];
	uint64_t kib;
	int r = -ESRCH;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -ESRCH;
	while (r < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pss: %" SCNu64, &kib) == 1) {
			*pss_bytes = kib * 1024;
			r = 0;
		}
	fclose(file);
	return r;
}
