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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "log.h"
#include "persist/format.h"
#include "persist/mapfile.h"
#include "step.h"

#define TURN_NAME     "turn"
#define TURN_NEW_NAME "turn.new"
#define TURN_SIZE     4096
/* Room that a journal begins with, so that one can be begun when there is none; and grows by. */
#define JOURNAL_SIZE (320 * 1024)
#define JOURNAL_STEP (256 * 1024)

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
};

static const char *file_name(uint64_t number)
{
	return number & 1 ? "journal.1" : "journal.0";
}

static struct mapfile *current(struct journal *journal)
{
	return &journal->files[journal->state.number & 1];
}

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

	memset(page, 0, TURN_SIZE);
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
		r = mapfile_create(&journal->files[i], dir_fd, file_name(i), JOURNAL_SIZE);
		if (r < 0)
			return r;
	}
	write_head(current(journal), &journal->state, 0);
	r = mapfile_create(&journal->turn, dir_fd, TURN_NEW_NAME, TURN_SIZE);
	if (r < 0)
		return r;
	new_page(journal);
	fill_slot(journal);
	*out = STEAL(journal);
	return 0;
}

int journal_publish(struct journal *journal)
{
	if (renameat(journal->dir_fd, TURN_NEW_NAME, journal->dir_fd, TURN_NAME) < 0)
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

static int bad_turn(const struct journal *journal, const char *why)
{
	log_error(journal->log, "saved state: " TURN_NAME ": %s", why);
	return -EBADMSG;
}

static int read_slot(struct journal *journal, bool recover)
{
	const struct turn_page *page = journal->page;
	uint64_t serial = page->commit >> 16;
	uint64_t delivered = page->delivered >> 16;
	const struct turn_slot *slot = &page->slots[serial & 1];
	struct journal_state *state = &journal->state;

	if (page->commit != format_word(serial) || page->delivered != format_word(delivered) ||
	    delivered > serial)
		return bad_turn(journal, "it does not say which turn was the last");
	if (slot->checksum != checksum(slot, offsetof(struct turn_slot, checksum), 0) ||
	    slot->serial != serial || slot->rewind < sizeof(struct journal_head) ||
	    slot->end < slot->rewind)
		return bad_turn(journal, "it does not say where the journal ends");
	if (page->is_broken && !recover) {
		log_error(journal->log, "saved state: it is out of date, there was no room to keep "
					"it up (--recover goes on with it)");
		return -ENODATA;
	}
	memcpy(state->id, page->id, sizeof(state->id));
	state->serial = serial;
	state->generation = slot->generation;
	state->next_id = slot->next_id;
	state->number = slot->number;
	state->is_delivered = delivered == serial;
	journal->next = journal->rewind = state->is_delivered ? slot->rewind : slot->end;
	return 0;
}

static int open_turn(struct journal *journal, bool recover)
{
	uint8_t boot_id[FORMAT_BOOT_ID_SIZE];
	struct turn_page *page;
	int r = mapfile_open(&journal->turn, journal->dir_fd, TURN_NAME);

	if (r < 0)
		return r == -EINVAL ? bad_turn(journal, "it is empty") : r;
	if (journal->turn.size < TURN_SIZE)
		return bad_turn(journal, "it is too short");
	page = journal->page = (struct turn_page *)journal->turn.base;
	r = format_check_mark(&page->mark, TURN_MAGIC, TURN_NAME, journal->log);
	if (r < 0)
		return r;
	if (page->checksum != checksum(page, offsetof(struct turn_page, checksum), 0))
		return bad_turn(journal, "checksum is wrong");
	format_boot_id(boot_id);
	if (memcmp(page->boot_id, boot_id, sizeof(boot_id)) != 0)
		return -ESTALE;
	return read_slot(journal, recover);
}

static int bad_journal(const struct journal *journal, uint64_t number, uint64_t at, const char *why)
{
	log_error(journal->log, "saved state: %s, at byte %" PRIu64 ": %s", file_name(number), at,
		  why);
	return -EBADMSG;
}

/* A journal that is needed. */
static int check_head(struct journal *journal, uint64_t number)
{
	const struct mapfile *file = &journal->files[number & 1];
	const struct journal_head *head = (const struct journal_head *)file->base;
	int r;

	if (file->size < sizeof(*head))
		return bad_journal(journal, number, 0, "it is too short");
	r = format_check_mark(&head->mark, JOURNAL_MAGIC, file_name(number), journal->log);
	if (r < 0)
		return r;
	if (head->checksum != checksum(head, offsetof(struct journal_head, checksum), 0))
		return bad_journal(journal, number, 0, "checksum is wrong");
	if (memcmp(head->id, journal->state.id, sizeof(head->id)) != 0 || head->number != number)
		return bad_journal(journal, number, 0, "it does not belong to this state");
	return 0;
}

int journal_open(struct journal **out, int dir_fd, bool recover, struct log *log)
{
	CLEANUP(journal_free) struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	journal->log = log;
	journal->dir_fd = dir_fd;
	mapfile_init(&journal->files[0]);
	mapfile_init(&journal->files[1]);
	r = open_turn(journal, recover);
	for (uint64_t i = 0; r == 0 && i < 2; i++) {
		r = mapfile_open(&journal->files[i], dir_fd, file_name(i));
		if (r == -ENOENT || r == -EINVAL)
			r = bad_journal(journal, i, 0, "it is missing");
	}
	if (r == 0)
		r = check_head(journal, journal->state.number);
	if (r < 0)
		return r;
	*out = STEAL(journal);
	return 0;
}

/* Where the records of journal @number end. */
static int find_end(struct journal *journal, uint64_t number, uint64_t *end)
{
	const struct journal_head *next;

	*end = journal->next;
	/* Only now: a journal that an image has replaced may have been cut. */
	if (number == journal->state.number)
		return *end <= journal->files[number & 1].size
			       ? 0
			       : bad_journal(journal, number, *end, "it ends too early");
	next = (const struct journal_head *)current(journal)->base;
	*end = next->previous_end;
	if (*end > journal->files[number & 1].size)
		return bad_journal(journal, number, *end, "it ends too early");
	return check_head(journal, number);
}

static int walk_one(struct journal *journal, uint64_t number, uint64_t *serial,
		    journal_record_fn *fn, void *ctx)
{
	const char *base = journal->files[number & 1].base;
	uint64_t at = sizeof(struct journal_head), end;
	int r = find_end(journal, number, &end);

	while (r == 0 && at < end) {
		struct record_head head;
		struct journal_record record;

		if (end - at < sizeof(head))
			return bad_journal(journal, number, at, "a record is cut off");
		memcpy(&head, base + at, sizeof(head));
		if (head.magic != RECORD_MAGIC || head.len < sizeof(head) || head.len % 8 ||
		    head.len > end - at)
			return bad_journal(journal, number, at, "there is no record");
		if (head.checksum != format_record_checksum(&head, base + at + sizeof(head)))
			return bad_journal(journal, number, at, "checksum is wrong");
		if (head.serial <= *serial || head.serial > journal->state.serial)
			return bad_journal(journal, number, at, "records are not in order");
		*serial = head.serial;
		record = (struct journal_record){
			.serial = head.serial,
			.generation = head.generation,
			.entries = base + at + sizeof(head),
			.len = head.len - (uint32_t)sizeof(head),
		};
		r = fn(ctx, &record);
		at += head.len;
	}
	return r;
}

/* The image is complete, and nothing has been committed since the journal that began with it. */
static int adopt_next(struct journal *journal)
{
	int r = check_head(journal, journal->state.number + 1);

	if (r < 0)
		return r;
	journal->state.number++;
	journal->next = journal->rewind = sizeof(struct journal_head);
	return 0;
}

int journal_walk(struct journal *journal, uint64_t from, bool recover, journal_record_fn *fn,
		 void *ctx)
{
	uint64_t number = journal->state.number, serial = 0;
	int r = 0;

	if (from == number + 1)
		return adopt_next(journal);
	if (from > number || from + 1 < number) {
		log_error(journal->log,
			  "saved state: journal %" PRIu64 " is needed, but %" PRIu64 " is there",
			  from, number);
		return -EBADMSG;
	}
	for (; r == 0 && from <= number; from++)
		r = walk_one(journal, from, &serial, fn, ctx);
	if (r == -EBADMSG && recover) {
		log_warning(journal->log, "saved state: what follows turn %" PRIu64 " is lost",
			    serial);
		r = 0;
	}
	return r;
}

/* Where the entries of the record at hand end. */
static uint64_t end_of_all(struct journal *journal)
{
	return (uint64_t)(journal->gap.at - current(journal)->base);
}

/* After the mapping, or what may be used of it, has changed. */
static void set_gap(struct journal *journal, uint64_t at)
{
	const struct mapfile *file = current(journal);

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

/* By little at a time: while the kernel finds pages, all clients wait. */
static int grow(struct journal *journal, uint64_t needed)
{
	struct mapfile *file = current(journal);
	uint64_t at = end_of_all(journal);
	int r = mapfile_grow(file, (needed + JOURNAL_STEP) / 4096 * 4096);

	set_gap(journal, at);
	return r;
}

void *journal_room(struct journal *journal, uint32_t len)
{
	struct mapfile *file = current(journal);
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
	char *base = current(journal)->base + journal->next;
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
	return current(journal)->size - end_of_all(journal);
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
		r = mapfile_create(file, journal->dir_fd, file_name(number), JOURNAL_SIZE);
	if (r < 0)
		return r;
	journal->state.number = number;
	write_head(file, &journal->state, journal->next);
	/* What the last one held in reserve may be what the image needs. */
	mapfile_shrink(&journal->files[(number + 1) & 1], (journal->next + 4095) / 4096 * 4096);
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

void journal_has_image(struct journal *journal)
{
	struct mapfile *file = &journal->files[(journal->state.number + 1) & 1];

	mapfile_shrink(file, JOURNAL_SIZE);
	/* If there is no room now, there may be some when it is needed. */
	(void)!mapfile_grow(file, JOURNAL_SIZE);
	journal->page->is_broken = 0;
}
