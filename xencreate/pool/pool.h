/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool of domains that are made beforehand, all by one config: whole, paused, with their nodes
 * and consoles. Who wants one gives it a name; that takes no building. The process that keeps them
 * lives as long as the pool.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>

#include "batch.h"
#include "pool/refill.h"

struct log;

struct pool_options {
	const char *name; /* NULL: the config's; borrowed, like all strings */
	const char *config_path;
	const char *policy_path; /* NULL: the usual one, if it is there */
	const char *socket_path; /* NULL: the usual one */
	struct refill_policy refill;
	uint64_t lifetime_us; /* of a domain in the pool; 0: for ever */
	bool keep;	      /* SIGTERM leaves the domains for the next process */
	bool no_preflight;
	struct batch_options batch; /* limits, placement, proofs */
};

/**
 * pool_run() - keep the pool until SIGTERM or SIGINT (its domains go), or SIGUSR1 (they stay for
 * the next process)
 *
 * Return: 0, or a negative errno if it could not be begun or ended; said in @log.
 */
int pool_run(const struct pool_options *options, struct log *log);

#endif
