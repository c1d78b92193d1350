/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of the files. Numbers are in the byte order of the machine, which the mark tells: a
 * state never leaves the host, nor outlives its boot.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <assert.h>
#include <stdint.h>

#include "persist/checksum.h"
#include "persist/journal.h"

struct log;

/* To be counted up when anything here or in entry.h changes. */
#define FORMAT_VERSION	    1
#define FORMAT_BYTE_ORDER   0x01020304
#define FORMAT_BOOT_ID_SIZE 16

#define TURN_MAGIC    "xsturn\0"
#define JOURNAL_MAGIC "xsjournl"
#define IMAGE_MAGIC   "xsimage"
#define RECORD_MAGIC  0x7072u

/* At the beginning of everything. */
struct format_mark {
	char magic[8];
	uint32_t byte_order;
	uint32_t version;
};

#define FORMAT_MARK(m)                                                              \
	(struct format_mark)                                                        \
	{                                                                           \
		{ (m)[0], (m)[1], (m)[2], (m)[3], (m)[4], (m)[5], (m)[6], (m)[7] }, \
			FORMAT_BYTE_ORDER, FORMAT_VERSION                           \
	}

/* How a committed turn left the journal. */
struct turn_slot {
	uint64_t serial;
	uint64_t generation;
	uint64_t next_id;
	uint64_t number; /* of the journal */
	uint64_t rewind; /* the journal ends here if everything was delivered */
	uint64_t end;	 /* or here, if not */
	uint64_t spare;
	uint64_t checksum;
};

struct turn_page {
	struct format_mark mark;
	uint8_t id[JOURNAL_ID_SIZE];
	uint8_t boot_id[FORMAT_BOOT_ID_SIZE];
	uint64_t checksum; /* of what stands before */
	/* Not part of the checksum, each in a cache line of its own; format_word(): */
	_Alignas(64) uint64_t commit;	 /* serial of the last turn that counts */
	_Alignas(64) uint64_t delivered; /* up to here all output has arrived */
	_Alignas(64) uint64_t is_broken; /* turns after the committed one could not be written */
	_Alignas(64) struct turn_slot slots[2]; /* of even and odd serials */
};

struct journal_head {
	struct format_mark mark;
	uint8_t id[JOURNAL_ID_SIZE];
	uint64_t number;
	uint64_t previous_end;	  /* where the journal before this one ends */
	uint64_t previous_serial; /* last turn in it */
	uint64_t checksum;
};

struct record_head {
	uint32_t magic;
	uint32_t len; /* of all, a multiple of 8 */
	uint64_t serial;
	uint64_t generation;
	uint64_t checksum; /* of the head before it, and the entries */
};

static_assert(sizeof(struct turn_slot) == 64, "a slot is a cache line");
static_assert(sizeof(struct journal_head) == 64, "records begin aligned");
static_assert(sizeof(struct record_head) == 32, "entries begin aligned");

static inline uint64_t format_record_checksum(const struct record_head *head, const char *entries)
{
	uint64_t seed = checksum(head, offsetof(struct record_head, checksum), 0);

	return checksum(entries, head->len - sizeof(*head), seed);
}

/** format_word() - a serial and its own checksum in one word, to be stored at once */
static inline uint64_t format_word(uint64_t serial)
{
	return serial << 16 |
	       (checksum_fold(serial ^ 0xa0761d6478bd642fu, 0x1d8e4e27c47d124fu) >> 48);
}

/** format_boot_id() - what tells this boot of the host from others; zeros if nothing does */
void format_boot_id(uint8_t *boot_id);

/**
 * format_check_mark() - may we read on?
 * @name: of the file, for the log
 *
 * Return: 0, -EBADMSG (not ours) or -ENOTSUP (of a newer version, or another machine): logged.
 */
int format_check_mark(const struct format_mark *mark, const char *magic, const char *name,
		      struct log *log);

#endif
