/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live update and domains. Event channels live on with their handle; ring pages are mapped anew
 * through the grant. One whose page cannot be mapped any more stays known, until its end is noticed
 * and told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>

#include "log.h"
#include "model/perms.h"
#include "model/quota.h"
#include "model/store.h"
#include "persist/persist.h"
#include "protocol/conn.h"
#include "protocol/wire.h"
#include "server/domains.h"
#include "server/domains_priv.h"
#include "server/handover.h"
#include "server/hypervisor.h"
#include "server/options.h"
#include "server/ringconn.h"
#include "server/server.h"
#include "server/takeover.h"
#include "update/restore.h"

void domains_each_conn(struct domains *domains, void (*fn)(void *ctx, struct conn *conn), void *ctx)
{
	struct domain *domain;

	TAILQ_FOREACH (domain, &domains->all, all)
		if (domain->ring)
			fn(ctx, ringconn_conn(domain->ring));
}

static void check_stall(void *ctx, struct conn *conn)
{
	(void)ctx;
	conn_check_stall(conn);
}

void domains_check_stalls(struct domains *domains)
{
	domains_each_conn(domains, check_stall, NULL);
}

uint32_t domains_virq_port(const struct domains *domains)
{
	return domains->virq.local;
}

int domains_virq(struct domains *domains, bool have)
{
	struct ports *ports = domains->server->ports;

	if (!ports)
		return 0;
	if (have)
		return ports_bind_virq(ports, &domains->virq, VIRQ_DOM_EXC);
	ports_unbind(ports, &domains->virq);
	return 0;
}

static void hand_over_known(struct domains *domains, struct handover *handover)
{
	struct domain *domain;

	TAILQ_FOREACH (domain, &domains->all, all) {
		bool is_ignored = domain->ring && ringconn_is_ignored(domain->ring);
		bool is_introduced = domain->ring || domain->was_introduced;
		struct stream_own_domain out = {
			.domid = domain->domid,
			.remote_port = domain->port,
			.features = domain->features,
			.flags = (is_introduced ? STREAM_DOMAIN_INTRODUCED : 0) |
				 (domain->is_shutdown ? STREAM_DOMAIN_SHUTDOWN : 0) |
				 (is_ignored ? STREAM_DOMAIN_IGNORED : 0),
			.unique_id = domain->unique_id,
		};

		memcpy(out.handle, domain->handle, sizeof(out.handle));
		writer_own_domain(&handover->writer, &out);
	}
}

static void hand_over_ring(struct domain *domain, struct handover *handover)
{
	struct stream_conn head = {
		.domid = domain->domid,
		.target = domain->target ? domain->target->domid : STREAM_NO_TARGET,
	};
	struct ringconn_state state;

	/* Without a ring it stays known to the next daemon as one that is deaf. */
	if (!domain->ring) {
		static const struct conn nothing = { 0 };

		domains_close_left(handover->server->domains, domain);
		handover_client(handover, &nothing, &head, 0, 0);
		return;
	}
	state = ringconn_state(domain->ring);
	head.port = state.port;
	handover_client(handover, ringconn_conn(domain->ring), &head, state.req_cons,
			state.rsp_prod);
}

void domains_hand_over(struct domains *domains, struct handover *handover)
{
	struct domain *domain;

	if (handover->own && !handover->second_pass)
		hand_over_known(domains, handover);
	/* Dom0 is the first: with it the stock daemon makes its store. */
	TAILQ_FOREACH (domain, &domains->all, all)
		if (domain->ring || domain->was_introduced)
			hand_over_ring(domain, handover);
}

/* The stock daemon must know a domain before it can be told anything of it. */
void domains_hand_over_limits(struct domains *domains, struct handover *handover)
{
	struct domain *domain;

	TAILQ_FOREACH (domain, &domains->all, all)
		if (handover->own || domain->ring || domain->account->used[QUOTA_NODES])
			dump_limits(&handover->writer, domain->account, domain->features);
}

/* -- in the new program -- */

struct arrival {
	struct domains *domains;
	uint32_t n_unknown;
};

static int know(struct domains *domains, uint32_t domid, const uint8_t *handle, struct domain **out)
{
	static const uint8_t nobody[16];

	if (domid >= QUOTA_DOMID_MAX)
		return -EBADMSG;
	*out = domains->by_domid[domid];
	return *out ? 0 : domains_add(domains, domid, handle ? handle : nobody, out);
}

static int add_own(struct domains *domains, const struct stream_own_domain *in)
{
	struct domain *domain;
	int r = know(domains, in->domid, in->handle, &domain);

	if (r < 0)
		return r;
	domain->features = in->features;
	domain->port = in->remote_port;
	domain->unique_id = in->unique_id;
	domain->is_shutdown = in->flags & STREAM_DOMAIN_SHUTDOWN;
	domain->was_introduced = in->flags & STREAM_DOMAIN_INTRODUCED;
	return 0;
}

static int add_ring(struct domains *domains, const struct stream_conn *in)
{
	struct domain *domain;
	int r = know(domains, in->domid, NULL, &domain);

	if (r == 0 && in->unique_id)
		domain->unique_id = in->unique_id;
	return r;
}

