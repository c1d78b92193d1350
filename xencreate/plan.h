/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which domains a batch makes: each with a name and a UUID that no other has. */
#ifndef PLAN_H
#define PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "pattern.h"

struct guestcfg;
struct log;
struct policy;

struct plan_domain {
	const struct guestcfg *config; /* borrowed: the configs outlive the plan */
	uint32_t config_index;
	char name[PATTERN_NAME_MAX];
	uint8_t uuid[16];
	char uuid_text[37];
	uint32_t first_vcpu; /* how many vCPUs stand before it in the plan */
	uint32_t cap;	     /* highest event-channel port it may have; plan_set_caps() */
	uint8_t (*macs)[6];  /* borrowed from the plan: one per vif of the config; macs_assign() */
	uint32_t entry; /* its number in the journal: its place in the plan that was begun with */
};

struct plan {
	struct plan_domain *domains; /* owned */
	size_t n_domains;
};

/**
 * plan_new() - expand configs into domains
 * @out:      owned by the caller
 * @configs:  @n_configs of them, borrowed
 * @n_copies: of each config
 * @pattern:  pattern_name(); NULL: the config's own name, with "-%d" if there is more than one copy
 * @first:    the number of each config's first copy
 *
 * Names are made unique by the pattern and checked against each other; checking them against the
 * host is names_check()'s business. UUIDs are random unless the config gives one.
 *
 * Return: 0, -ENOMEM, -EINVAL (pattern or name; said in @log), -EEXIST (two domains would share a
 * name or UUID).
 */
int plan_new(struct plan **out, struct guestcfg *const *configs, size_t n_configs,
	     unsigned int n_copies, const char *pattern, unsigned int first, struct log *log);
/**
 * plan_restore() - make a plan of domains that were planned before
 * @domains: @n_domains of them; copied
 *
 * Return: 0, -ENOMEM, -EEXIST (as plan_new()).
 */
int plan_restore(struct plan **out, const struct plan_domain *domains, size_t n_domains,
		 struct log *log);
void plan_free(struct plan *plan);
DEFINE_CLEANUP(struct plan *, plan_free)

/**
 * plan_set_caps() - decide how many event channels each domain may have
 * @policy: or NULL: what the configs ask for, or libxl's default
 *
 * Return: 0, -EINVAL (less than the store and the console need; said in @log).
 */
int plan_set_caps(struct plan *plan, const struct policy *policy, struct log *log);

/** plan_find() - the domain of this name, or NULL. */
const struct plan_domain *plan_find(const struct plan *plan, const char *name);

/** plan_uuid_new() - a random one. Return: 0, or what getrandom() says. */
int plan_uuid_new(uint8_t uuid[16]);

/** plan_uuid_text() - the usual form of a UUID, 37 bytes with the NUL. */
void plan_uuid_text(char text[37], const uint8_t uuid[16]);

#endif
