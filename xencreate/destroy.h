/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ending many domains at once, with all that the store has of them. */
#ifndef DESTROY_H
#define DESTROY_H

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"

struct handles;
struct names_entry;

/* Which ones: one of the three. */
struct destroy_request {
	char *const *targets; /* names (with wildcards) and numbers */
	size_t n_targets;
	bool all; /* every domain but dom0 */
	/* By UUID: domains that are not there any more, or never were, are no mistake; what the
	 * store has of them goes. */
	const struct names_entry *known;
	size_t n_known;
};

/**
 * destroy_run() - destroy domains, report, return
 * @host:    not connected yet
 * @request: borrowed, with all in it
 * @options: workers, limits and reporting apply
 *
 * A target that matches nothing refuses all. A domain with a device model, or with devices
 * other than vifs and disks of the kernel's backends, is handed to xl destroy.
 */
enum batch_outcome destroy_run(struct handles *host, const struct destroy_request *request,
			       const struct batch_options *options);

#endif
