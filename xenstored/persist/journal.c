/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order is everything here: a record, then the slot that tells where it ends, then the word that
 * makes the slot the valid one. Each of these is complete before the next is begun (release
 * stores), so whoever opens the files after a kill sees the turn whole or not at all; checksums
 * only tell damage from truth.
 */
#include "persist/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "log.h"
#include "persist/format.h"
#include "persist/journal_priv.h"
#include "persist/mapfile.h"
#include "step.h"

#define TURN_NEW_NAME "turn.new"
/* Room that a journal begins with, so that one can be begun when there is none; and grows, or gives
 * back, at a time: all clients wait while the kernel finds and clears pages. */
#define JOURNAL_SIZE (320 * 1024)
#define JOURNAL_STEP (64 * 1024)

static void write_head(struct mapfile *file, const struct journal_state *state,
		       uint64_t previous_end)
{
	struct journal_head *head = (struct journal_head *)file->base;

	*head = (struct journal_head){
		.mark = FORMAT_MARK(JOURNAL_MAGIC),
		.number = state->number,
		.previous_end = previous_end,
		.previous_serial = state->serial,
	};
	memcpy(head->id, state->id, sizeof(head->id));
	head->checksum = checksum(head, offsetof(struct journal_head, checksum), 0);
}

static void new_page(struct journal *journal)
{
	struct turn_page *page = (struct turn_page *)journal->turn.base;

	memset(page, 0, JOURNAL_TURN_SIZE);
	page->mark = FORMAT_MARK(TURN_MAGIC);
	memcpy(page->id, journal->state.id, sizeof(page->id));
	format_boot_id(page->boot_id);
	page->checksum = checksum(page, offsetof(struct turn_page, checksum), 0);
	page->commit = page->delivered = format_word(0);
	journal->page = page;
}

/* Where the journal ends if the turn in this slot is the last one. */
static void fill_slot(struct journal *journal)
{
	const struct journal_state *state = &journal->state;
	struct turn_slot *slot = &journal->page->slots[state->serial & 1];

	*slot = (struct turn_slot){
		.serial = state->serial,
		.generation = state->generation,
		.next_id = state->next_id,
		.number = state->number,
		.rewind = journal->rewind,
		.end = journal->next,
	};
	slot->checksum = checksum(slot, offsetof(struct turn_slot, checksum), 0);
}

int journal_create(struct journal **out, int dir_fd, struct log *log)
{
	CLEANUP(journal_free) struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	journal->log = log;
	journal->dir_fd = dir_fd;
	mapfile_init(&journal->turn);
	mapfile_init(&journal->files[0]);
	mapfile_init(&journal->files[1]);
	if (getrandom(journal->state.id, JOURNAL_ID_SIZE, 0) != JOURNAL_ID_SIZE)
		return -errno;
	journal->state.number = 1;
	journal->state.next_id = 1;
	journal->state.is_delivered = true;
	journal->next = journal->rewind = sizeof(struct journal_head);
	for (uint64_t i = 0; i < 2; i++) {
		r = mapfile_create(&journal->files[i], dir_fd, journal_file_name(i), JOURNAL_SIZE);
		if (r < 0)
			return r;
	}
	write_head(journal_current(journal), &journal->state, 0);
	r = mapfile_create(&journal->turn, dir_fd, TURN_NEW_NAME, JOURNAL_TURN_SIZE);
	if (r < 0)
		return r;
	new_page(journal);
	fill_slot(journal);
	*out = STEAL(journal);
	return 0;
}

int journal_publish(struct journal *journal)
{
	if (renameat(journal->dir_fd, TURN_NEW_NAME, journal->dir_fd, JOURNAL_TURN_NAME) < 0)
		return -errno;
	return 0;
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	mapfile_deinit(&journal->turn);
	mapfile_deinit(&journal->files[0]);
	mapfile_deinit(&journal->files[1]);
	free(journal);
}

const struct journal_state *journal_state(const struct journal *journal)
{
	return &journal->state;
}

uint64_t journal_serial(const struct journal *journal)
{
	return journal->state.serial;
}

uint64_t journal_bytes(const struct journal *journal)
{
	return journal->next - sizeof(struct journal_head);
}

/* Where the entries of the record at hand end. */
static uint64_t end_of_all(struct journal *journal)
{
	return (uint64_t)(journal->gap.at - journal_current(journal)->base);
}

/* After the mapping, or what may be used of it, has changed. */
static void set_gap(struct journal *journal, uint64_t at)
{
	const struct mapfile *file = journal_current(journal);

	journal->first = file->base + journal->next + sizeof(struct record_head);
	journal->gap.at = journal->gap.end = file->base + at;
	if (at + journal->reserve < file->size && !journal->has_failed)
		journal->gap.end = file->base + file->size - journal->reserve;
}

/* There are no entries yet. */
static void begin_record(struct journal *journal)
{
	set_gap(journal, journal->next + sizeof(struct record_head));
}

