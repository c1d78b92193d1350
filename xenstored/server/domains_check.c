/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has died or shut down. Xen says only that some domain has, and says it once for several: then
 * all domains are listed in one pass and compared with ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "log.h"
#include "model/quota.h"
#include "model/store.h"
#include "server/domains.h"
#include "server/domains_priv.h"
#include "server/hypervisor.h"
#include "server/server.h"

/* After Xen would not say which domains there are. */
#define RETRY_MS 100

static void compare(struct domains *domains, const struct hypervisor_domain *info, bool *shutdown)
{
	struct domain *domain = info->domid < QUOTA_DOMID_MAX ? domains->by_domid[info->domid]
							      : NULL;

	if (!domain || domain->domid == 0)
		return;
	/* Dying is dead to us: as long as its page is mapped here, it cannot go any further. */
	if (info->is_dying || memcmp(domain->handle, info->handle, sizeof(info->handle)) != 0)
		return;
	domain->seen_in = domains->pass;
	if (!info->is_shutdown || domain->is_shutdown || !domain->ring)
		return;
	domain->is_shutdown = true;
	domains_save(domains, domain);
	protocol_fire_special(domains->server->protocol, STORE_RELEASE, domain->domid, false, true);
	*shutdown = true;
}

int domains_list(struct domains *domains,
		 void (*fn)(struct domains *domains, const struct hypervisor_domain *info,
			    bool *flag),
		 bool *flag)
{
	struct hypervisor_domain *list = calloc(HYPERVISOR_LIST_MAX, sizeof(*list));
	uint32_t first = 0;
	int n;

	if (!list)
		return -ENOMEM;
	do {
		n = hypervisor_list(domains->server->hypervisor, first, list);
		for (int i = 0; i < n; i++)
			fn(domains, &list[i], flag);
		if (n > 0)
			first = list[n - 1].domid + 1;
	} while (n == HYPERVISOR_LIST_MAX);
	free(list);
	return n < 0 ? n : 0;
}

void domains_check(struct domains *domains)
{
	struct domain *domain, *next;
	bool shutdown = false;
	int r;

	if (!domains->is_due)
		return;
	domains->is_due = false;
	domains->pass++;
	r = domains_list(domains, compare, &shutdown);
	if (r < 0) {
		/* Nothing is known: try again rather than believe that all are dead. */
		if (!domains->is_unlisted)
			log_error(domains->server->log,
				  "domains cannot be listed, it is tried again: %s", strerror(-r));
		domains->is_unlisted = true;
		loop_timer_set(domains->server->loop, &domains->retry, RETRY_MS);
		return;
	}
	domains->is_unlisted = false;
	TAILQ_FOREACH_SAFE(domain, &domains->all, all, next)
	if (domain->domid != 0 && domain->seen_in != domains->pass) {
		if (domain->ring)
			shutdown = false; /* its end is told by domains_destroy() */
		domains_destroy(domains, domain);
	}
	if (shutdown)
		protocol_fire_special(domains->server->protocol, STORE_RELEASE, 0, true, false);
}
