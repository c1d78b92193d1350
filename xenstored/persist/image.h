/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image: a tdb file with everything that is kept, as entries (entry.h) in chunks. It is written
 * under another name, a chunk at a time, and takes the place of the one before by a rename when it
 * is complete; so there is always one whole image, and no tdb transaction is needed.
 *
 *   head	which state, and the journal to be repeated over it
 *   chunk N	(N in 8 hexadecimal digits) checksum, the turn after which it was written, entries
 *   end	number of chunks; is there only if the image is complete
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "persist/journal.h"

struct image;
struct image_writer;
struct log;

/* The most bytes of entries in one chunk. */
#define IMAGE_CHUNK_MAX (128 * 1024)

struct image_info {
	uint8_t id[JOURNAL_ID_SIZE];
	uint64_t number; /* of the journal that began with it */
	uint64_t serial; /* of the last turn when it was complete */
	uint64_t n_chunks;
	uint64_t n_nodes;
	uint64_t n_bytes; /* of entries */
};

/**
 * image_create() - begin to write
 * @dir:  path of the folder
 * @info: id and number; the rest is filled in by image_finish()
 *
 * Return: 0, -ENOMEM, or what tdb says, which has been logged.
 */
int image_create(struct image_writer **out, const char *dir, const struct image_info *info,
		 struct log *log);
/** image_buffer() - where to put the entries of the next chunk; 8-aligned, IMAGE_CHUNK_MAX bytes */
char *image_buffer(struct image_writer *writer);
/**
 * image_write() - add the chunk that is in the buffer
 * @serial: of the last committed turn
 * @len:    a multiple of 8
 *
 * Return: 0 or -ENOSPC.
 */
int image_write(struct image_writer *writer, uint64_t serial, uint32_t len);
/**
 * image_prepare() - before the first chunk: have the file system find some of the @size bytes that
 * the file is likely to have
 *
 * Return: true if there is more to be found; where that cannot be had, it is done when needed.
 */
bool image_prepare(struct image_writer *writer, uint64_t size);
/**
 * image_finish() - complete it, and let it take the place of the one before
 * @serial: of the last turn whose domains and limits are in it
 * @size:   out: of the file
 */
int image_finish(struct image_writer *writer, uint64_t serial, uint64_t n_nodes, uint64_t *size);
/** image_drop_old() - then: give back some of the one before; true if there is more */
bool image_drop_old(struct image_writer *writer);
/** image_writer_free() - give it up, or close it after image_finish() */
void image_writer_free(struct image_writer *writer);
DEFINE_CLEANUP(struct image_writer *, image_writer_free)
/** image_writer_bytes() - of entries so far */
uint64_t image_writer_bytes(const struct image_writer *writer);

/**
 * image_open() - open the complete image in @dir
 *
 * Return: 0; -ENOENT; -EBADMSG (damaged, or not ours), -ENOTSUP (newer), both logged; -ENOMEM.
 */
int image_open(struct image **out, const char *dir, struct log *log);
void image_free(struct image *image);
DEFINE_CLEANUP(struct image *, image_free)

const struct image_info *image_info(const struct image *image);

/**
 * image_read() - get chunk @n
 * @serial:  out: its turn
 * @entries: out: 8-aligned, borrowed until the next call; checked to be entries
 *
 * Return: 0 or -EBADMSG, which has been logged.
 */
int image_read(struct image *image, uint64_t n, uint64_t *serial, const char **entries,
	       uint32_t *len);

#endif
