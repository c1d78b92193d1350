/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fit.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "amend.h"
#include "assume.h"
#include "capacity.h"
#include "census.h"
#include "cmdline.h"
#include "guest.h"
#include "hyper.h"
#include "log.h"
#include "measure.h"
#include "policy.h"
#include "preflight.h"
#include "run.h"
#include "show.h"
#include "survey.h"
#include "xlcfg.h"
#include "xlconf.h"

/* The configurations that were named. */
struct batch {
	struct guest *guests; /* owned */
	size_t n_guests;
	struct xlconf conf;
};

static void batch_deinit(struct batch *batch)
{
	for (size_t i = 0; i < batch->n_guests; i++)
		guest_deinit(&batch->guests[i]);
	free(batch->guests);
	xlconf_deinit(&batch->conf);
}

static int batch_add_file(struct batch *batch, const char *path, struct log *log)
{
	struct guest *guests = reallocarray(batch->guests, batch->n_guests + 1, sizeof(*guests));
	CLEANUP(free) char *error = NULL;
	int r;

	if (!guests)
		return -ENOMEM;
	batch->guests = guests;
	r = xlcfg_load(&guests[batch->n_guests], path, &batch->conf.defaults, &error);
	if (r == 0)
		batch->n_guests++;
	else if (r == -EINVAL)
		log_error(log, "%s", error);
	else
		log_error(log, "%s: %s", path, strerror(-r));
	return r;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* All files of a folder, in the order in which xendomains would start them. */
static int batch_add_folder(struct batch *batch, const char *path, struct log *log)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_visible, alphasort), first = 0;

	if (n < 0) {
		first = -errno;
		log_error(log, "%s: %s", path, strerror(-first));
		return first;
	}
	for (int i = 0; i < n; i++) {
		CLEANUP(free) char *file = NULL;
		struct stat status;
		int r = 0;

		if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0) {
			file = NULL;
			r = -ENOMEM;
		}
		free(entries[i]);
		if (r == 0 && stat(file, &status) == 0 && S_ISREG(status.st_mode))
			r = batch_add_file(batch, file, log);
		if (r < 0 && !first)
			first = r;
	}
	free(entries);
	return first;
}

/* Every file is looked at, so that all mistakes are told at once. Return: 0 or the first failure.
 */
static int batch_load(struct batch *batch, const struct cmdline *cmdline, struct log *log)
{
	int first = xlconf_load(&batch->conf, XLCONF_PATH);

	if (first < 0)
		log_error(log, "%s: %s", XLCONF_PATH, strerror(-first));
	for (int i = 0; i < cmdline->n_files; i++) {
		struct stat status;
		bool is_folder = stat(cmdline->files[i], &status) == 0 && S_ISDIR(status.st_mode);
		int r = is_folder ? batch_add_folder(batch, cmdline->files[i], log)
				  : batch_add_file(batch, cmdline->files[i], log);

		if (r < 0 && !first)
			first = r;
	}
	return first;
}

static int measure_host(struct capacity *capacity, struct demand_facts *facts,
			const struct cmdline *cmdline, struct hyper *hyper,
			const struct batch *batch, struct log *log)
{
	const struct survey_options options = { .names = true, .caps = true };
	uint64_t reserve = cmdline->reserve < 0 ? MEASURE_RESERVE_PORTS : cmdline->reserve;
	struct census census = { 0 };
	int store_error, r = survey_all(hyper, &census, &options, &store_error);

	if (store_error)
		log_warning(log,
			    "xenstore cannot be asked, driver domains cannot be found by name: %s",
			    strerror(-store_error));
	if (r < 0 && !census.n_domains) {
		log_error(log, "domains cannot be listed: %s", strerror(-r));
		return r;
	}
	measure_facts(facts, &census);
	r = measure_capacity(capacity, hyper, &census, batch->guests, batch->n_guests, reserve);
	census_deinit(&census);
	return r;
}

static int assume_host(struct capacity *capacity, struct demand_facts *facts,
		       const struct cmdline *cmdline, struct log *log)
{
	CLEANUP(free) char *error = NULL;
	int r = assume_parse(capacity, facts, cmdline->assume, &error);

	if (r == -EINVAL)
		log_error(log, "--assume: %s", error);
	return r;
}

int fit_preflight(const struct cmdline *cmdline, struct hyper *hyper, struct log *log)
{
	CLEANUP(policy_free) struct policy *policy = NULL;
	struct batch batch = { 0 };
	struct capacity capacity = { 0 };
	struct demand_facts facts;
	struct preflight preflight = { 0 };
	int status = RUN_UNKNOWN;
	int r = run_policy(&policy, cmdline, log);

	if (r == 0)
		r = batch_load(&batch, cmdline, log);
	if (r == 0)
		r = hyper ? measure_host(&capacity, &facts, cmdline, hyper, &batch, log)
			  : assume_host(&capacity, &facts, cmdline, log);
	if (r == 0)
		r = preflight_run(&preflight, batch.guests, batch.n_guests, cmdline->n_copies,
				  &capacity, &facts, policy, cmdline->enforced);
	if (r == 0)
		r = show_preflight_out(cmdline, &preflight);
	if (r == 0)
		status = preflight.verdict == PREFLIGHT_FITS	  ? RUN_FINE
			 : preflight.verdict == PREFLIGHT_REFUSED ? RUN_FOUND
								  : RUN_UNKNOWN;
	preflight_deinit(&preflight);
	capacity_deinit(&capacity);
	batch_deinit(&batch);
	return status;
}

static int amend_one(const struct guest *guest, const struct policy *policy, bool dry_run,
		     struct log *log)
{
	const struct policy_subject subject = {
		.name = guest->name,
		.type = guest->type,
		.driver_domain = guest->driver_domain,
	};
	struct policy_rule rule = policy_rule(policy, &subject);
	uint32_t cap = policy_cap(&rule, guest->asked_cap);
	int r = 0;

	if (rule.hard == POLICY_NONE) {
		printf("%s: the policy sets no limit\n", guest->source);
		return 0;
	}
	if (guest->asked_cap == cap) {
		printf("%s: max_event_channels = %" PRIu32 " is within the policy\n", guest->source,
		       cap);
		return 0;
	}
	if (!dry_run)
		r = amend_file(guest->source, cap);
	if (r < 0)
		log_error(log, "%s: %s", guest->source, strerror(-r));
	else
		printf("%s: max_event_channels = %" PRIu32 "\n", guest->source, cap);
	return r;
}

int fit_amend(const struct cmdline *cmdline, struct log *log)
{
	CLEANUP(policy_free) struct policy *policy = NULL;
	struct batch batch = { 0 };
	int status = RUN_FINE;

	if (run_policy(&policy, cmdline, log) < 0 || batch_load(&batch, cmdline, log) < 0)
		status = RUN_UNKNOWN;
	if (status == RUN_FINE && !policy) {
		log_error(log, "there is no policy: %s", POLICY_PATH);
		status = RUN_UNKNOWN;
	}
	for (size_t i = 0; status != RUN_UNKNOWN && i < batch.n_guests; i++)
		if (amend_one(&batch.guests[i], policy, cmdline->dry_run, log) < 0)
			status = RUN_FOUND;
	batch_deinit(&batch);
	return status;
}
