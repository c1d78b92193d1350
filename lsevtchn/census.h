/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All domains of a host at one moment, each with its table: what every view and check is made from.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include <stdbool.h>

#include "abi.h"
#include "cap.h"
#include "domtype.h"
#include "scan.h"
#include "tally.h"

struct census_domain {
	uint32_t domid;
	char *name; /* owned; NULL: nobody knows one */
	uint8_t handle[CAP_HANDLE_SIZE];
	enum domtype type;
	bool dying, paused, shutdown;
	bool over_soft; /* was found so and has been logged */
	bool marked;	/* there is a mark in the store that says so */
	bool looked_up; /* the store has been asked about it */
	bool is_store;	/* it was made to run xenstored */
	uint32_t n_vcpus;
	uint64_t memory_kib;
	struct abi_evidence
		evidence; /* what the collectors found out; census_scan() adds the table's size */
	struct abi abi;
	struct cap cap;
	struct scan scan; /* scan.error says whether it could be read */
	struct tally tally;
	uint32_t n_pending; /* ports of others that wait for this domain; census_link() */
};

struct census {
	struct census_domain *domains; /* owned; rising domid */
	size_t n_domains;
	uint32_t self; /* the domain we run in */
};

void census_deinit(struct census *census);

/**
 * census_set_domains() - make room for @n domains, all zero
 *
 * Return: 0 or -ENOMEM. The caller fills in what it knows, domids rising.
 */
int census_set_domains(struct census *census, size_t n);

/**
 * census_scan() - read and add up the tables of all domains
 *
 * Domains that have gone meanwhile (-ESRCH) are dropped from @census. A table that cannot be read
 * for another reason stays in with its error, and the first such error is the answer, after all
 * others have been read.
 *
 * Return: 0, or the first error.
 */
int census_scan(struct census *census, const struct scan_source *source);

/** census_scan_domain() - the same for one of them. Return: 0, or its scan error. */
int census_scan_domain(struct census_domain *domain, const struct scan_source *source);

/** census_find(), census_find_name() - borrowed, or NULL. */
struct census_domain *census_find(const struct census *census, uint32_t domid);
struct census_domain *census_find_name(const struct census *census, const char *name);

/** census_usable() - ports that the domain's interface and cap let it use. */
uint32_t census_usable(const struct census_domain *domain);
/** census_is_sure() - is that certain, or could the interface be a larger one? */
bool census_is_sure(const struct census_domain *domain);
/** census_headroom() - how many of them are left. */
uint32_t census_headroom(const struct census_domain *domain);

/**
 * census_ports_for() - ports that @in holds for @domid: connected with it or waiting for it
 */
uint32_t census_ports_for(const struct census_domain *in, uint32_t domid);

/**
 * census_carry() - take over from @old what is known of domains that are still there, so that only
 * new ones need be looked at; what comes from the hypervisor's list is kept as it is in @census
 * @old: what was taken is gone from it
 */
void census_carry(struct census *census, struct census *old);

/**
 * census_link() - count, for each domain, the ports of others that wait for it: each costs it one
 * of its own when it connects
 *
 * census_scan() does it; whoever changes domains afterwards does it again.
 */
void census_link(struct census *census);

#endif
