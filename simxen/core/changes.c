/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bit for each number. */
#include "changes.h"

#include <errno.h>
#include <string.h>

#include "domain.h"
#include "host.h"
#include "interface.h"

void changes_note(struct host *host, uint16_t domid)
{
	host->changed[domid / 64] |= 1ull << domid % 64;
}

void changes_begin(struct host *host)
{
	struct domain *domain;

	memset(host->changed, 0, sizeof(host->changed));
	for (domain = host_next_domain(host, 0); domain;
	     domain = host_next_domain(host, domain->id + 1u))
		changes_note(host, domain->id);
}

int changes_next(struct host *host, uint16_t *domid)
{
	if (!host_domain(host, 0)->evtchn.virq_port[VIRQ_DOM_EXC])
		return -ENOENT;
	for (uint32_t i = 0; i < sizeof(host->changed) / sizeof(host->changed[0]); i++) {
		if (!host->changed[i])
			continue;
		*domid = (uint16_t)(64 * i + (uint32_t)__builtin_ctzll(host->changed[i]));
		host->changed[i] &= host->changed[i] - 1;
		return 0;
	}
	return -ENOENT;
}
