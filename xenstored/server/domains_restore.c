/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After a restart Xen still has most of the domains we knew. One that it lists under the same
 * handle is the one we knew: its page is mapped and its event channel bound again, at once if
 * something was on its way to or from the guest, else in its time (domains_wait.c). The others are
 * known only until the next check finds them gone, which tells those who wait for it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "model/quota.h"
#include "persist/persist.h"
#include "persist/saved.h"
#include "protocol/conn.h"
#include "server/domains.h"
#include "server/domains_priv.h"
#include "server/hypervisor.h"
#include "server/ringconn.h"
#include "server/server.h"

/* How often, and after what pauses, Xen is asked for the domains at the start: ten seconds. */
#define LIST_TRIES    100
#define LIST_PAUSE_US (100 * 1000)

void domains_save(struct domains *domains, const struct domain *domain)
{
	struct persist *persist = domains->server->persist;
	struct entry_domain saved = {
		.domid = domain->domid,
		.target = domain->target ? domain->target->domid : domain->domid,
		.port = domain->port,
		.features = domain->features,
		.unique_low = (uint32_t)domain->unique_id,
		.unique_high = (uint32_t)(domain->unique_id >> 32),
	};

	if (!persist)
		return;
	memcpy(saved.handle, domain->handle, sizeof(saved.handle));
	if (domain->is_shutdown)
		saved.entry.flags |= ENTRY_DOMAIN_SHUTDOWN;
	if (domain->was_introduced)
		saved.entry.flags |= ENTRY_DOMAIN_INTRODUCED;
	if (domain->ring) {
		saved.entry.flags |= ENTRY_DOMAIN_INTRODUCED;
		if (ringconn_is_ignored(domain->ring))
			saved.entry.flags |= ENTRY_DOMAIN_IGNORED;
		saved.client = ringconn_conn(domain->ring)->record.id;
	}
	persist_set_domain(persist, &saved);
}

static void mark_present(struct domains *domains, const struct hypervisor_domain *info, bool *flag)
{
	struct domain *domain = info->domid < QUOTA_DOMID_MAX ? domains->by_domid[info->domid]
							      : NULL;

	(void)flag;
	if (domain && !info->is_dying && domains_is_same(domains, domain, info))
		domain->seen_in = domains->pass;
}

static int add_known(struct domains *domains, const struct saved *saved)
{
	for (uint32_t domid = 1; domid < saved->n_domains; domid++) {
		const struct entry_domain *entry = saved_get_domain(saved, domid);
		struct domain *domain;
		int r;

		if (!entry)
			continue;
		r = domains_add(domains, domid, entry->handle, &domain);
		if (r < 0)
			return r;
		domain->features = entry->features;
		domain->port = entry->port;
		domain->unique_id = (uint64_t)entry->unique_high << 32 | entry->unique_low;
		domain->is_shutdown = entry->entry.flags & ENTRY_DOMAIN_SHUTDOWN;
		domain->was_introduced = entry->entry.flags & ENTRY_DOMAIN_INTRODUCED;
	}
	return 0;
}

static void restore_target(struct domains *domains, const struct entry_domain *entry)
{
	if (entry->target != entry->domid && entry->target < QUOTA_DOMID_MAX &&
	    domains->by_domid[entry->target])
		domains_aim(domains->by_domid[entry->domid], domains->by_domid[entry->target]);
}

/* A ring that cannot be served again is no reason not to serve the others. */
static int restore_ring(struct domains *domains, struct domain *domain,
			const struct entry_domain *entry, const struct saved_client *client)
{
	struct server *server = domains->server;
	int r = domains_attach(domains, domain, entry->port);

	if (r < 0) {
		log_warning(server->log, "domain %u: its ring cannot be served again: %s",
			    domain->domid, strerror(-r));
		domains_save(domains, domain);
		return 0;
	}
	return ringconn_restore(domain->ring, client, entry->entry.flags & ENTRY_DOMAIN_IGNORED);
}

