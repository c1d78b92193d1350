/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping thousands of pages and binding as many event channels takes longer than all the rest of a
 * restart. Rings on which nothing was on its way are therefore served again while others are served
 * already, some in each turn; one for which there is something to send, before that turn is
 * committed: only the page says how much the guest has taken.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "persist/persist.h"
#include "protocol/ticks.h"
#include "server/domains.h"
#include "server/domains_priv.h"
#include "server/hypervisor.h"
#include "server/ringconn.h"
#include "server/server.h"
#include "step.h"

/*
 * Everybody else waits in each turn for as long as their own requests took, within these bounds:
 * those who are late must not wait the longer the more the others ask. For tests of what comes
 * between: one ring's time.
 */
#ifdef XENSTORED_STEPS
#define SLICE_MIN_NS 1
#define SLICE_MAX_NS 1
#else
#define SLICE_MIN_NS 1000000
#define SLICE_MAX_NS 20000000
#endif

int domains_wait(struct domains *domains, struct domain *domain, const struct saved_client *client)
{
	struct server *server = domains->server;
	int r = ringconn_new_waiting(&domain->ring, server, domain->domid, domain->features,
				     domain->account);

	if (r < 0)
		return r;
	domain->was_introduced = false;
	if (domain->target)
		ringconn_set_target(domain->ring, domain->target->domid);
	TAILQ_INSERT_TAIL(&domains->waiting, domain, waits);
	server->has_waiting = true;
	return persist_restore_client(server->persist, ringconn_conn(domain->ring), client, 0);
}

void domains_leave(struct domains *domains, struct domain *domain)
{
	if (!domain->ring || domain->page)
		return;
	TAILQ_REMOVE(&domains->waiting, domain, waits);
	domains->n_wanted -= domain->is_wanted;
	domain->is_wanted = false;
}

void domains_ring_wanted(struct domains *domains, uint32_t domid)
{
	struct domain *domain = domains->by_domid[domid];

	if (domain->is_wanted)
		return;
	TAILQ_REMOVE(&domains->waiting, domain, waits);
	TAILQ_INSERT_HEAD(&domains->waiting, domain, waits);
	domain->is_wanted = true;
	domains->n_wanted++;
}

static int map(struct domains *domains, struct domain *domain, struct ring_page **page)
{
	struct hypervisor *hypervisor = domains->server->hypervisor;
	int r = hypervisor_map_ring(hypervisor, domain->domid, page);

	if (r < 0)
		return r;
	r = ringconn_attach(domain->ring, *page, domain->port);
	if (r < 0)
		hypervisor_unmap_ring(hypervisor, domain->domid, *page);
	return r;
}

void domains_wait_no_more(struct domains *domains, struct domain *domain)
{
	struct ring_page *page;
	int r;

	if (!domain->ring || domain->page)
		return;
	r = map(domains, domain, &page);
	if (r < 0) {
		log_warning(domains->server->log, "domain %u: its ring cannot be served again: %s",
			    domain->domid, strerror(-r));
		domains_detach(domains, domain);
		domain->was_introduced = true;
		domains_save(domains, domain);
		return;
	}
	domains_leave(domains, domain);
	domain->page = page;
	ring_page_offer(page, domain->features);
	STEP("domain attached in its time");
}

static uint64_t slice_ns(const struct domains *domains, uint64_t now_ns)
{
	uint64_t others_ns = domains->attended_ns ? now_ns - domains->attended_ns : 0;

	if (others_ns < SLICE_MIN_NS)
		return SLICE_MIN_NS;
	return others_ns < SLICE_MAX_NS ? others_ns : SLICE_MAX_NS;
}

bool domains_attend(struct domains *domains, bool all)
{
	uint64_t now_ns = ticks_clock_ns(), end_ns = now_ns + slice_ns(domains, now_ns);
	struct domain *domain;

	while ((domain = TAILQ_FIRST(&domains->waiting))) {
		domains_wait_no_more(domains, domain);
		if (!all && !domains->n_wanted && ticks_clock_ns() >= end_ns)
			break;
	}
	domains->attended_ns = ticks_clock_ns();
	domain = TAILQ_FIRST(&domains->waiting);
	domains->server->has_waiting = domain;
	return domain;
}
