/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By their ledgers: whoever can open one is alone with it. */
#include "pool/abandon.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "destroy.h"
#include "handles.h"
#include "log.h"
#include "names.h"
#include "pool/ledger.h"

/* All that are the pool's; nothing is owned. */
static size_t list_known(struct names_entry *known, struct ledger *ledger)
{
	const struct ledger_entry *entry;
	size_t n = 0;

	TAILQ_FOREACH (entry, ledger_entries(ledger), link) {
		if (entry->state == LEDGER_GIVEN)
			continue;
		if (known) {
			known[n].domid = entry->domid;
			known[n].name = entry->name[0] ? (char *)entry->name : NULL;
			memcpy(known[n].uuid, entry->uuid, sizeof(known[n].uuid));
		}
		n++;
	}
	return n;
}

static void forget_all(struct ledger *ledger)
{
	struct ledger_entry *entry, *next;

	for (entry = TAILQ_FIRST(ledger_entries(ledger)); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->state != LEDGER_GIVEN)
			(void)ledger_gone(ledger, entry);
	}
}

static enum batch_outcome remove_all(struct ledger *ledger, const struct batch_options *options,
				     struct log *log)
{
	CLEANUP(free)
	struct names_entry *known = calloc(list_known(NULL, ledger) + 1, sizeof(*known));
	CLEANUP(handles_free) struct handles *host = NULL;
	struct destroy_request request = { .known = known };
	enum batch_outcome outcome;
	int r = known ? handles_new(&host, log) : -ENOMEM;

	if (r < 0) {
		log_error(log, "no way to the hypervisor: %s", strerror(-r));
		return BATCH_REFUSED;
	}
	request.n_known = list_known(known, ledger);
	outcome = destroy_run(host, &request, options);
	if (outcome == BATCH_ALL)
		forget_all(ledger);
	return outcome;
}

/* Where nobody listens any more. */
static void remove_socket(const char *pool)
{
	char path[sizeof(LEDGER_FOLDER LEDGER_SOCKET_SUFFIX) + LEDGER_POOL_MAX];

	snprintf(path, sizeof(path), LEDGER_FOLDER "/%s" LEDGER_SOCKET_SUFFIX, pool);
	unlink(path);
}

static enum batch_outcome abandon(const char *pool, bool remove,
				  const struct batch_options *options, struct log *log)
{
	CLEANUP(ledger_close) struct ledger *ledger = NULL;
	int r = ledger_open(&ledger, LEDGER_FOLDER, pool);

	if (r == -EBUSY)
		return BATCH_ALL;
	if (r < 0) {
		log_error(log, "the ledger of the pool %s: %s", pool,
			  r == -EINVAL ? "not a ledger" : strerror(-r));
		return BATCH_REFUSED;
	}
	if (remove) {
		enum batch_outcome outcome = remove_all(ledger, options, log);

		if (outcome == BATCH_ALL)
			remove_socket(pool);
		return outcome;
	}
	if (list_known(NULL, ledger))
		log_warning(
			log,
			"the pool %s has ended and left %zu domains: start it again, or --rollback",
			pool, list_known(NULL, ledger));
	return BATCH_ALL;
}

static int is_ledger(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), end = strlen(LEDGER_SUFFIX);

	return len > end && len - end < LEDGER_POOL_MAX &&
	       !strcmp(entry->d_name + len - end, LEDGER_SUFFIX);
}

enum batch_outcome abandon_run(bool remove, const struct batch_options *options, struct log *log,
			       size_t *n)
{
	enum batch_outcome outcome = BATCH_ALL;
	struct dirent **found;
	int n_found = scandir(LEDGER_FOLDER, &found, is_ledger, alphasort);

	*n = n_found > 0 ? (size_t)n_found : 0;
	for (int i = 0; i < n_found; i++) {
		char pool[LEDGER_POOL_MAX];
		enum batch_outcome one;

		snprintf(pool, sizeof(pool), "%.*s",
			 (int)(strlen(found[i]->d_name) - strlen(LEDGER_SUFFIX)), found[i]->d_name);
		one = abandon(pool, remove, options, log);
		if (one != BATCH_ALL && outcome != BATCH_REFUSED)
			outcome = one;
		free(found[i]);
	}
	if (n_found >= 0)
		free(found);
	return outcome;
}
