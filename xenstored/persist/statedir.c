/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing is written before all that is there has been read and found good. */
#include "persist/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "model/store.h"
#include "persist/checkpoint.h"
#include "persist/image.h"
#include "persist/inflight.h"
#include "persist/journal.h"
#include "persist/persist.h"
#include "persist/persist_priv.h"
#include "persist/replay.h"
#include "persist/saved.h"
#include "protocol/protocol.h"
#include "step.h"

#define ASIDE_MAX 100
/* A link to the folder of what was set aside by a recovery that has not come to its end. */
#define RECOVERING "recovering"

/* "turn" first: without it there is no state. */
static const char *const file_names[] = { "turn", "image", "journal.0", "journal.1",
					  STATEDIR_MARK };
#define N_FILES ((int)(sizeof(file_names) / sizeof(file_names[0])))

static int failed(const struct persist *persist, const char *what, int r)
{
	log_error(persist->log, "%s: %s: %s", persist->dir, what, strerror(-r));
	return r;
}

static int lock(struct persist *persist)
{
	if (mkdir(persist->dir, 0700) < 0 && errno != EEXIST)
		return failed(persist, "cannot be made", -errno);
	persist->dir_fd = open(persist->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (persist->dir_fd < 0)
		return failed(persist, "cannot be opened", -errno);
	persist->lock_fd = openat(persist->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (persist->lock_fd < 0)
		return failed(persist, "its lock cannot be opened", -errno);
	if (flock(persist->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return failed(persist, "cannot be locked", -errno);
	log_error(persist->log, "%s: another daemon keeps its state here", persist->dir);
	return -EEXIST;
}

static bool is_here(const struct persist *persist, const char *name)
{
	return faccessat(persist->dir_fd, name, F_OK, 0) == 0;
}

/* Moves the files of a state, those that are there, to a folder beside them. */
static int set_aside(const struct persist *persist, bool to_recover)
{
	char aside[16], to[64];
	int i;

	if (!is_here(persist, "turn") && !is_here(persist, "image"))
		return 0;
	for (i = 1; i < ASIDE_MAX; i++) {
		snprintf(aside, sizeof(aside), "aside.%d", i);
		if (mkdirat(persist->dir_fd, aside, 0700) == 0)
			break;
		if (errno != EEXIST)
			return failed(persist, aside, -errno);
	}
	if (i == ASIDE_MAX)
		return failed(persist, "too many folders aside.N", -EEXIST);
	if (to_recover && symlinkat(aside, persist->dir_fd, RECOVERING) < 0)
		return failed(persist, RECOVERING, -errno);
	for (int n = 0; n < N_FILES; n++) {
		snprintf(to, sizeof(to), "%s/%s", aside, file_names[n]);
		if (renameat(persist->dir_fd, file_names[n], persist->dir_fd, to) < 0 &&
		    errno != ENOENT)
			return failed(persist, to, -errno);
		STEP("set aside");
	}
	log_warning(persist->log, "%s: what was saved is in %s now", persist->dir, aside);
	return 0;
}

/* A recovery that was interrupted has lost nothing: what was there is put back. */
static int undo_recovery(const struct persist *persist)
{
	char aside[16], from[64];
	ssize_t len = readlinkat(persist->dir_fd, RECOVERING, aside, sizeof(aside) - 1);
	/* It was about to begin, or has come to its end. */
	bool is_whole = is_here(persist, file_names[0]);

	if (len < 0)
		return errno == ENOENT ? 0 : failed(persist, RECOVERING, -errno);
	aside[len] = '\0';
	for (int n = N_FILES - 1; n >= 0 && !is_whole; n--) {
		snprintf(from, sizeof(from), "%s/%s", aside, file_names[n]);
		if (renameat(persist->dir_fd, from, persist->dir_fd, file_names[n]) < 0 &&
		    errno != ENOENT)
			return failed(persist, from, -errno);
		STEP("put back");
	}
	if (!is_whole)
		log_info(persist->log, "%s: a recovery was interrupted: what was saved is back",
			 persist->dir);
	/* Empty, unless it is to stay. */
	(void)unlinkat(persist->dir_fd, aside, AT_REMOVEDIR);
	return unlinkat(persist->dir_fd, RECOVERING, 0) < 0 ? failed(persist, RECOVERING, -errno)
							    : 0;
}

void statedir_recovered(struct persist *persist)
{
	int r = journal_publish(persist->journal);

	STEP("recovered");
	if (r == 0 && unlinkat(persist->dir_fd, RECOVERING, 0) < 0)
		r = -errno;
	if (r < 0)
		failed(persist, "what was recovered is lost with this process", r);
}

/* The store as it is becomes the first image; only then is there a state. */
static int create(struct persist *persist)
{
	CLEANUP(checkpoint_free) struct checkpoint *checkpoint = NULL;
	int r = journal_create(&persist->journal, persist->dir_fd, persist->log);

	if (r == 0)
		r = checkpoint_new(&checkpoint, persist);
	if (r == 0)
		do
			r = checkpoint_step(checkpoint);
		while (r > 0);
	if (r == 0 && !persist->is_copy)
		r = journal_publish(persist->journal);
	if (r < 0)
		return failed(persist, "the state cannot be kept", r);
	persist->image_number = journal_state(persist->journal)->number;
	persist->image_bytes = checkpoint_bytes(checkpoint);
	if (!persist->next_id)
		persist->next_id = journal_state(persist->journal)->next_id;
	return 0;
}

static int check_image(const struct persist *persist, const struct image *image)
{
	const struct journal_state *state;

	if (!persist->journal)
		return 0;
	state = journal_state(persist->journal);
	if (memcmp(image_info(image)->id, state->id, sizeof(state->id)) == 0)
		return 0;
	log_error(persist->log, "saved state: image and journal do not belong together");
	return -EBADMSG;
}

static int copy_domains(struct persist *persist)
{
	for (uint32_t i = 0; i < persist->saved->n_domains; i++) {
		const struct entry_domain *domain = saved_get_domain(persist->saved, i);

		if (!domain)
			continue;
		persist->domains[i] = malloc(sizeof(*domain));
		if (!persist->domains[i])
			return -ENOMEM;
		*persist->domains[i] = *domain;
	}
	return 0;
}

static uint64_t highest_client(const struct saved *saved)
{
	const struct saved_client *client;
	uint64_t highest = 0;

	TAILQ_FOREACH (client, &saved->clients, link)
		if (client->id > highest)
			highest = client->id;
	return highest;
}

static int load(struct persist *persist, bool recover)
{
	CLEANUP(image_free) struct image *image = NULL;
	int r = image_open(&image, persist->dir, persist->log);

	if (r == -ENOENT) {
		log_error(persist->log, "saved state: image is missing");
		r = -EBADMSG;
	}
	if (r == 0)
		r = check_image(persist, image);
	if (r == 0)
		r = saved_new(&persist->saved, &persist->protocol->store->key);
	if (r == 0)
		r = replay(persist->protocol, image, persist->journal, recover, persist->saved,
			   persist->log);
	if (r == 0)
		r = copy_domains(persist);
	if (r < 0)
		return r;
	persist->next_id = persist->journal ? journal_state(persist->journal)->next_id
					    : highest_client(persist->saved) + 1;
	persist->saved_next_id = persist->next_id;
	persist->image_number = image_info(image)->number;
	persist->image_bytes = image_info(image)->n_bytes;
	return 0;
}

/* What could be read becomes a new state, once clients and domains are in it, too; the files stay
 * for whoever wants to look at them. */
static int copy(struct persist *persist)
{
	int r;

	journal_free(persist->journal);
	persist->journal = NULL;
	persist->is_copy = true;
	r = set_aside(persist, true);
	if (r == 0)
		r = create(persist);
	if (r == 0 && persist->inflight)
		inflight_restart(persist->inflight, journal_serial(persist->journal));
	return r;
}

static int refuse(const struct persist *persist, int r)
{
	log_error(
		persist->log,
		"%s: the saved state is not used. Start with --recover to use what is left of it, "
		"or with --fresh to set it aside and begin with an empty store",
		persist->dir);
	return r;
}

/* Leaves no journal if what is there is of no use, but the image is to be recovered. */
static int open_journal(struct persist *persist, const struct persist_options *options)
{
	int r = journal_open(&persist->journal, persist->dir_fd, options->recover, persist->log);

	if (r == -ESTALE) {
		log_info(persist->log, "%s: what is saved is from before this host was booted",
			 persist->dir);
		return -ENOENT;
	}
	if (r != -EBADMSG || !options->recover)
		return r;
	log_warning(persist->log, "%s: what came after the last image is lost", persist->dir);
	return 0;
}

static int open_inflight(struct persist *persist)
{
	uint64_t serial = persist->journal ? journal_serial(persist->journal) : 0;
	int r = inflight_new(&persist->inflight, persist->dir_fd, serial, persist->saved);

	return r < 0 ? failed(persist, "sockets cannot be kept", r) : 0;
}

/* Returns whether another process has taken over what is here, so that it is out of date. */
static bool is_handed_over(const struct persist *persist, bool is_untaken)
{
	if (!is_here(persist, STATEDIR_MARK))
		return false;
	if (is_untaken) {
		log_info(persist->log, "%s: a live update was interrupted before its end",
			 persist->dir);
		statedir_hand_over(persist, false);
		return false;
	}
	log_warning(persist->log,
		    "%s: another daemon has taken over the store: what is saved is out of date",
		    persist->dir);
	return true;
}

int statedir_open(struct persist *persist, const struct persist_options *options)
{
	int r = lock(persist);
	bool is_new;

	if (r == 0)
		r = undo_recovery(persist);
	if (r == 0 && is_handed_over(persist, options->is_untaken))
		r = set_aside(persist, false);
	if (r == 0 && options->fresh)
		r = set_aside(persist, false);
	if (r < 0)
		return r;
	r = open_journal(persist, options);
	is_new = r == -ENOENT;
	if (is_new)
		r = create(persist);
	else if (r == 0)
		r = load(persist, options->recover);
	if (r == 0 && options->sockets)
		r = open_inflight(persist);
	if (r == 0 && !is_new && (!persist->journal || journal_is_incomplete(persist->journal)))
		r = copy(persist);
	if (!is_new && (r == -EBADMSG || r == -ENOTSUP || r == -ENODATA))
		return refuse(persist, r);
	return r < 0 ? failed(persist, "no state to go on with", r) : 0;
}
