/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that put requests into their ring and send no event, against the rules: if it is asked
 * for, each ring is looked at once in a while. A part of them at a time, so that nobody waits.
 */
#include <stddef.h>

#include "model/quota.h"
#include "server/domains.h"
#include "server/domains_priv.h"
#include "server/options.h"
#include "server/ringconn.h"
#include "server/server.h"

#define PARTS 16

static void set_timer(struct domains *domains)
{
	uint64_t interval_ms = (uint64_t)domains->server->options->ring_scan_s * 1000;

	if (interval_ms)
		loop_timer_set(domains->server->loop, &domains->scan, interval_ms / PARTS);
}

static void on_scan(struct loop_timer *timer)
{
	struct domains *domains =
		(struct domains *)((char *)timer - offsetof(struct domains, scan));
	uint32_t end = domains->scanned + QUOTA_DOMID_MAX / PARTS + 1;

	for (; domains->scanned < end && domains->scanned < QUOTA_DOMID_MAX; domains->scanned++) {
		const struct domain *domain = domains->by_domid[domains->scanned];

		if (domain && domain->ring)
			ringconn_look(domain->ring);
	}
	if (domains->scanned == QUOTA_DOMID_MAX)
		domains->scanned = 0;
	set_timer(domains);
}

void domains_scan(struct domains *domains)
{
	domains->scan.fn = on_scan;
	set_timer(domains);
}
