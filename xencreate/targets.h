/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which domains a destruction is about. */
#ifndef TARGETS_H
#define TARGETS_H

#include <stdbool.h>
#include <stddef.h>

struct destroy_request;
struct log;
struct names;
struct names_entry;

struct target {
	const struct names_entry *entry; /* borrowed from the listing or the request */
	bool ghost; /* there is no such domain any more, but maybe nodes of it */
};

struct targets {
	struct target *all; /* to be freed by the caller, also after an error */
	size_t n;
};

/**
 * targets_choose() - find those that are asked for
 * @targets: overwritten; the domains that are there first, in rising order of domids
 *
 * Return: 0, -ENOMEM, -ESRCH (there is none of that name or number; said in @log).
 */
int targets_choose(struct targets *targets, const struct destroy_request *request,
		   const struct names *names, struct log *log);

#endif
