/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The redo journal: one record per turn that changed something, stored to mapped files, so that it
 * costs no system call and survives the process from the store on that commits it.
 *
 *   turn	one page: the number of the last committed turn (one aligned word, the commit
 *		itself), up to which turn everything was delivered, and two slots of which the
 *		committed turn's says where the journal ends
 *   journal.0, journal.1	the records; even and odd journals. A new journal begins with each
 *		checkpoint, the one before is needed until the checkpoint is complete
 *
 * A record that only says what was sent in its turn is of no use once all of that has arrived: the
 * next record is written over it. So reading costs no room, however long it goes on.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct journal;
struct log;

#define JOURNAL_ID_SIZE 16

/* What the committed turn's slot says. */
struct journal_state {
	uint8_t id[JOURNAL_ID_SIZE]; /* of this state, random; the image has it too */
	uint64_t serial;	     /* of the last committed turn */
	uint64_t generation;	     /* of the store, after it */
	uint64_t next_id;	     /* for clients */
	uint64_t number;	     /* of the journal it is in */
	bool is_delivered;	     /* all that was to be sent has arrived */
};

/* One committed turn. */
struct journal_record {
	uint64_t serial;
	uint64_t generation;
	const char *entries; /* borrowed; 8-aligned */
	uint32_t len;
};

/**
 * journal_create() - begin an empty state in @dir_fd, whatever is there
 *
 * It is not found by journal_open() before journal_publish().
 * Return: 0, -ENOSPC, -ENOMEM, or what the system calls say.
 */
int journal_create(struct journal **out, int dir_fd, struct log *log);
/** journal_publish() - from now on this is the state; 0 or what rename() says */
int journal_publish(struct journal *journal);

/**
 * journal_open() - go on with the state in @dir_fd
 * @recover: go on even if the last turns could not be written for lack of room
 *
 * Return: 0; -ENOENT (there is none); -ESTALE (it is of an earlier boot of this host);
 * -EBADMSG (not ours, or damaged), -ENOTSUP (of a newer version), -ENODATA (out of date: see
 * @recover): these three have been logged; or what the system calls say.
 */
int journal_open(struct journal **out, int dir_fd, bool recover, struct log *log);
void journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free)

const struct journal_state *journal_state(const struct journal *journal);

typedef int journal_record_fn(void *ctx, const struct journal_record *record);
/**
 * journal_walk() - see all committed turns from journal @from on; before anything is written
 * @recover: stop without complaint at the first damaged record
 *
 * Return: 0, what @fn says, or -EBADMSG, which has been logged.
 */
int journal_walk(struct journal *journal, uint64_t from, bool recover, journal_record_fn *fn,
		 void *ctx);

/* Room behind the entries of the turn at hand that may be taken without asking. */
struct journal_gap {
	char *at; /* whoever writes an entry here moves it; 8-aligned */
	char *end;
};

/**
 * journal_gap() - between turns: where it is; borrowed for as long as the journal lives
 * @reserve: so much at the end of the file is not part of it
 */
struct journal_gap *journal_gap(struct journal *journal, uint32_t reserve);

/**
 * journal_room() - room for an entry of the turn at hand
 * @len: multiple of 8
 *
 * Return: where to write it, at once; NULL: there is no room, the turn cannot be committed.
 */
void *journal_room(struct journal *journal, uint32_t len);

/** journal_spare() - so many bytes of entries find room without asking the file system */
uint64_t journal_spare(struct journal *journal);
/** journal_reserve() - see to it that there are @spare of them; 0 or -ENOSPC. What journal_room()
 * has given may have moved. */
int journal_reserve(struct journal *journal, uint64_t spare);

/** journal_is_open() - has the turn at hand any entries? */
bool journal_is_open(const struct journal *journal);

/**
 * journal_commit() - the turn has happened
 * @lasting: it changed more than what journal_delivered() makes void
 *
 * Return: 0, or -ENOSPC: an entry found no room. From then on nothing is committed any more until
 * journal_retry(), and the state counts as out of date until journal_has_image().
 */
int journal_commit(struct journal *journal, uint64_t generation, uint64_t next_id, bool lasting);
/** journal_delivered() - all that the last turn had to send has arrived */
void journal_delivered(struct journal *journal);
/** journal_is_incomplete() - after journal_walk(): are turns missing, which @recover let pass? */
bool journal_is_incomplete(const struct journal *journal);
/** journal_serial() - of the last committed turn */
uint64_t journal_serial(const struct journal *journal);

/** journal_bytes() - size of the records since the last switch */
uint64_t journal_bytes(const struct journal *journal);
/** journal_retry() - commit turns again; the first entry has to say that some are missing */
void journal_retry(struct journal *journal);
/**
 * journal_switch() - begin the next journal; the one before the current is lost
 *
 * Between turns. Return: 0 or -ENOSPC.
 */
int journal_switch(struct journal *journal);
/** journal_trim() - then: give back what the one before held in reserve */
void journal_trim(struct journal *journal);
/**
 * journal_has_image() - an image is complete that begins with the current journal
 *
 * The one before is not needed any more, and all is well again.
 */
void journal_has_image(struct journal *journal);
/**
 * journal_give_back() - then: some of the room of the one before, or all; true: there is more
 *
 * The journal after this one has use for it: where one comes soon, finding pages and clearing them
 * costs more than all else that is done for it.
 */
bool journal_give_back(struct journal *journal, bool all);

#endif
