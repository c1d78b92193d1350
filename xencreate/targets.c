/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By name, by number, by UUID. */
#include "targets.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "destroy.h"
#include "log.h"
#include "names.h"

static bool is_target(const struct names_entry *entry, const char *target)
{
	char *end_of_number;
	unsigned long domid = strtoul(target, &end_of_number, 10);

	if (!*end_of_number)
		return domid == entry->domid;
	return entry->name && !fnmatch(target, entry->name, 0);
}

static bool wanted(const struct destroy_request *request, const struct names_entry *entry,
		   bool *used)
{
	bool found = request->all;

	for (size_t i = 0; i < request->n_targets; i++) {
		if (!is_target(entry, request->targets[i]))
			continue;
		used[i] = true;
		found = true;
	}
	return found;
}

static void add(struct targets *targets, const struct names_entry *entry, bool ghost)
{
	targets->all[targets->n++] = (struct target){ .entry = entry, .ghost = ghost };
}

static int choose_named(struct targets *targets, const struct destroy_request *request,
			const struct names_entry *entries, size_t n, struct log *log)
{
	CLEANUP(free) bool *used = calloc(request->n_targets + 1, sizeof(*used));

	if (!used)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (wanted(request, &entries[i], used))
			add(targets, &entries[i], false);
	for (size_t i = 0; i < request->n_targets; i++) {
		if (used[i])
			continue;
		if (!strcmp(request->targets[i], "0"))
			log_error(log, "domain 0 is not one to be destroyed; nothing was");
		else
			log_error(log, "there is no domain \"%s\"; nothing was destroyed",
				  request->targets[i]);
		return -ESRCH;
	}
	return 0;
}

static int compare_uuids(const void *a, const void *b)
{
	return memcmp(((const struct names_entry *)a)->uuid, ((const struct names_entry *)b)->uuid,
		      16);
}

/* Those on the host first, in its order; then those of which only nodes can be left. */
static int choose_known(struct targets *targets, const struct destroy_request *request,
			const struct names_entry *entries, size_t n)
{
	size_t n_known = request->n_known;
	CLEANUP(free) struct names_entry *known = calloc(n_known + 1, sizeof(*known));
	CLEANUP(free) bool *found = calloc(n_known + 1, sizeof(*found));

	if (!known || !found)
		return -ENOMEM;
	memcpy(known, request->known, n_known * sizeof(*known));
	qsort(known, n_known, sizeof(*known), compare_uuids);
	for (size_t i = 0; i < n; i++) {
		const struct names_entry *same =
			bsearch(&entries[i], known, n_known, sizeof(*known), compare_uuids);

		if (!same)
			continue;
		found[same - known] = true;
		add(targets, &entries[i], false);
	}
	for (size_t i = 0; i < n_known; i++) {
		const struct names_entry *original =
			bsearch(&request->known[i], known, n_known, sizeof(*known), compare_uuids);

		if (!found[original - known] && original->domid)
			add(targets, &request->known[i], true);
	}
	return 0;
}

int targets_choose(struct targets *targets, const struct destroy_request *request,
		   const struct names *names, struct log *log)
{
	const struct names_entry *entries;
	size_t n;

	entries = names_entries(names, &n);
	targets->n = 0;
	targets->all = calloc(n + request->n_known + 1, sizeof(targets->all[0]));
	if (!targets->all)
		return -ENOMEM;
	if (request->known)
		return choose_known(targets, request, entries, n);
	return choose_named(targets, request, entries, n, log);
}
