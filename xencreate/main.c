/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xencreate: reads its command line and configs, then lets batch.c or destroy.c do the work. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "cleanup.h"
#include "destroy.h"
#include "guestcfg.h"
#include "handles.h"
#include "image.h"
#include "log.h"
#include "options.h"
#include "plan.h"

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
		int r = guestcfg_read(&configs->all[configs->n], options->arguments[i], log);

		if (r < 0)
			error = r;
		else
			configs->n++;
	}
	return error;
}

static void print_plan(const struct plan *plan)
{
	uint64_t memory_mib = 0;

	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct plan_domain *domain = &plan->domains[i];

		printf("%s %s %s %llu MiB %u vCPU\n", domain->name, domain->uuid_text,
		       guestcfg_type_name(domain->config->type),
		       (unsigned long long)domain->config->memory_mib, domain->config->vcpus);
		memory_mib += domain->config->memory_mib;
	}
	printf("%zu domains, %llu MiB\n", plan->n_domains, (unsigned long long)memory_mib);
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

static int create_planned(const struct options *options, const struct configs *configs,
			  struct plan *plan, struct log *log)
{
	CLEANUP(handles_free) struct handles *host = NULL;
	CLEANUP(image_set_free) struct image_set *images = NULL;

	if (options->dry_run) {
		print_plan(plan);
		return STATUS_ALL;
	}
	host = open_host(log);
	if (!host || image_set_load(&images, configs->all, configs->n, host->xch, log) < 0)
		return STATUS_REFUSED;
	return status_of(batch_run(host, plan, configs->all, &options->batch));
}

static int create(const struct options *options, struct log *log)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct configs configs = { 0 };
	int status = STATUS_REFUSED;

	if (!configs_read(&configs, options, log) &&
	    !plan_new(&plan, configs.all, configs.n, options->n_copies, options->pattern,
		      options->first, log))
		status = create_planned(options, &configs, plan, log);
	configs_deinit(&configs);
	return status;
}

static int destroy(const struct options *options, struct log *log)
{
	CLEANUP(handles_free) struct handles *host = open_host(log);

	if (!host)
		return STATUS_REFUSED;
	return status_of(destroy_run(host, options->arguments, options->n_arguments, options->all,
				     &options->batch));
}

int main(int argc, char **argv)
{
	bool destroying = argc > 1 && !strcmp(argv[1], "destroy");
	CLEANUP(log_free) struct log *log = NULL;
	struct options options;
	enum options_outcome outcome;

	outcome = destroying ? options_destroy(&options, argc - 1, argv + 1)
			     : options_create(&options, argc, argv);
	if (outcome != OPTIONS_GO)
		return outcome == OPTIONS_DONE ? STATUS_ALL : STATUS_REFUSED;
	if (log_new(&log, "xencreate",
		    (enum log_level)(LOG_LEVEL_WARNING +
				     (options.verbosity > 2 ? 2 : options.verbosity)),
		    LOG_TARGET_STDERR) < 0)
		return STATUS_REFUSED;
	return destroying ? destroy(&options, log) : create(&options, log);
}
