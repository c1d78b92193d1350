/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All domains of a host at one moment, each with its table: what every view and check is made from.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>

#include "abi.h"
#include "cap.h"
#include "domtype.h"
#include "scan.h"
#include "tally.h"

struct host_domain {
	uint32_t domid;
	char *name; /* owned; NULL: nobody knows one */
	uint8_t handle[CAP_HANDLE_SIZE];
	enum domtype type;
	bool dying, paused, shutdown;
	uint32_t n_vcpus;
	uint64_t memory_kib;
	struct abi_evidence
		evidence; /* what the collectors found out; host_scan() adds the table's size */
	struct abi abi;
	struct cap cap;
	struct scan scan; /* scan.error says whether it could be read */
	struct tally tally;
};

struct host {
	struct host_domain *domains; /* owned; rising domid */
	size_t n_domains;
	uint32_t self; /* the domain we run in */
};

void host_deinit(struct host *host);

/**
 * host_set_domains() - make room for @n domains, all zero
 *
 * Return: 0 or -ENOMEM. The caller fills in what it knows, domids rising.
 */
int host_set_domains(struct host *host, size_t n);

/**
 * host_scan() - read and add up the tables of all domains
 *
 * Domains that have gone meanwhile (-ESRCH) are dropped from @host. A table that cannot be read for
 * another reason stays in with its error, and the first such error is the answer, after all others
 * have been read.
 *
 * Return: 0, -ENOMEM, or the first scan error.
 */
int host_scan(struct host *host, const struct scan_source *source);

/** host_scan_domain() - the same for one of them. Return: 0, -ENOMEM, or its scan error. */
int host_scan_domain(struct host_domain *domain, const struct scan_source *source);

/** host_find(), host_find_name() - borrowed, or NULL. */
struct host_domain *host_find(const struct host *host, uint32_t domid);
struct host_domain *host_find_name(const struct host *host, const char *name);

/** host_usable() - ports that the domain's interface and cap let it use. */
uint32_t host_usable(const struct host_domain *domain);
/** host_headroom() - how many of them are left. */
uint32_t host_headroom(const struct host_domain *domain);

/**
 * host_ports_for() - ports that @in holds for @domid: connected with it or waiting for it
 */
uint32_t host_ports_for(const struct host_domain *in, uint32_t domid);

/**
 * host_pending() - ports in the tables of others that wait for domain @domid: each costs it one of
 * its own when it connects
 */
uint32_t host_pending(const struct host *host, uint32_t domid);

#endif
