/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builders undo their mappings with munmap(), which no library sees. So when it matters (a domain
 * is dying) the kernel is asked what lies at the address: by PROCMAP_QUERY where it has that
 * (6.11), by reading /proc/PID/maps elsewhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "core/host.h"
#include "core/memory.h"
#include "process.h"
#include "server.h"

/* linux/fs.h of 6.11; Debian 12's headers are older. */
struct procmap_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	uint32_t vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY_IOCTL _IOWR('f', 17, struct procmap_query)

struct place {
	uint64_t start, offset, inode;
};

static bool ask_kernel(int fd, uint64_t address, struct place *place, bool *known)
{
	struct procmap_query query = { .size = sizeof(query), .query_addr = address };
	int r = ioctl(fd, PROCMAP_QUERY_IOCTL, &query);

	*known = r == 0 || errno == ENOENT || errno == ESRCH;
	if (r < 0)
		return false;
	*place = (struct place){ .start = query.vma_start,
				 .offset = query.vma_offset,
				 .inode = query.inode };
	return true;
}

static bool read_maps(int fd, uint64_t address, struct place *place)
{
	CLEANUP(free) char *line = NULL;
	size_t size = 0;
	bool found = false;
	int copy = dup(fd);
	FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;

	if (!file) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	rewind(file);
	while (!found && getline(&line, &size, file) > 0) {
		uint64_t start, end, offset, inode;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64, &start,
			   &end, &offset, &inode) == 4 &&
		    address >= start && address < end) {
			*place = (struct place){ .start = start, .offset = offset, .inode = inode };
			found = true;
		}
	}
	fclose(file);
	return found;
}

static bool shows(const struct process *process, uint64_t address, uint64_t mfn)
{
	const struct memory *memory = process->server->host->memory;
	struct place place;
	struct stat st;
	bool known, found;

	found = ask_kernel(process->maps_fd, address, &place, &known);
	if (!known)
		found = read_maps(process->maps_fd, address, &place);
	return found && !fstat(memory_fd(memory), &st) && place.inode == st.st_ino &&
	       place.offset + (address - place.start) == mfn * MEMORY_PAGE_BYTES;
}

bool process_maps(const struct mapping *mapping)
{
	const struct process *process = (const struct process *)(uintptr_t)mapping->mapper->id;

	if (process->maps_fd < 0)
		return true; /* cannot look: believe the record */
	for (uint32_t i = 0; i < mapping->n_runs; i++)
		if (shows(process, mapping->address + mapping->runs[i].page * MEMORY_PAGE_BYTES,
			  mapping->runs[i].mfn))
			return true;
	return false;
}