static int grow(struct journal *journal, uint64_t needed)
{
	struct mapfile *file = journal_current(journal);
	uint64_t at = end_of_all(journal);
	int r = mapfile_grow(file, (needed + JOURNAL_STEP) / 4096 * 4096);

	set_gap(journal, at);
	return r;
}

void *journal_room(struct journal *journal, uint32_t len)
{
	struct mapfile *file = journal_current(journal);
	uint64_t at = end_of_all(journal);
	char *room;

	assert(len % 8 == 0);
	if (journal->has_failed)
		return NULL;
	if (at + len > file->size && grow(journal, at + len) < 0) {
		journal->has_failed = true;
		set_gap(journal, at);
		return NULL;
	}
	room = file->base + at;
	set_gap(journal, at + len);
	return room;
}

struct journal_gap *journal_gap(struct journal *journal, uint32_t reserve)
{
	journal->reserve = reserve;
	begin_record(journal);
	return &journal->gap;
}

bool journal_is_open(const struct journal *journal)
{
	return journal->gap.at != journal->first;
}

static void seal_record(struct journal *journal)
{
	char *base = journal_current(journal)->base + journal->next;
	struct record_head *head = (struct record_head *)base;

	*head = (struct record_head){
		.magic = RECORD_MAGIC,
		.len = (uint32_t)(journal->gap.at - base),
		.serial = journal->state.serial,
		.generation = journal->state.generation,
	};
	head->checksum = format_record_checksum(head, base + sizeof(*head));
}

int journal_commit(struct journal *journal, uint64_t generation, uint64_t next_id, bool lasting)
{
	uint64_t end;

	if (journal->has_failed) {
		journal->page->is_broken = 1;
		begin_record(journal);
		return -ENOSPC;
	}
	if (!journal_is_open(journal))
		return 0;
	journal->state.serial++;
	journal->state.generation = generation;
	journal->state.next_id = next_id;
	STEP("entries written");
	seal_record(journal);
	STEP("record written");
	end = end_of_all(journal);
	journal->rewind = lasting ? end : journal->next;
	journal->next = end;
	begin_record(journal);
	fill_slot(journal);
	STEP("slot written");
	__atomic_store_n(&journal->page->commit, format_word(journal->state.serial),
			 __ATOMIC_RELEASE);
	STEP("committed");
	return 0;
}

void journal_delivered(struct journal *journal)
{
	__atomic_store_n(&journal->page->delivered, format_word(journal->state.serial),
			 __ATOMIC_RELEASE);
	/* The next record may have begun already, behind this one. */
	if (journal->next != journal->rewind && !journal_is_open(journal)) {
		journal->next = journal->rewind;
		begin_record(journal);
	}
	STEP("delivered");
}

uint64_t journal_spare(struct journal *journal)
{
	return journal_current(journal)->size - end_of_all(journal);
}

int journal_reserve(struct journal *journal, uint64_t spare)
{
	return journal_spare(journal) >= spare ? 0 : grow(journal, end_of_all(journal) + spare);
}

int journal_switch(struct journal *journal)
{
	uint64_t number = journal->state.number + 1;
	struct mapfile *file = &journal->files[number & 1];
	int r;

	assert(!journal_is_open(journal));
	if (file->base)
		r = mapfile_grow(file, JOURNAL_SIZE);
	else
		r = mapfile_create(file, journal->dir_fd, journal_file_name(number), JOURNAL_SIZE);
	if (r < 0)
		return r;
	journal->state.number = number;
	write_head(file, &journal->state, journal->next);
	journal->next = journal->rewind = sizeof(struct journal_head);
	begin_record(journal);
	STEP("journal switched");
	return 0;
}

void journal_retry(struct journal *journal)
{
	journal->has_failed = false;
	begin_record(journal);
}

static struct mapfile *journal_other(struct journal *journal)
{
	return &journal->files[(journal->state.number + 1) & 1];
}

void journal_has_image(struct journal *journal)
{
	/* If there is no room now, there may be some when it is needed. */
	(void)!mapfile_grow(journal_other(journal), JOURNAL_SIZE);
	journal->page->is_broken = 0;
}

void journal_trim(struct journal *journal)
{
	const struct journal_head *head =
		(const struct journal_head *)journal_current(journal)->base;

	mapfile_shrink(journal_other(journal), (head->previous_end + 4095) / 4096 * 4096);
}

bool journal_give_back(struct journal *journal, bool all)
{
	struct mapfile *file = journal_other(journal);
	size_t size = file->size;

	if (size <= JOURNAL_SIZE)
		return false;
	mapfile_shrink(file, all || size < JOURNAL_SIZE + JOURNAL_STEP ? JOURNAL_SIZE
								       : size - JOURNAL_STEP);
	/* If that cannot be had, neither can more. */
	return file->size > JOURNAL_SIZE && file->size < size;
}
