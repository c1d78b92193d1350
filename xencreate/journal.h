/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a batch is about to make and how far it has come, in a file that outlives us: a text of one
 * record per line, so that a line that was only half written is recognised. Domains are known by
 * their UUID, which is in the journal before they exist; their number is noted before the store
 * hears of them.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "job.h"
#include "pattern.h"
#include "place.h"

#define JOURNAL_FOLDER "/run/xencreate"
#define JOURNAL_SUFFIX ".journal"

struct batch_options;
struct guestcfg;
struct journal;
struct plan;

enum journal_progress {
	JOURNAL_PLANNED, /* not begun, or killed between its creation and the note of it */
	JOURNAL_BEGUN,	 /* it had a number */
	JOURNAL_DONE,
	JOURNAL_UNDONE, /* it failed, and nothing of it is left */
};

struct journal_entry {
	uint32_t config; /* index */
	uint32_t cap;
	uint32_t domid; /* 0: not known */
	uint8_t uuid[16];
	char name[PATTERN_NAME_MAX];
	enum journal_progress progress;
};

/* What a journal says. */
struct journal_story {
	enum job_wait wait;
	bool paused;
	struct place place;
	bool whole;	     /* all of the plan was written: before that, nothing was begun */
	char *ready_node;    /* owned */
	char **config_paths; /* owned */
	size_t n_configs;
	struct journal_entry *entries; /* owned */
	size_t n_entries;
};

/**
 * journal_new() - begin a journal
 * @out:    owned by the caller; locked as long as it is open
 * @folder: made if it is not there
 *
 * Return: 0, -ENOMEM, or what making the folder or the file says.
 */
int journal_new(struct journal **out, const char *folder, const struct plan *plan,
		struct guestcfg *const *configs, size_t n_configs,
		const struct batch_options *options);

/**
 * journal_open() - take a journal that somebody left, to go on with it
 * Return: 0, -EBUSY (who writes it is alive), -ENOMEM, or what opening it says.
 */
int journal_open(struct journal **out, const char *path);

/** journal_begun(), journal_done(), journal_undone() - domain @entry (index in the journal) has
 * come so far. What has begun is only written with the next that is done or was undone, or by
 * journal_flush(): that has to come before the store hears of a domain that has begun (until then
 * it is found by its UUID), and before the journal is left to others. A failure to write is kept
 * and comes out of journal_error(). NULL for @journal: nothing is noted.
 */
void journal_begun(struct journal *journal, size_t entry, uint32_t domid);
void journal_done(struct journal *journal, size_t entry);
void journal_undone(struct journal *journal, size_t entry);
void journal_flush(struct journal *journal);
/** journal_macs() - note the addresses that the plan's domains were given: nobody else takes them
 * as long as the batch lives. */
void journal_macs(struct journal *journal, const struct plan *plan);
/** journal_path() - the file; borrowed from the journal. */
const char *journal_path(const struct journal *journal);
/** journal_error() - 0, or the first error in writing. */
int journal_error(const struct journal *journal);

/** journal_remove() - there is nothing left to go on with: the file goes. */
void journal_remove(struct journal *journal);
/** journal_free() - close it; the file stays unless it was removed. */
void journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free)

/**
 * journal_read() - understand a journal's text
 * @story: overwritten; journal_story_deinit()
 *
 * A last line without its end is left out, and so are addresses. Return: 0, -ENOMEM, -EINVAL (this
 * is no journal), -ENODATA (its batch was killed before anything was begun).
 */
int journal_read(struct journal_story *story, const char *text);
/** journal_load() - the same from the file of an open journal; half a line at its end is cut off,
 * so that more can follow. */
int journal_load(struct journal_story *story, const struct journal *journal);
void journal_story_deinit(struct journal_story *story);

/**
 * journal_list() - the journals in @folder
 * @paths: out: @n of them, owned by the caller, like the array
 *
 * Return: 0 (also if there is no such folder), -ENOMEM, or what reading the folder says.
 */
int journal_list(char ***paths, size_t *n, const char *folder);

#endif
