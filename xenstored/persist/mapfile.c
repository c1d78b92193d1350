/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Room is reserved before it is mapped: storing to a page that the file system cannot provide would
 * be the end of us. */
#include "persist/mapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux 5.14; older headers do not know it. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void mapfile_init(struct mapfile *file)
{
	*file = (struct mapfile){ .fd = -1 };
}

void mapfile_deinit(struct mapfile *file)
{
	if (file->base)
		munmap(file->base, file->size);
	if (file->fd >= 0)
		close(file->fd);
	mapfile_init(file);
}

static int map(struct mapfile *file, size_t size)
{
	void *base = file->base ? mremap(file->base, file->size, size, MREMAP_MAYMOVE)
				: mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	file->base = base;
	file->size = size;
	return 0;
}

/* One call instead of a fault for each page. Where the kernel cannot, they come one by one. */
static void populate(const struct mapfile *file, size_t from)
{
	from &= ~(size_t)4095;
	(void)!madvise(file->base + from, file->size - from, MADV_POPULATE_WRITE);
}

int mapfile_grow(struct mapfile *file, size_t size)
{
	/* What is mapped has its room already, and is not walked again. */
	size_t from = file->base ? file->size : 0;
	int r;

	if (size <= file->size)
		return 0;
	r = -posix_fallocate(file->fd, (off_t)from, (off_t)(size - from));
	if (r == 0)
		r = map(file, size);
	if (r == 0 && from)
		populate(file, from);
	return r;
}

void mapfile_shrink(struct mapfile *file, size_t size)
{
	/* First the mapping: storing beyond the end of the file would be the end of us. */
	if (file->base && size < file->size && map(file, size) == 0)
		(void)!ftruncate(file->fd, (off_t)size);
}

static int open_at(struct mapfile *file, int dir_fd, const char *name, int flags, size_t *size)
{
	struct stat st;

	mapfile_init(file);
	file->fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &st) < 0)
		return -errno;
	*size = (size_t)st.st_size;
	return 0;
}

int mapfile_create(struct mapfile *file, int dir_fd, const char *name, size_t size)
{
	size_t has;
	int r = open_at(file, dir_fd, name, O_CREAT, &has);

	if (r == 0)
		r = mapfile_grow(file, has > size ? has : size);
	if (r < 0)
		mapfile_deinit(file);
	return r;
}

int mapfile_open(struct mapfile *file, int dir_fd, const char *name)
{
	size_t has;
	int r = open_at(file, dir_fd, name, 0, &has);

	if (r == 0 && !has)
		r = -EINVAL;
	/* A copy may have holes, and a hole without room behind it kills who stores there. */
	if (r == 0)
		r = -posix_fallocate(file->fd, 0, (off_t)has);
	if (r == 0)
		r = map(file, has);
	if (r < 0)
		mapfile_deinit(file);
	return r;
}
