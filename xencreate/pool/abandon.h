/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools whose process is gone and does not come back. */
#ifndef POOL_ABANDON_H
#define POOL_ABANDON_H

#include <stdbool.h>

#include "batch.h"

struct log;

/**
 * abandon_run() - remove the domains that such pools had, and their ledgers
 * @remove:  false: only say that there are some
 * @options: limits and reporting apply
 *
 * What was given away is not theirs any more, and stays. A pool that is alive is left alone.
 * @n: out: how many there were
 */
enum batch_outcome abandon_run(bool remove, const struct batch_options *options, struct log *log,
			       size_t *n);

#endif
