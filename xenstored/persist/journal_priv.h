/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What journal.c and journal_read.c share. */
#ifndef JOURNAL_PRIV_H
#define JOURNAL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "persist/format.h"
#include "persist/journal.h"
#include "persist/mapfile.h"

#define JOURNAL_TURN_NAME "turn"
#define JOURNAL_TURN_SIZE 4096

struct journal {
	struct journal_gap gap; /* behind the entries of the record at hand, which begins at next */
	char *first;		/* in the mapping: where its first entry is, or will be */
	uint32_t reserve;	/* of the room there is, not in the gap */
	struct log *log;	/* borrowed: outlives us */
	int dir_fd;		/* borrowed, likewise */
	struct mapfile turn;
	struct mapfile files[2];
	struct turn_page *page; /* in turn */
	struct journal_state state;
	uint64_t next;	 /* where the next record goes */
	uint64_t rewind; /* where it goes once all of the last turn has arrived */
	bool has_failed;
	bool is_incomplete; /* turns are missing, or could not be read */
};

static inline const char *journal_file_name(uint64_t number)
{
	return number & 1 ? "journal.1" : "journal.0";
}

static inline struct mapfile *journal_current(struct journal *journal)
{
	return &journal->files[journal->state.number & 1];
}

#endif
