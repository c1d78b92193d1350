/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has died or shut down. Xen says only that some domain has, and says it once for several. From
 * 4.21 on it can be asked which ones; else, and after a start, all domains are listed in one pass
 * and compared with ours.
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
#include "server/ringconn.h"
#include "server/server.h"

/* After Xen would not say which domains there are. */
#define RETRY_MS 100

/* An event channel ends with its domain: whoever is at the other end of the one we bound is the
 * same.
 */
static bool is_connected(struct domains *domains, const struct domain *domain)
{
	uint32_t local = domain->ring ? ringconn_state(domain->ring).port : 0;

	return local && hypervisor_is_connected(domains->server->hypervisor, local, domain->domid);
}

bool domains_is_same(struct domains *domains, struct domain *domain,
		     const struct hypervisor_domain *info)
{
	uint64_t unique_id = hypervisor_unique_id(domains->server->hypervisor, domain->domid);
	bool is_new_handle;

	if (domain->unique_id && unique_id)
		return domain->unique_id == unique_id;
	is_new_handle = memcmp(domain->handle, info->handle, sizeof(info->handle)) != 0;
	if (is_new_handle && !is_connected(domains, domain))
		return false;
	if (is_new_handle || unique_id) {
		memcpy(domain->handle, info->handle, sizeof(info->handle));
		domain->unique_id = unique_id;
		domains_save(domains, domain);
	}
	return true;
}

/* It is there; has it shut down since it was looked at last? */
static void note_shutdown(struct domains *domains, struct domain *domain, bool is_shutdown,
			  bool *told)
{
	if (!is_shutdown || domain->is_shutdown || !domain->ring)
		return;
	domain->is_shutdown = true;
	domains_save(domains, domain);
	protocol_fire_special(domains->server->protocol, STORE_RELEASE, domain->domid, false, true);
	*told = true;
}

static struct domain *known(const struct domains *domains, uint32_t domid)
{
	return domid && domid < QUOTA_DOMID_MAX ? domains->by_domid[domid] : NULL;
}

static void compare(struct domains *domains, const struct hypervisor_domain *info, bool *shutdown)
{
	struct domain *domain = known(domains, info->domid);

	/* Dying is dead to us: as long as its page is mapped here, it cannot go any further. */
	if (!domain || info->is_dying || !domains_is_same(domains, domain, info))
		return;
	domain->seen_in = domains->pass;
	note_shutdown(domains, domain, info->is_shutdown, shutdown);
}

static void end(struct domains *domains, struct domain *domain, bool *shutdown)
{
	if (domain->ring)
		*shutdown = false; /* its end is told by domains_destroy() */
	domains_destroy(domains, domain);
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

void domains_check_all(struct domains *domains)
{
	domains->is_due = true;
	domains->is_all_due = true;
}

/* Those that Xen says have changed. 0 or what it says instead. */
static int check_changed(struct domains *domains, bool *shutdown)
{
	struct hypervisor_domain info;
	struct domain *domain;
	int r;

	while ((r = hypervisor_next_changed(domains->server->hypervisor, &info)) == 0) {
		domain = known(domains, info.domid);
		if (!domain)
			continue;
		/* A number without a domain has the unique id 0. */
		if (info.is_dying || (domain->unique_id && info.unique_id != domain->unique_id) ||
		    !info.unique_id)
			end(domains, domain, shutdown);
		else
			note_shutdown(domains, domain, info.is_shutdown, shutdown);
	}
	return r == -ENOENT ? 0 : r;
}

static int check_all(struct domains *domains, bool *shutdown)
{
	struct domain *domain, *next;
	int r;

	domains->pass++;
	r = domains_list(domains, compare, shutdown);
	if (r < 0)
		return r;
	TAILQ_FOREACH_SAFE(domain, &domains->all, all, next)
	if (domain->domid != 0 && domain->seen_in != domains->pass)
		end(domains, domain, shutdown);
	return 0;
}

static void __attribute__((noinline)) check_due(struct domains *domains)
{
	bool shutdown = false;
	int r = -EOPNOTSUPP;

	domains->is_due = false;
	if (!domains->is_all_due)
		r = check_changed(domains, &shutdown);
	if (r < 0)
		r = check_all(domains, &shutdown);
	domains->is_all_due = r < 0;
	if (r < 0) {
		/* Nothing is known: try again rather than believe that all are dead. */
		if (!domains->is_unlisted)
			log_error(domains->server->log,
				  "domains cannot be listed, it is tried again: %s", strerror(-r));
		loop_timer_set(domains->server->loop, &domains->retry, RETRY_MS);
	}
	domains->is_unlisted = r < 0;
	if (shutdown)
		protocol_fire_special(domains->server->protocol, STORE_RELEASE, 0, true, false);
}

/* Most turns have nothing to ask. */
void domains_check(struct domains *domains)
{
	if (domains->is_due)
		check_due(domains);
}
