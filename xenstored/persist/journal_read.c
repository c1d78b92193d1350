/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what another process has written: nothing of it is believed before its checksum is right.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "persist/format.h"
#include "persist/journal_priv.h"
#include "persist/mapfile.h"

static int bad_turn(const struct journal *journal, const char *why)
{
	log_error(journal->log, "saved state: " JOURNAL_TURN_NAME ": %s", why);
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
	journal->is_incomplete = page->is_broken;
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
	int r = mapfile_open(&journal->turn, journal->dir_fd, JOURNAL_TURN_NAME);

	if (r < 0)
		return r == -EINVAL ? bad_turn(journal, "it is empty") : r;
	if (journal->turn.size < JOURNAL_TURN_SIZE)
		return bad_turn(journal, "it is too short");
	page = journal->page = (struct turn_page *)journal->turn.base;
	r = format_check_mark(&page->mark, TURN_MAGIC, JOURNAL_TURN_NAME, journal->log);
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
	log_error(journal->log, "saved state: %s, at byte %" PRIu64 ": %s",
		  journal_file_name(number), at, why);
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
	r = format_check_mark(&head->mark, JOURNAL_MAGIC, journal_file_name(number), journal->log);
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
		r = mapfile_open(&journal->files[i], dir_fd, journal_file_name(i));
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
	next = (const struct journal_head *)journal_current(journal)->base;
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

bool journal_is_incomplete(const struct journal *journal)
{
	return journal->is_incomplete;
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
		journal->is_incomplete = true;
		r = 0;
	}
	return r;
}
