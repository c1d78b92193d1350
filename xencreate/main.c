/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xencreate: reads its command line and configs, then lets batch.c or destroy.c do the work. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "claims.h"
#include "cleanup.h"
#include "destroy.h"
#include "forecast.h"
#include "guestcfg.h"
#include "handles.h"
#include "image.h"
#include "journal.h"
#include "log.h"
#include "loop.h"
#include "lsevtchn/policy.h"
#include "options.h"
#include "plan.h"
#include "planout.h"
#include "pool/main.h"
#include "pool/take.h"
#include "rates.h"
#include "recover.h"

enum {
	STATUS_ALL = 0,
	STATUS_SOME = 3,
	STATUS_REFUSED = 4,
};

struct configs {
	struct guestcfg **all; /* owned */
	size_t n;
};

static void configs_deinit(struct configs *configs)
{
	for (size_t i = 0; i < configs->n; i++)
		guestcfg_free(configs->all[i]);
	free(configs->all);
}

/* Reads all files, so that one run names all that is wrong. */
static int configs_read(struct configs *configs, const struct options *options, struct log *log)
{
	int error = 0;

	configs->all = calloc(options->n_arguments, sizeof(configs->all[0]));
	if (!configs->all)
		return -ENOMEM;
	for (size_t i = 0; i < options->n_arguments; i++) {
		int r = guestcfg_read(&configs->all[configs->n], options->arguments[i],
				      !options->no_hand_over, log);

		if (r < 0)
			error = r;
		else
			configs->n++;
	}
	return error;
}

static int load_policy(struct policy **policy, const struct options *options, struct log *log)
{
	const char *path = options->policy_path ? options->policy_path : POLICY_PATH;
	CLEANUP(free) char *error = NULL;
	int r = policy_load(policy, path, &error);

	if (r == -ENOENT && !options->policy_path)
		return 0;
	if (r < 0)
		log_error(log, "%s: %s", path, error ? error : strerror(-r));
	return r;
}

static int status_of(enum batch_outcome outcome)
{
	return outcome == BATCH_ALL    ? STATUS_ALL
	       : outcome == BATCH_SOME ? STATUS_SOME
				       : STATUS_REFUSED;
}

static struct handles *open_host(struct log *log)
{
	struct handles *host;
	int r = handles_new(&host, log);

	if (!r)
		return host;
	log_error(log, "no way to the hypervisor: %s", strerror(-r));
	return NULL;
}

/* Somebody else's journal is no obstacle, but worth a word. */
static void mention_leftovers(struct log *log)
{
	char **paths;
	size_t n, n_left = 0;

	if (journal_list(&paths, &n, JOURNAL_FOLDER) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		CLEANUP(journal_free) struct journal *journal = NULL;

		n_left += !journal_open(&journal, paths[i]);
		free(paths[i]);
	}
	free(paths);
	if (n_left)
		log_warning(log, "%zu interrupted batches are left: see --resume and --rollback",
			    n_left);
}

/* From its journal on others know what the batch is about to make. */
static int begin_journal(struct journal **journal, const struct plan *plan,
			 const struct configs *configs, const struct batch_options *batch,
			 struct log *log)
{
	CLEANUP(close_fd) int gate = -1;
	int r = claims_enter(&gate, JOURNAL_FOLDER, true);

	if (!r)
		r = claims_check(plan, JOURNAL_FOLDER, NULL, log);
	if (!r)
		r = journal_new(journal, JOURNAL_FOLDER, plan, configs->all, configs->n, batch);
	if (r == -EBUSY)
		log_error(
			log,
			"another batch or a pool has been choosing names for ten seconds; try again");
	else if (r < 0 && r != -EEXIST)
		log_error(log, "no journal can be kept in " JOURNAL_FOLDER ": %s", strerror(-r));
	return r;
}

static int run_batch(struct handles *host, struct plan *plan, const struct configs *configs,
		     const struct options *options, uint32_t n_ports, struct log *log)
{
	CLEANUP(journal_free) struct journal *journal = NULL;
	struct batch_options batch = options->batch;
	enum batch_outcome outcome;
	uint64_t start_us;
	int r;

	batch.n_ports = n_ports;
	mention_leftovers(log);
	batch_hold_signals(true);
	if (begin_journal(&journal, plan, configs, &batch, log) < 0)
		return STATUS_REFUSED;
	batch.journal = journal;
	start_us = loop_now_us(host->loop);
	outcome = batch_run(host, plan, configs->all, &batch);
	if (outcome == BATCH_ALL) {
		r = rates_keep(plan, loop_now_us(host->loop) - start_us, RATES_PATH);
		if (r < 0)
			log_info(log, RATES_PATH ": %s", strerror(-r));
	}
	return status_of(outcome);
}

