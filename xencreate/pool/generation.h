/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pool's domains are made of: a config with its images and limits, as the files were when
 * they were read. */
#ifndef POOL_GENERATION_H
#define POOL_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct guestcfg;
struct log;
struct xc_interface_core;

struct generation {
	struct guestcfg *config; /* owned, with its images */
	uint32_t cap;		 /* highest event-channel port */
	uint64_t form;		 /* equal if domains made of two generations are alike */
};

/**
 * generation_load() - read it all
 * @out:         owned by the caller
 * @policy_path: NULL: the usual one, if it is there
 *
 * What is wrong is said in @log.
 *
 * Return: 0, -ENOMEM, -EINVAL, -EOPNOTSUPP (a config that no pool can serve: one with devices, with
 * a UUID of its own, or for xl), or what the files say.
 */
int generation_load(struct generation **out, const char *config_path, const char *policy_path,
		    struct xc_interface_core *xch, struct log *log);
void generation_free(struct generation *generation);
DEFINE_CLEANUP(struct generation *, generation_free)

/** generation_is_current() - are the files still those that were read? */
bool generation_is_current(const struct generation *generation);

/**
 * generation_serves() - may a domain of this generation be given to somebody who asks for this one?
 * @config: what is asked for; NULL: whatever there is
 * @name:   that the domain will have
 * @why:    out: if not
 */
bool generation_serves(const struct generation *generation, const struct guestcfg *config,
		       const char *name, const char **why);

#endif
