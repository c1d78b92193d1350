/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One journal after the other: read it, remove what is half made by destroy_run(), and for a
 * resumption hand the rest to batch_run() as a plan of its own that goes on in the same journal. A
 * half-made domain is not continued but made again, with its name and UUID: that is as quick, and
 * needs no knowledge of how far it was.
 */
#include "recover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "claims.h"
#include "destroy.h"
#include "guestcfg.h"
#include "handles.h"
#include "image.h"
#include "journal.h"
#include "log.h"
#include "names.h"
#include "plan.h"
#include "pool/abandon.h"
#include "remnant.h"

void recover_leave(struct journal *journal, size_t n_left, bool incomplete, struct log *log)
{
	int error;

	if (!journal)
		return;
	journal_flush(journal);
	error = journal_error(journal);
	if (error)
		log_warning(log, "%s is not whole: %s", journal_path(journal), strerror(-error));
	if (n_left)
		log_warning(log, "something is left: xencreate --rollback removes it");
	else if (error && incomplete)
		log_warning(log, "when it can be written again, xencreate --resume makes the rest");
	else
		journal_remove(journal);
}

struct recovery {
	const char *path;
	struct journal *journal;
	struct journal_story story;
	struct batch_options options;
	bool resume, all;
	struct log *log;
};

static bool to_remove(const struct recovery *recovery, const struct journal_entry *entry)
{
	switch (entry->progress) {
	case JOURNAL_DONE:
		return recovery->all;
	case JOURNAL_UNDONE:
		return false;
	default:
		return true;
	}
}

static bool to_make(const struct journal_entry *entry)
{
	return entry->progress == JOURNAL_PLANNED || entry->progress == JOURNAL_BEGUN;
}

static enum batch_outcome remove_some(struct recovery *recovery)
{
	CLEANUP(handles_free) struct handles *host = NULL;
	CLEANUP(free)
	struct names_entry *known = calloc(recovery->story.n_entries + 1, sizeof(*known));
	struct destroy_request request = { .known = known };
	int r;

	if (!known)
		return BATCH_REFUSED;
	for (size_t i = 0; i < recovery->story.n_entries; i++) {
		struct journal_entry *entry = &recovery->story.entries[i];
		struct names_entry *name = &known[request.n_known];

		if (!to_remove(recovery, entry))
			continue;
		name->domid = entry->domid;
		name->name = entry->name;
		memcpy(name->uuid, entry->uuid, sizeof(name->uuid));
		request.n_known++;
	}
	r = remnant_await(known, request.n_known);
	if (r < 0)
		log_warning(recovery->log, "%s: an xl of it is still at work: %s", recovery->path,
			    strerror(-r));
	r = handles_new(&host, recovery->log);
	if (r < 0) {
		log_error(recovery->log, "no way to the hypervisor: %s", strerror(-r));
		return BATCH_REFUSED;
	}
	return destroy_run(host, &request, &recovery->options);
}

static int make_plan(struct plan **plan, const struct recovery *recovery,
		     struct guestcfg *const *configs)
{
	const struct journal_story *story = &recovery->story;
	CLEANUP(free) struct plan_domain *domains = calloc(story->n_entries + 1, sizeof(*domains));
	size_t n = 0;

	if (!domains)
		return -ENOMEM;
	for (size_t i = 0; i < story->n_entries; i++) {
		const struct journal_entry *entry = &story->entries[i];
		struct plan_domain *domain = &domains[n];

		if (!to_make(entry))
			continue;
		domain->config = configs[entry->config];
		domain->config_index = entry->config;
		domain->cap = entry->cap;
		domain->entry = (uint32_t)i;
		memcpy(domain->uuid, entry->uuid, sizeof(domain->uuid));
		plan_uuid_text(domain->uuid_text, domain->uuid);
		strcpy(domain->name, entry->name);
		n++;
	}
	return plan_restore(plan, domains, n, recovery->log);
}

