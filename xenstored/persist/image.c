/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tdb keeps the keys; what is in a chunk is vouched for by our own checksum. */
#include "persist/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <tdb.h>
#include <unistd.h>

#include "log.h"
#include "persist/entry.h"
#include "persist/format.h"
#include "step.h"

#define PATH_SIZE 512
#define N_BUCKETS 1021
/* Pages are found, and given back, so much at a time: all clients wait meanwhile. */
#define SLICE_BYTES (64 * 1024)

struct image_head {
	struct format_mark mark;
	uint8_t id[JOURNAL_ID_SIZE];
	uint64_t number;
	uint64_t checksum;
};

struct image_end {
	uint64_t serial;
	uint64_t n_chunks;
	uint64_t n_nodes;
	uint64_t n_bytes;
	uint64_t checksum; /* also of the id */
};

struct chunk_head {
	uint64_t checksum; /* of all that follows, seeded with the number of the chunk */
	uint64_t serial;
};

struct image_writer {
	struct tdb_context *tdb; /* owned */
	struct image_info info;
	char path[PATH_SIZE];
	char new_path[PATH_SIZE];
	off_t prepared; /* so much of the file has its pages */
	int old_fd;	/* owned: the image before, which has no name any more; -1: none */
	bool is_finished;
	_Alignas(8) char buf[sizeof(struct chunk_head) + IMAGE_CHUNK_MAX];
};

struct image {
	struct tdb_context *tdb; /* owned */
	struct log *log;	 /* borrowed: outlives us */
	struct image_info info;
	char *buf; /* owned: the chunk that was read last */
	uint32_t buf_size;
};

