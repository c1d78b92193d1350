/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and UUIDs first; addresses only if there are vifs. */
#include "admit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "cleanup.h"
#include "guestcfg.h"
#include "handles.h"
#include "journal.h"
#include "log.h"
#include "macs.h"
#include "names.h"
#include "plan.h"

#define CLASHES_NAMED 5

struct admit {
	struct handles *host;	 /* borrowed: outlives the batch */
	struct plan *plan;	 /* likewise */
	struct journal *journal; /* likewise; or NULL */
	struct names *names;	 /* owned */
	struct macs *macs;	 /* owned; NULL if no config has a vif */
	void (*done)(void *ctx, int error);
	void *ctx;
};

/* The domain of the plan that cannot be made because this one is there, or NULL. */
static const struct plan_domain *clash(const struct plan *plan, const struct names_entry *entry,
				       const size_t *given, size_t n_given)
{
	const struct plan_domain *same = entry->name ? plan_find(plan, entry->name) : NULL;

	for (size_t i = 0; !same && i < n_given; i++)
		if (!memcmp(plan->domains[given[i]].uuid, entry->uuid, 16))
			same = &plan->domains[given[i]];
	return same;
}

/* Those whose UUID was given: a random one cannot be there. */
static size_t *find_given(const struct plan *plan, size_t *n)
{
	size_t *given = calloc(plan->n_domains + 1, sizeof(*given));

	*n = 0;
	for (size_t i = 0; given && i < plan->n_domains; i++)
		if (plan->domains[i].config->has_uuid)
			given[(*n)++] = i;
	return given;
}

/* Names the first few of those that are there already. */
static int check_names(const struct admit *admit)
{
	const struct names_entry *entries;
	size_t n, n_given, n_clashes = 0;
	CLEANUP(free) size_t *given = find_given(admit->plan, &n_given);

	if (!given)
		return -ENOMEM;
	entries = names_entries(admit->names, &n);
	for (size_t i = 0; i < n; i++) {
		const struct plan_domain *domain = clash(admit->plan, &entries[i], given, n_given);

		if (domain && n_clashes++ < CLASHES_NAMED)
			log_error(admit->host->log,
				  "the host has a domain with the name or UUID of %s already (%u)",
				  domain->name, entries[i].domid);
	}
	if (n_clashes > CLASHES_NAMED)
		log_error(admit->host->log, "and %zu more", n_clashes - CLASHES_NAMED);
	return n_clashes ? -EEXIST : 0;
}

static int add_claim(void *ctx, const struct claim *claim)
{
	return claim->mac ? macs_add(ctx, claim->mac) : 0;
}

/* Those that other batches have chosen, and have not plugged in yet, count too. */
static int assign(struct admit *admit)
{
	const char *own = admit->journal ? journal_path(admit->journal) : NULL;
	CLEANUP(close_fd) int gate = -1;
	const uint64_t *taken;
	size_t n;
	int r = claims_enter(&gate, JOURNAL_FOLDER, true);

	if (!r)
		r = claims_each(JOURNAL_FOLDER, own, add_claim, admit->macs);
	if (r < 0) {
		log_error(admit->host->log, "what other batches plan cannot be read: %s",
			  strerror(-r));
		return r;
	}
	taken = macs_taken(admit->macs, &n);
	r = macs_assign(admit->plan, taken, n, admit->host->log);
	if (!r)
		journal_macs(admit->journal, admit->plan);
	return r;
}

static void on_macs(void *ctx, int error)
{
	struct admit *admit = ctx;

	if (error)
		log_error(admit->host->log, "the addresses of vifs cannot be read: %s",
			  strerror(-error));
	admit->done(admit->ctx, error ? error : assign(admit));
}

static bool has_vifs(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_domains; i++)
		if (plan->domains[i].config->devices.n_vifs)
			return true;
	return false;
}

static void on_names(void *ctx, int error)
{
	struct admit *admit = ctx;

	if (error)
		log_error(admit->host->log, "the names of the host's domains cannot be read: %s",
			  strerror(-error));
	if (!error)
		error = check_names(admit);
	if (!error && has_vifs(admit->plan)) {
		error = macs_new(&admit->macs, admit->host->store, on_macs, admit);
		if (!error)
			return; /* on_macs() goes on */
	}
	admit->done(admit->ctx, error);
}

int admit_new(struct admit **out, struct handles *host, struct plan *plan, struct journal *journal,
	      void (*done)(void *ctx, int error), void *ctx)
{
	struct admit *admit = calloc(1, sizeof(*admit));
	int r;

	if (!admit)
		return -ENOMEM;
	admit->host = host;
	admit->plan = plan;
	admit->journal = journal;
	admit->done = done;
	admit->ctx = ctx;
	r = names_new(&admit->names, host->xch, host->store, on_names, admit);
	if (r < 0) {
		free(admit);
		return r;
	}
	*out = admit;
	return 0;
}

void admit_free(struct admit *admit)
{
	if (!admit)
		return;
	names_free(admit->names);
	macs_free(admit->macs);
	free(admit);
}
