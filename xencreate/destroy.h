/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ending many domains at once, with all that the store has of them. */
#ifndef DESTROY_H
#define DESTROY_H

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"

struct handles;

/**
 * destroy_run() - destroy domains, report, return
 * @host:    not connected yet
 * @targets: @n_targets names (with wildcards) and numbers
 * @all:     every domain but dom0, instead
 * @options: workers, limits and reporting apply
 *
 * A target that matches nothing refuses all. A domain with devices beside its console is left alone
 * and reported: their backends need xl destroy.
 */
enum batch_outcome destroy_run(struct handles *host, char *const *targets, size_t n_targets,
			       bool all, const struct batch_options *options);

#endif