static int restore_all(struct domains *domains, const struct saved *saved)
{
	int r = 0;

	for (uint32_t domid = 1; r == 0 && domid < saved->n_domains; domid++) {
		const struct entry_domain *entry = saved_get_domain(saved, domid);
		struct domain *domain = domains->by_domid[domid];
		const struct saved_client *client;

		if (!entry || domain->seen_in != domains->pass)
			continue;
		restore_target(domains, entry);
		client = saved_get_client(saved, entry->client);
		if (!domain->was_introduced || !client)
			continue;
		if (saved_is_quiet(client) && !(entry->entry.flags & ENTRY_DOMAIN_IGNORED))
			r = domains_wait(domains, domain, client);
		else
			r = restore_ring(domains, domain, entry, client);
	}
	return r;
}

/* Without the list nobody can be served; so Xen is asked until it answers, for a while. */
static int list_patiently(struct domains *domains,
			  void (*fn)(struct domains *domains, const struct hypervisor_domain *info,
				     bool *flag))
{
	struct log *log = domains->server->log;
	int r;

	for (int n = 0;; n++) {
		domains->pass++;
		r = domains_list(domains, fn, NULL);
		if (r == 0)
			return 0;
		if (n == LIST_TRIES)
			break;
		if (n == 0)
			log_warning(log, "domains cannot be listed, it is tried again: %s",
				    strerror(-r));
		usleep(LIST_PAUSE_US);
	}
	log_error(log, "domains cannot be listed: %s", strerror(-r));
	return r;
}

/*
 * A domain that Xen started together with the host has no toolstack to introduce it: its page has
 * waited for us, and names its event channel. Source: xs_wire.h, docs/misc/xenstore-ring.txt.
 */
static void adopt(struct domains *domains, const struct hypervisor_domain *info, bool *flag)
{
	struct server *server = domains->server;
	struct ring_page *page;
	uint32_t port;
	int r;

	(void)flag;
	if (info->domid == 0 || info->is_dying || info->domid >= QUOTA_DOMID_MAX ||
	    hypervisor_map_ring(server->hypervisor, info->domid, &page) < 0)
		return;
	port = ring_page_waits(page) ? ring_page_port(page) : 0;
	hypervisor_unmap_ring(server->hypervisor, info->domid, page);
	if (!port)
		return;
	r = domains_host.introduce(server, info->domid, port);
	log_info(server->log, "domain %u has waited for a store: %s", info->domid,
		 r < 0 ? strerror(-r) : "introduced");
}

int domains_adopt(struct domains *domains)
{
	return list_patiently(domains, adopt);
}

int domains_restore(struct domains *domains)
{
	struct server *server = domains->server;
	const struct saved *saved = server->persist ? persist_saved(server->persist) : NULL;
	int r;

	if (!saved)
		return 0;
	r = add_known(domains, saved);
	/* Without a hypervisor there are no rings, and no end of domains to be noticed. */
	if (r < 0 || !server->hypervisor)
		return r;
	r = list_patiently(domains, mark_present);
	if (r < 0)
		return r;
	domains_check_all(domains);
	return restore_all(domains, saved);
}

int domains_restore_own(struct domains *domains, struct domain *own)
{
	struct persist *persist = domains->server->persist;
	const struct saved *saved = persist ? persist_saved(persist) : NULL;
	const struct entry_domain *entry = saved ? saved_get_domain(saved, 0) : NULL;
	const struct saved_client *client = entry ? saved_get_client(saved, entry->client) : NULL;
	struct conn *conn = ringconn_conn(own->ring);
	int r = 0;

	if (!persist)
		return 0;
	if (client)
		r = ringconn_restore(own->ring, client, false);
	else
		persist_add_client(persist, conn, ringconn_out_at(own->ring));
	domains_save(domains, own);
	return r;
}