static int create_planned(const struct options *options, const struct configs *configs,
			  struct plan *plan, const struct policy *policy, struct log *log)
{
	uint32_t n_ports = 0;
	const struct forecast_options forecast = {
		.paths = options->arguments,
		.n_paths = options->n_arguments,
		.n_copies = options->n_copies,
		.policy = policy,
		.explain = options->dry_run,
		.json = options->batch.json,
		.n_ports = &n_ports,
	};
	CLEANUP(handles_free) struct handles *host = NULL;
	CLEANUP(image_set_free) struct image_set *images = NULL;
	bool refused;

	if (options->dry_run)
		planout_print(plan, options->batch.json);
	refused = (options->dry_run || !options->no_preflight) &&
		  forecast_run(&forecast, log) == FORECAST_REFUSED;
	if (options->dry_run && !refused)
		planout_expected(plan, RATES_PATH, options->batch.json);
	if (options->dry_run || refused)
		return refused ? STATUS_REFUSED : STATUS_ALL;
	host = open_host(log);
	if (!host || image_set_load(&images, configs->all, configs->n, host->xch, log) < 0)
		return STATUS_REFUSED;
	return run_batch(host, plan, configs, options, n_ports, log);
}

static int create(const struct options *options, struct log *log)
{
	CLEANUP(policy_free) struct policy *policy = NULL;
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct configs configs = { 0 };
	int status = STATUS_REFUSED;

	if (!load_policy(&policy, options, log) && !configs_read(&configs, options, log) &&
	    !plan_new(&plan, configs.all, configs.n, options->n_copies, options->pattern,
		      options->first, log) &&
	    !plan_set_caps(plan, policy, log))
		status = create_planned(options, &configs, plan, policy, log);
	configs_deinit(&configs);
	return status;
}

static int destroy(const struct options *options, struct log *log)
{
	CLEANUP(handles_free) struct handles *host = open_host(log);
	const struct destroy_request request = {
		.targets = options->arguments,
		.n_targets = options->n_arguments,
		.all = options->all,
	};

	return host ? status_of(destroy_run(host, &request, &options->batch)) : STATUS_REFUSED;
}

/* Return: the exit status, or -1: there is no pool for this, it is to be made. */
static int take_from_pool(const struct options *options)
{
	static const char *const waits[] = {
		[JOB_WAIT_STORE] = "store",
		[JOB_WAIT_CONSOLE] = "console",
		[JOB_WAIT_READY] = "ready",
	};
	const struct take_options take = {
		.pool = options->from_pool,
		.socket_path = options->socket_path,
		.config_path = options->n_arguments ? options->arguments[0] : NULL,
		.pattern = options->pattern,
		.wait = waits[options->batch.wait],
		.first = options->first,
		.n = options->n_copies,
		.timeout_ms = options->batch.timeout_ms,
		.paused = options->batch.paused,
		.json = options->batch.json,
		.quiet = options->batch.quiet,
	};

	switch (take_run(&take)) {
	case TAKE_ALL:
		return STATUS_ALL;
	case TAKE_SOME:
		return STATUS_SOME;
	case TAKE_NOBODY:
		return options->n_arguments ? -1 : STATUS_REFUSED;
	default:
		return STATUS_REFUSED;
	}
}

static int go(const struct options *options, bool destroying, struct log *log)
{
	if (destroying)
		return destroy(options, log);
	if (options->from_pool) {
		int status = take_from_pool(options);

		if (status >= 0)
			return status;
	}
	if (options->resume || options->rollback)
		return status_of(recover_run(options->resume, options->all, &options->batch, log));
	return create(options, log);
}

int main(int argc, char **argv)
{
	bool destroying = argc > 1 && !strcmp(argv[1], "destroy");
	CLEANUP(log_free) struct log *log = NULL;
	struct options options;
	enum options_outcome outcome;

	/* A store daemon that goes away, or a reader of our output, is an error to be dealt with,
	 * not our end. */
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && !strcmp(argv[1], "pool"))
		return pool_main(argc - 1, argv + 1);
	outcome = destroying ? options_destroy(&options, argc - 1, argv + 1)
			     : options_create(&options, argc, argv);
	if (outcome != OPTIONS_GO)
		return outcome == OPTIONS_DONE ? STATUS_ALL : STATUS_REFUSED;
	if (log_new(&log, "xencreate",
		    (enum log_level)(LOG_LEVEL_WARNING +
				     (options.verbosity > 2 ? 2 : options.verbosity)),
		    LOG_TARGET_STDERR) < 0)
		return STATUS_REFUSED;
	return go(&options, destroying, log);
}