static int add_limits(struct arrival *arrival, const struct reader *reader,
		      const struct stream_domain *in)
{
	struct domains *domains = arrival->domains;
	struct domain *domain;
	int r = know(domains, in->domid, NULL, &domain);

	if (r < 0)
		return r;
	if (reader->version >= 2)
		domain->features = in->features & WIRE_FEATURES;
	restore_limits(reader, in, domains->server->protocol, &arrival->n_unknown);
	return 0;
}

static int arrive_known(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct arrival *arrival = ctx;
	int r = 0;

	if (record->type == STREAM_OWN_DOMAIN)
		r = add_own(arrival->domains, &record->own_domain);
	else if (record->type == STREAM_DOMAIN)
		r = add_limits(arrival, reader, &record->domain);
	else if (record->type == STREAM_CONN && !record->conn.is_socket)
		r = add_ring(arrival->domains, &record->conn);
	return r;
}

/* Others do not say under which handle they knew a domain, nor which ones they only knew. */
static void learn(struct domains *domains, const struct hypervisor_domain *info, bool *flag)
{
	const struct store *store = domains->server->protocol->store;
	static const uint8_t nobody[16];
	struct domain *domain;

	(void)flag;
	if (!info->domid || info->domid >= QUOTA_DOMID_MAX || info->is_dying)
		return;
	domain = domains->by_domid[info->domid];
	if (!domain && perms_first_mention(store->perms, info->domid))
		domains_add(domains, info->domid, info->handle, &domain);
	if (domain && memcmp(domain->handle, nobody, sizeof(nobody)) == 0)
		memcpy(domain->handle, info->handle, sizeof(domain->handle));
}

int domains_arrive(struct domains *domains, const struct restore *restore)
{
	struct arrival arrival = { .domains = domains };
	int r = restore_walk(restore, arrive_known, &arrival);

	if (r == 0 && domains->server->hypervisor && !restore->server.version)
		r = domains_list(domains, learn, NULL);
	if (domains->server->hypervisor)
		domains_check_all(domains);
	return r;
}

static bool ignore_event(struct port *port)
{
	(void)port;
	return false;
}

void domains_close_left(struct domains *domains, struct domain *domain)
{
	struct port port = { .ready = ignore_event };

	/* Until now only the kernel knew of it. */
	if (domain->left_port && ports_adopt(domains->server->ports, &port, domain->left_port) == 0)
		ports_unbind(domains->server->ports, &port);
	domain->left_port = 0;
}

/* Maps the page and takes the port; without them the domain is deaf. */
static int attach(struct domains *domains, struct domain *domain, uint32_t local)
{
	struct server *server = domains->server;
	const struct options *options = server->options;
	uint32_t port = 0;
	int r;

	if (domain->domid == 0)
		r = hypervisor_map_own_ring(options->kva_path, options->port_path, &domain->page,
					    &port);
	else
		r = hypervisor_map_ring(server->hypervisor, domain->domid, &domain->page);
	if (r < 0)
		return r;
	if (!domain->port)
		domain->port = port ? port : hypervisor_peer_port(server->hypervisor, local);
	r = ringconn_take(&domain->ring, server, domain->domid, domain->page, local,
			  domain->features, domain->account);
	if (r == 0) {
		domain->was_introduced = false;
		return 0;
	}
	if (domain->domid == 0)
		hypervisor_unmap_own_ring(domain->page);
	else
		hypervisor_unmap_ring(server->hypervisor, domain->domid, domain->page);
	domain->page = NULL;
	return r;
}

int domains_take_ring(struct domains *domains, const struct stream_conn *in,
		      const struct stream_own_client *own, struct conn **out, uint32_t *out_at)
{
	struct domain *domain = domains->by_domid[in->domid];
	int r;

	*out = NULL;
	if (!domain || domain->ring || !domains->server->hypervisor)
		return -EBADMSG;
	r = in->port ? attach(domains, domain, in->port) : -ENOTCONN;
	if (r < 0) {
		domain->was_introduced = true;
		domain->left_port = in->port;
		log_warning(domains->server->log, "domain %u: its ring cannot be served again: %s",
			    in->domid, strerror(-r));
		return r == -ENOMEM ? r : 0;
	}
	if (domain->domid)
		ring_page_offer(domain->page, domain->features);
	if (own)
		ringconn_set(domain->ring, own->req_cons, own->rsp_prod);
	*out = ringconn_conn(domain->ring);
	*out_at = ringconn_out_at(domain->ring);
	return 0;
}

static int settle(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct domains *domains = ctx;
	struct domain *domain = NULL;

	(void)reader;
	if (record->type == STREAM_OWN_DOMAIN && record->own_domain.flags & STREAM_DOMAIN_IGNORED)
		domain = domains->by_domid[record->own_domain.domid];
	if (domain && domain->ring)
		ringconn_ignore(domain->ring);
	if (record->type == STREAM_CONN && !record->conn.is_socket &&
	    record->conn.target != record->conn.domid && record->conn.target < QUOTA_DOMID_MAX &&
	    domains->by_domid[record->conn.target])
		domains_aim(domains->by_domid[record->conn.domid],
			    domains->by_domid[record->conn.target]);
	return 0;
}

int domains_settle(struct domains *domains, const struct restore *restore)
{
	struct domain *domain;
	int r = restore_walk(restore, settle, domains);

	TAILQ_FOREACH (domain, &domains->all, all) {
		domains_save(domains, domain);
		if (domain->ring)
			ringconn_resume(domain->ring);
	}
	return r;
}
