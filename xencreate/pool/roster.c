/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries in rising order of domids, as the hypervisor lists them. Each has a watch on its name;
 * that domains have come is told by @introduceDomain, that they have gone by @releaseDomain.
 */
#include "pool/roster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xenctrl.h>

#include "shell.h"
#include "storeclient.h"

#define TOKEN_COMING "roster"
#define TOKEN_NAME   "name%" PRIu32

struct entry {
	uint32_t domid;
	uint8_t uuid[16];
	char *name; /* owned; NULL: none, or not known yet */
};

struct roster {
	struct xc_interface_core *xch; /* borrowed: see roster_new() */
	struct storeclient *store;     /* likewise */
	struct entry *entries;	       /* owned */
	size_t n_entries;
	size_t n_asked; /* names that are on their way */
	bool is_stale;	/* domains have come or gone */
	void (*changed)(void *ctx);
	void *ctx;
};

struct question {
	struct roster *roster;
	uint32_t domid;
};

int roster_new(struct roster **out, struct xc_interface_core *xch, struct storeclient *store,
	       void (*changed)(void *ctx), void *ctx)
{
	struct roster *roster = calloc(1, sizeof(*roster));

	if (!roster)
		return -ENOMEM;
	roster->xch = xch;
	roster->store = store;
	roster->is_stale = true;
	roster->changed = changed;
	roster->ctx = ctx;
	*out = roster;
	return 0;
}

static void forget(struct roster *roster)
{
	for (size_t i = 0; i < roster->n_entries; i++)
		free(roster->entries[i].name);
	free(roster->entries);
	roster->entries = NULL;
	roster->n_entries = 0;
}

void roster_free(struct roster *roster)
{
	if (!roster)
		return;
	forget(roster);
	free(roster);
}

void roster_connected(struct roster *roster)
{
	forget(roster);
	roster->is_stale = true;
	storeclient_watch(roster->store, "@introduceDomain", TOKEN_COMING, NULL, NULL);
	storeclient_watch(roster->store, "@releaseDomain", TOKEN_COMING, NULL, NULL);
}

static struct entry *find(const struct roster *roster, uint32_t domid)
{
	size_t low = 0, high = roster->n_entries;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (roster->entries[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < roster->n_entries && roster->entries[low].domid == domid
		       ? &roster->entries[low]
		       : NULL;
}

static void on_name(void *ctx, int error, const char *data, size_t len)
{
	CLEANUP(free) struct question *question = ctx;
	struct roster *roster = question->roster;
	struct entry *entry;

	roster->n_asked--;
	if (error == -ECANCELED)
		return;
	entry = find(roster, question->domid);
	if (entry) {
		free(entry->name);
		entry->name = error ? NULL : strndup(data, len);
	}
	if (!roster->n_asked)
		roster->changed(roster->ctx);
}

static int ask(struct roster *roster, uint32_t domid)
{
	struct question *question = malloc(sizeof(*question));
	char path[64];
	int r;

	if (!question)
		return -ENOMEM;
	*question = (struct question){ .roster = roster, .domid = domid };
	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/name", domid);
	r = storeclient_read(roster->store, 0, path, on_name, question);
	if (r < 0)
		free(question);
	else
		roster->n_asked++;
	return r;
}

bool roster_event(struct roster *roster, const char *path, const char *token)
{
	uint32_t domid;

	(void)path;
	if (!strcmp(token, TOKEN_COMING)) {
		roster->is_stale = true;
		return true;
	}
	if (sscanf(token, TOKEN_NAME, &domid) != 1)
		return false;
	/* Without memory or connection it is asked when the store is back, or stays as it was. */
	if (find(roster, domid))
		(void)ask(roster, domid);
	return true;
}

/* The first event of the watch brings the name. */
static int watch(struct roster *roster, uint32_t domid, bool set)
{
	char path[64], token[32];

	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/name", domid);
	snprintf(token, sizeof(token), TOKEN_NAME, domid);
	if (!set)
		return storeclient_unwatch(roster->store, path, token, NULL, NULL);
	return storeclient_watch(roster->store, path, token, NULL, NULL);
}

struct listing {
	struct roster *roster; /* borrowed: see roster_update() */
	struct entry *entries; /* owned */
	size_t n, n_allocated;
	size_t at; /* how far the old ones were gone through */
};

/* Takes over what is known of a domain that was there before. */
static int put(void *ctx, const struct xen_domctl_getdomaininfo *info)
{
	struct listing *listing = ctx;
	struct roster *roster = listing->roster;
	struct entry *old, *new;

	if (listing->n == listing->n_allocated) {
		size_t n = listing->n_allocated ? listing->n_allocated * 2 : 64;
		struct entry *entries = reallocarray(listing->entries, n, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		listing->entries = entries;
		listing->n_allocated = n;
	}
	new = &listing->entries[listing->n++];
	*new = (struct entry){ .domid = info->domain };
	memcpy(new->uuid, info->handle, sizeof(new->uuid));
	while (listing->at < roster->n_entries && roster->entries[listing->at].domid < info->domain)
		watch(roster, roster->entries[listing->at++].domid, false);
	old = listing->at < roster->n_entries ? &roster->entries[listing->at] : NULL;
	if (!old || old->domid != info->domain) {
		/* Asked here too: the event comes later than the answer that is waited for. */
		int r = watch(roster, info->domain, true);

		return r < 0 ? r : ask(roster, info->domain);
	}
	listing->at++;
	new->name = STEAL(old->name);
	return 0;
}

static int list(struct roster *roster, struct listing *listing)
{
	int r = shell_each(roster->xch, put, listing);

	if (r < 0)
		return r;
	while (listing->at < roster->n_entries)
		watch(roster, roster->entries[listing->at++].domid, false);
	return 0;
}

int roster_update(struct roster *roster)
{
	struct listing listing = { .roster = roster };
	int r;

	if (!roster->is_stale)
		return !roster->n_asked;
	if (!storeclient_is_connected(roster->store))
		return -ENOTCONN;
	r = list(roster, &listing);
	forget(roster);
	roster->entries = listing.entries;
	roster->n_entries = listing.n;
	if (r < 0) {
		/* What is not known cannot be kept up: all of it once more. */
		forget(roster);
		return r;
	}
	roster->is_stale = false;
	return !roster->n_asked;
}

uint32_t roster_find(const struct roster *roster, const char *name)
{
	for (size_t i = 0; i < roster->n_entries; i++)
		if (roster->entries[i].name && !strcmp(roster->entries[i].name, name))
			return roster->entries[i].domid;
	return 0;
}

uint32_t roster_find_uuid(const struct roster *roster, const uint8_t uuid[16])
{
	for (size_t i = 0; i < roster->n_entries; i++)
		if (!memcmp(roster->entries[i].uuid, uuid, 16))
			return roster->entries[i].domid;
	return 0;
}