static void tdb_says(struct tdb_context *tdb, enum tdb_debug_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tdb_says(struct tdb_context *tdb, enum tdb_debug_level level, const char *fmt, ...)
{
	struct log *log = tdb_get_logging_private(tdb);
	char text[256];
	va_list ap;

	if (level > TDB_DEBUG_WARNING)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[strcspn(text, "\n")] = '\0';
	log_warning(log, "tdb: %s", text);
}

static struct tdb_context *open_tdb(const char *path, int flags, struct log *log)
{
	struct tdb_logging_context logging = { tdb_says, log };

	return tdb_open_ex(path, N_BUCKETS, TDB_NOLOCK | TDB_NOSYNC, flags, 0600, &logging, NULL);
}

static TDB_DATA text_key(const char *text)
{
	return (TDB_DATA){ (unsigned char *)(uintptr_t)text, strlen(text) };
}

static int store(struct image_writer *writer, const char *key, void *data, size_t len)
{
	if (tdb_store(writer->tdb, text_key(key), (TDB_DATA){ data, len }, TDB_INSERT) != 0)
		return -ENOSPC;
	STEP("image stored");
	return 0;
}

static int set_paths(char *path, char *new_path, const char *dir)
{
	if (snprintf(path, PATH_SIZE, "%s/image", dir) >= PATH_SIZE)
		return -ENAMETOOLONG;
	if (new_path && snprintf(new_path, PATH_SIZE, "%s/image.new", dir) >= PATH_SIZE)
		return -ENAMETOOLONG;
	return 0;
}

int image_create(struct image_writer **out, const char *dir, const struct image_info *info,
		 struct log *log)
{
	CLEANUP(image_writer_free) struct image_writer *writer = malloc(sizeof(*writer));
	struct image_head head = { .mark = FORMAT_MARK(IMAGE_MAGIC), .number = info->number };
	int r;

	if (!writer)
		return -ENOMEM;
	writer->tdb = NULL;
	writer->prepared = 0;
	writer->old_fd = -1;
	writer->is_finished = true; /* nothing to remove yet */
	writer->info = *info;
	writer->info.n_chunks = writer->info.n_bytes = 0;
	r = set_paths(writer->path, writer->new_path, dir);
	if (r < 0)
		return r;
	writer->tdb = open_tdb(writer->new_path, O_RDWR | O_CREAT | O_TRUNC, log);
	if (!writer->tdb)
		return errno ? -errno : -EIO;
	writer->is_finished = false;
	memcpy(head.id, info->id, sizeof(head.id));
	head.checksum = checksum(&head, offsetof(struct image_head, checksum), 0);
	r = store(writer, "head", &head, sizeof(head));
	if (r < 0)
		return r;
	*out = STEAL(writer);
	return 0;
}

static void chunk_key(char *key, size_t size, uint64_t n)
{
	snprintf(key, size, "chunk %08" PRIx64, n);
}

char *image_buffer(struct image_writer *writer)
{
	return writer->buf + sizeof(struct chunk_head);
}

int image_write(struct image_writer *writer, uint64_t serial, uint32_t len)
{
	struct chunk_head *head = (struct chunk_head *)writer->buf;
	char key[32];
	int r;

	head->serial = serial;
	head->checksum = checksum(&head->serial, sizeof(head->serial) + len, writer->info.n_chunks);
	chunk_key(key, sizeof(key), writer->info.n_chunks);
	r = store(writer, key, head, sizeof(*head) + len);
	if (r < 0)
		return r;
	writer->info.n_chunks++;
	writer->info.n_bytes += len;
	return 0;
}

bool image_prepare(struct image_writer *writer, uint64_t size)
{
	if ((uint64_t)writer->prepared >= size ||
	    fallocate(tdb_fd(writer->tdb), FALLOC_FL_KEEP_SIZE, writer->prepared, SLICE_BYTES) < 0)
		return false;
	writer->prepared += SLICE_BYTES;
	return true;
}

/* How much of the file is used; what was prepared beyond is given back. */
static uint64_t cut(const struct image_writer *writer)
{
	struct stat st;

	if (fstat(tdb_fd(writer->tdb), &st) < 0)
		return 0;
	if (writer->prepared > st.st_size)
		(void)!ftruncate(tdb_fd(writer->tdb), st.st_size);
	return (uint64_t)st.st_size;
}

bool image_drop_old(struct image_writer *writer)
{
	struct stat st;

	return writer->old_fd >= 0 && fstat(writer->old_fd, &st) == 0 && st.st_size > SLICE_BYTES &&
	       ftruncate(writer->old_fd, st.st_size - SLICE_BYTES) == 0;
}

uint64_t image_writer_bytes(const struct image_writer *writer)
{
	return writer->info.n_bytes;
}

static uint64_t end_checksum(const struct image_end *end, const uint8_t *id)
{
	return checksum(end, offsetof(struct image_end, checksum),
			checksum(id, JOURNAL_ID_SIZE, 0));
}

int image_finish(struct image_writer *writer, uint64_t serial, uint64_t n_nodes, uint64_t *size)
{
	struct image_end end = {
		.serial = serial,
		.n_chunks = writer->info.n_chunks,
		.n_nodes = n_nodes,
		.n_bytes = writer->info.n_bytes,
	};
	int r;

	end.checksum = end_checksum(&end, writer->info.id);
	r = store(writer, "end", &end, sizeof(end));
	if (r < 0)
		return r;
	STEP("image complete");
	*size = cut(writer);
	writer->old_fd = open(writer->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (rename(writer->new_path, writer->path) < 0) {
		r = -errno;
		/* It has its name still. */
		if (writer->old_fd >= 0)
			close(writer->old_fd);
		writer->old_fd = -1;
		return r;
	}
	STEP("image renamed");
	writer->is_finished = true;
	return 0;
}

void image_writer_free(struct image_writer *writer)
{
	if (!writer)
		return;
	if (writer->tdb)
		tdb_close(writer->tdb);
	if (!writer->is_finished)
		unlink(writer->new_path);
	if (writer->old_fd >= 0)
		close(writer->old_fd);
	free(writer);
}

static int damaged(const struct image *image, const char *why)
{
	log_error(image->log, "saved state: image: %s", why);
	return -EBADMSG;
}

struct wanted {
	struct image *image;
	size_t len;
};

/* Copies a record: tdb's own is not aligned. */
static int take(TDB_DATA key, TDB_DATA data, void *ctx)
{
	struct wanted *wanted = ctx;
	struct image *image = wanted->image;

	(void)key;
	if (data.dsize > sizeof(struct chunk_head) + IMAGE_CHUNK_MAX)
		return -1;
	if (data.dsize > image->buf_size) {
		char *buf = realloc(image->buf, data.dsize);

		if (!buf)
			return -1;
		image->buf = buf;
		image->buf_size = (uint32_t)data.dsize;
	}
	memcpy(image->buf, data.dptr, data.dsize);
	wanted->len = data.dsize;
	return 0;
}

static int fetch(struct image *image, const char *key, size_t *len)
{
	struct wanted wanted = { .image = image };

	if (tdb_parse_record(image->tdb, text_key(key), take, &wanted) != 0)
		return -ENOENT;
	*len = wanted.len;
	return 0;
}

static int read_head(struct image *image)
{
	struct image_head head;
	size_t len;
	int r;

	if (fetch(image, "head", &len) < 0 || len != sizeof(head))
		return damaged(image, "its head is missing");
	memcpy(&head, image->buf, sizeof(head));
	r = format_check_mark(&head.mark, IMAGE_MAGIC "\0", "image", image->log);
	if (r < 0)
		return r;
	if (head.checksum != checksum(&head, offsetof(struct image_head, checksum), 0))
		return damaged(image, "checksum of its head is wrong");
	memcpy(image->info.id, head.id, sizeof(head.id));
	image->info.number = head.number;
	return 0;
}

static int read_end(struct image *image)
{
	struct image_end end;
	size_t len;

	if (fetch(image, "end", &len) < 0 || len != sizeof(end))
		return damaged(image, "its end is missing");
	memcpy(&end, image->buf, sizeof(end));
	if (end.checksum != end_checksum(&end, image->info.id))
		return damaged(image, "checksum of its end is wrong");
	image->info.serial = end.serial;
	image->info.n_chunks = end.n_chunks;
	image->info.n_nodes = end.n_nodes;
	image->info.n_bytes = end.n_bytes;
	return 0;
}

int image_open(struct image **out, const char *dir, struct log *log)
{
	CLEANUP(image_free) struct image *image = calloc(1, sizeof(*image));
	char path[PATH_SIZE];
	int r;

	if (!image)
		return -ENOMEM;
	image->log = log;
	r = set_paths(path, NULL, dir);
	if (r < 0)
		return r;
	errno = 0;
	image->tdb = open_tdb(path, O_RDONLY, log);
	if (!image->tdb)
		return errno == ENOENT || errno == ENOMEM ? -errno
							  : damaged(image, "it is not a tdb file");
	if (tdb_check(image->tdb, NULL, NULL) != 0)
		return damaged(image, "tdb finds it damaged");
	r = read_head(image);
	if (r == 0)
		r = read_end(image);
	if (r < 0)
		return r;
	*out = STEAL(image);
	return 0;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	if (image->tdb)
		tdb_close(image->tdb);
	free(image->buf);
	free(image);
}

const struct image_info *image_info(const struct image *image)
{
	return &image->info;
}

int image_read(struct image *image, uint64_t n, uint64_t *serial, const char **entries,
	       uint32_t *len)
{
	const struct chunk_head *head;
	char key[32];
	size_t size;

	chunk_key(key, sizeof(key), n);
	if (fetch(image, key, &size) < 0 || size < sizeof(*head) || size % 8)
		return damaged(image, "a chunk is missing");
	head = (const struct chunk_head *)image->buf;
	if (head->checksum !=
	    checksum(&head->serial, size - offsetof(struct chunk_head, serial), n))
		return damaged(image, "checksum of a chunk is wrong");
	*serial = head->serial;
	*entries = (const char *)(head + 1);
	*len = (uint32_t)(size - sizeof(*head));
	if (!entry_check(*entries, *len))
		return damaged(image, "a chunk holds what is not known");
	return 0;
}