static enum batch_outcome make_planned(struct recovery *recovery, struct guestcfg **configs)
{
	CLEANUP(handles_free) struct handles *host = NULL;
	CLEANUP(image_set_free) struct image_set *images = NULL;
	CLEANUP(plan_free) struct plan *plan = NULL;
	int r = make_plan(&plan, recovery, configs);

	if (!r)
		r = claims_check(plan, JOURNAL_FOLDER, recovery->path, recovery->log);
	if (!r)
		r = handles_new(&host, recovery->log);
	if (!r)
		r = image_set_load(&images, configs, recovery->story.n_configs, host->xch,
				   recovery->log);
	if (r < 0) {
		log_error(recovery->log, "%s: %s", recovery->path, strerror(-r));
		return BATCH_REFUSED;
	}
	return batch_run(host, plan, configs, &recovery->options);
}

static enum batch_outcome make_rest(struct recovery *recovery)
{
	size_t n = recovery->story.n_configs;
	CLEANUP(free) struct guestcfg **configs = calloc(n + 1, sizeof(*configs));
	enum batch_outcome outcome = BATCH_REFUSED;
	int r = configs ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < n; i++)
		r = guestcfg_read(&configs[i], recovery->story.config_paths[i], true,
				  recovery->log);
	recovery->options.wait = recovery->story.wait;
	recovery->options.paused = recovery->story.paused;
	recovery->options.place = recovery->story.place;
	recovery->options.ready_node = recovery->story.ready_node;
	recovery->options.journal = recovery->journal;
	if (!r)
		outcome = make_planned(recovery, configs);
	for (size_t i = 0; configs && i < n; i++)
		guestcfg_free(configs[i]);
	return outcome;
}

static enum batch_outcome recover_one(struct recovery *recovery)
{
	enum batch_outcome outcome = BATCH_REFUSED;
	int r = journal_open(&recovery->journal, recovery->path);

	if (r == -EBUSY) {
		log_warning(recovery->log, "%s: that batch is alive", recovery->path);
		return BATCH_ALL;
	}
	if (!r)
		r = journal_load(&recovery->story, recovery->journal);
	if (r == -ENODATA) {
		log_warning(recovery->log, "%s: that batch had not begun: it is forgotten",
			    recovery->path);
		journal_remove(recovery->journal);
		outcome = BATCH_ALL;
	} else if (r < 0) {
		log_error(recovery->log, "%s: %s", recovery->path,
			  r == -EINVAL ? "not a journal" : strerror(-r));
	} else {
		outcome = remove_some(recovery);
		if (outcome == BATCH_ALL && recovery->resume)
			outcome = make_rest(recovery); /* which removes the journal, if it may */
		else if (outcome == BATCH_ALL)
			journal_remove(recovery->journal);
		journal_story_deinit(&recovery->story);
	}
	journal_free(recovery->journal);
	return outcome;
}

enum batch_outcome recover_run(bool resume, bool all, const struct batch_options *options,
			       struct log *log)
{
	enum batch_outcome outcome;
	char **paths;
	size_t n, n_pools;
	int r = journal_list(&paths, &n, JOURNAL_FOLDER);

	if (r < 0) {
		log_error(log, JOURNAL_FOLDER ": %s", strerror(-r));
		return BATCH_REFUSED;
	}
	outcome = abandon_run(!resume, options, log, &n_pools);
	if (!n && !n_pools)
		log_warning(log, "no interrupted batch is known");
	for (size_t i = 0; i < n; i++) {
		struct recovery recovery = {
			.path = paths[i],
			.options = *options,
			.resume = resume,
			.all = all,
			.log = log,
		};
		enum batch_outcome one = recover_one(&recovery);

		if (one != BATCH_ALL && outcome != BATCH_REFUSED)
			outcome = one;
		free(paths[i]);
	}
	free(paths);
	return outcome;
}
