/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One listing per batch, not per domain. */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xenctrl.h>

#include "shell.h"
#include "storeclient.h"

struct names {
	struct names_entry *entries; /* owned */
	size_t n_entries, n_allocated;
	size_t n_asked, n_answered; /* the store answers in order */
	int error;
	void (*done)(void *ctx, int error);
	void *ctx;
};

static int add(void *ctx, const struct xen_domctl_getdomaininfo *info)
{
	struct names *names = ctx;

	if (names->n_entries == names->n_allocated) {
		size_t n = names->n_allocated ? names->n_allocated * 2 : 64;
		struct names_entry *entries = reallocarray(names->entries, n, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		names->entries = entries;
		names->n_allocated = n;
	}
	names->entries[names->n_entries] = (struct names_entry){ .domid = info->domain };
	memcpy(names->entries[names->n_entries++].uuid, info->handle, 16);
	return 0;
}

static void on_name(void *ctx, int error, const char *data, size_t len)
{
	struct names *names = ctx;
	struct names_entry *entry = &names->entries[names->n_answered++];

	if (!error) {
		entry->name = strndup(data, len);
		if (!entry->name)
			names->error = -ENOMEM;
	} else if (error != -ENOENT) {
		names->error = error;
	}
	if (names->n_answered == names->n_entries)
		names->done(names->ctx, names->error);
}

/* Stands in for the names when there is no domain to ask about: the answer must come from the loop
 * all the same. */
static void on_nothing(void *ctx, int error, const char *data, size_t len)
{
	struct names *names = ctx;

	(void)data, (void)len;
	names->done(names->ctx, error == -ENOENT ? 0 : error);
}

static int ask(struct names *names, struct storeclient *store)
{
	char path[64];
	int r;

	if (!names->n_entries)
		return storeclient_read(store, 0, "/tool", on_nothing, names);
	for (; names->n_asked < names->n_entries; names->n_asked++) {
		snprintf(path, sizeof(path), "/local/domain/%u/name",
			 names->entries[names->n_asked].domid);
		r = storeclient_read(store, 0, path, on_name, names);
		if (r < 0)
			return r;
	}
	return 0;
}

int names_new(struct names **out, struct xc_interface_core *xch, struct storeclient *store,
	      void (*done)(void *ctx, int error), void *ctx)
{
	struct names *names = calloc(1, sizeof(*names));
	int r;

	if (!names)
		return -ENOMEM;
	names->done = done;
	names->ctx = ctx;
	r = shell_each(xch, add, names);
	if (!r)
		r = ask(names, store);
	if (r < 0 && names->n_asked) {
		/* Answers are on their way to us: end with the last of them. */
		names->n_entries = names->n_asked;
		names->error = r;
		r = 0;
	}
	if (r < 0) {
		names_free(names);
		return r;
	}
	*out = names;
	return 0;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->n_entries; i++)
		free(names->entries[i].name);
	free(names->entries);
	free(names);
}

const struct names_entry *names_entries(const struct names *names, size_t *n)
{
	*n = names->n_entries;
	return names->entries;
}
