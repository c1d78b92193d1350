/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains come to be known, are introduced, and are forgotten; domains_check.c says when. */
#include "server/domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <xen/xen.h>

#include "log.h"
#include "model/death.h"
#include "model/quota.h"
#include "model/store.h"
#include "persist/persist.h"
#include "ports.h"
#include "protocol/wire.h"
#include "server/domains_priv.h"
#include "server/hypervisor.h"
#include "server/options.h"
#include "server/ringconn.h"
#include "server/server.h"
#include "server/socket.h"
#include "server/update.h"
#include "step.h"

static bool virq_fired(struct port *port)
{
	((struct domains *)((char *)port - offsetof(struct domains, virq)))->is_due = true;
	return true;
}

static void on_retry(struct loop_timer *timer)
{
	domains_check_all((struct domains *)((char *)timer - offsetof(struct domains, retry)));
}

void domains_ring_ignored(struct domains *domains, uint32_t domid)
{
	domains_save(domains, domains->by_domid[domid]);
}

int domains_add(struct domains *domains, uint32_t domid, const uint8_t *handle, struct domain **out)
{
	struct domain *domain = calloc(1, sizeof(*domain));
	int r;

	if (!domain)
		return -ENOMEM;
	r = quota_open(domains->server->protocol->quota, domid, &domain->account);
	if (r < 0) {
		free(domain);
		return r;
	}
	domain->domid = domid;
	domain->features = WIRE_FEATURES;
	if (handle)
		memcpy(domain->handle, handle, sizeof(domain->handle));
	LIST_INIT(&domain->aimed_at);
	TAILQ_INSERT_TAIL(&domains->all, domain, all);
	domains->by_domid[domid] = domain;
	*out = domain;
	return 0;
}

void domains_aim(struct domain *domain, struct domain *target)
{
	if (domain->target)
		LIST_REMOVE(domain, aims);
	domain->target = target;
	if (target)
		LIST_INSERT_HEAD(&target->aimed_at, domain, aims);
	if (domain->ring)
		ringconn_set_target(domain->ring, target ? target->domid : domain->domid);
}

void domains_detach(struct domains *domains, struct domain *domain)
{
	if (!domain->ring)
		return;
	domains_leave(domains, domain);
	if (domains->server->persist)
		persist_remove_client(domains->server->persist, ringconn_conn(domain->ring));
	ringconn_free(domain->ring);
	domain->ring = NULL;
	if (domain->page && domain->domid == 0)
		hypervisor_unmap_own_ring(domain->page);
	else if (domain->page)
		hypervisor_unmap_ring(domains->server->hypervisor, domain->domid, domain->page);
	domain->page = NULL;
}

static void forget(struct domains *domains, struct domain *domain)
{
	while (!LIST_EMPTY(&domain->aimed_at)) {
		struct domain *other = LIST_FIRST(&domain->aimed_at);

		domains_aim(other, NULL);
		domains_save(domains, other);
	}
	domains_aim(domain, NULL);
	domains_detach(domains, domain);
	domains_close_left(domains, domain);
	domains->by_domid[domain->domid] = NULL;
	TAILQ_REMOVE(&domains->all, domain, all);
	if (domains->server->persist)
		persist_end_domain(domains->server->persist, domain->domid);
	free(domain);
}

void domains_destroy(struct domains *domains, struct domain *domain)
{
	struct protocol *protocol = domains->server->protocol;
	uint32_t domid = domain->domid;
	bool was_introduced = domain->ring || domain->was_introduced;

	/* First its ring, or it would be told of the end of its own nodes. */
	domains_detach(domains, domain);
	STEP("domain detached");
	death_sweep(protocol->store, protocol->watches, domid,
		    domains->server->options->keep_orphans);
	forget(domains, domain);
	quota_close(protocol->quota, domid);
	if (was_introduced)
		protocol_fire_special(protocol, STORE_RELEASE, domid, true, true);
	STEP("domain destroyed");
}

int domains_new(struct domains **out, struct server *server, uint32_t virq)
{
	CLEANUP(domains_free) struct domains *domains = calloc(1, sizeof(*domains));
	struct domain *own;
	int r;

	if (!domains)
		return -ENOMEM;
	domains->server = server;
	domains->retry.fn = on_retry;
	TAILQ_INIT(&domains->all);
	TAILQ_INIT(&domains->waiting);
	domains->by_domid = calloc(QUOTA_DOMID_MAX, sizeof(struct domain *));
	if (!domains->by_domid)
		return -ENOMEM;
	r = domains_add(domains, 0, NULL, &own);
	if (r < 0)
		return r;
	if (server->ports) {
		domains->virq.ready = virq_fired;
		r = virq ? ports_adopt(server->ports, &domains->virq, virq)
			 : ports_bind_virq(server->ports, &domains->virq, VIRQ_DOM_EXC);
		if (r == -EEXIST)
			log_error(server->log, "another xenstored is running: it has the event of "
					       "dying domains");
		if (r < 0)
			return r;
	}
	*out = STEAL(domains);
	return 0;
}

void domains_free(struct domains *domains)
{
	if (!domains)
		return;
	while (!TAILQ_EMPTY(&domains->all))
		forget(domains, TAILQ_FIRST(&domains->all));
	if (domains->server->ports)
		ports_unbind(domains->server->ports, &domains->virq);
	loop_timer_cancel(domains->server->loop, &domains->retry);
	loop_timer_cancel(domains->server->loop, &domains->scan);
	free(domains->by_domid);
	free(domains);
}

int domains_attach_own(struct domains *domains)
{
	struct server *server = domains->server;
	const struct options *options = server->options;
	struct domain *own = domains->by_domid[0];
	uint32_t port;
	int r;

	if (!server->hypervisor || own->ring)
		return 0;
	r = hypervisor_map_own_ring(options->kva_path, options->port_path, &own->page, &port);
	if (r < 0) {
		log_error(server->log, "dom0's ring (%s, %s): %s", options->kva_path,
			  options->port_path, strerror(-r));
		return r;
	}
	domains_close_left(domains, own);
	r = ringconn_new(&own->ring, server, 0, own->page, port, own->features, own->account);
	if (r < 0) {
		log_error(server->log, "dom0's event channel %u: %s", port, strerror(-r));
		hypervisor_unmap_own_ring(own->page);
		own->page = NULL;
		return r;
	}
	r = domains_restore_own(domains, own);
	if (r < 0)
		return r;
	ringconn_greet(own->ring);
	return 0;
}

static struct domains *of_ctx(void *ctx)
{
	return ((struct server *)ctx)->domains;
}

static int host_find(void *ctx, uint32_t domid)
{
	struct domains *domains = of_ctx(ctx);
	struct domain *domain = domains->by_domid[domid];
	struct hypervisor_domain info = { 0 };
	int r;

	if (domain)
		return 0;
	/* Without a hypervisor to ask, every domain may be there. */
	if (domains->server->hypervisor) {
		r = hypervisor_find(domains->server->hypervisor, domid, &info);
		if (r < 0)
			return r;
		if (info.is_dying)
			return -ENOENT;
	}
	r = domains_add(domains, domid, info.handle, &domain);
	if (r < 0)
		return r;
	domain->unique_id = info.unique_id;
	domains_save(domains, domain);
	return 0;
}

int domains_attach(struct domains *domains, struct domain *domain, uint32_t port)
{
	struct server *server = domains->server;
	int r = hypervisor_map_ring(server->hypervisor, domain->domid, &domain->page);

	if (r < 0)
		return r;
	/* Xen itself says the port in the page of a domain that it started with the host. */
	if (!domain->was_introduced && ring_page_port(domain->page))
		port = ring_page_port(domain->page);
	domains_close_left(domains, domain);
	r = ringconn_new(&domain->ring, server, domain->domid, domain->page, port, domain->features,
			 domain->account);
	if (r < 0) {
		hypervisor_unmap_ring(server->hypervisor, domain->domid, domain->page);
		domain->page = NULL;
		return r;
	}
	domain->port = port;
	domain->was_introduced = false;
	STEP("domain attached");
	ring_page_offer(domain->page, domain->features);
	if (domain->target)
		ringconn_set_target(domain->ring, domain->target->domid);
	return 0;
}

/* The guest begins anew, and so does all that is kept for it. */
static void reset(struct domains *domains, struct domain *domain)
{
	struct persist *persist = domains->server->persist;
	struct conn *conn = ringconn_conn(domain->ring);

	ringconn_reset(domain->ring);
	if (!persist)
		return;
	persist_remove_client(persist, conn);
	persist_add_client(persist, conn, 0);
	domains_save(domains, domain);
}

void domains_ring_reconnects(struct domains *domains, uint32_t domid)
{
	reset(domains, domains->by_domid[domid]);
}

static int host_introduce(void *ctx, uint32_t domid, uint32_t port)
{
	struct domains *domains = of_ctx(ctx);
	struct domain *domain;
	int r;

	if (!domains->server->hypervisor)
		return -EINVAL;
	r = host_find(ctx, domid);
	if (r < 0)
		return r == -ENOENT ? -EINVAL : r;
	domain = domains->by_domid[domid];
	domains_wait_no_more(domains, domain);
	if (domain->ring) {
		ringconn_rebind(domain->ring, port);
		domain->port = port;
	} else {
		r = domains_attach(domains, domain, port);
		if (r < 0)
			return r;
		domain->is_shutdown = false;
		protocol_fire_special(domains->server->protocol, STORE_INTRODUCE, domid, true,
				      true);
	}
	reset(domains, domain);
	return 0;
}

static int find_introduced(void *ctx, uint32_t domid, struct domain **out)
{
	struct domains *domains = of_ctx(ctx);

	*out = domid < QUOTA_DOMID_MAX ? domains->by_domid[domid] : NULL;
	return *out && (*out)->ring ? 0 : -ENOENT;
}

static int host_release(void *ctx, uint32_t domid)
{
	struct domain *domain;
	int r = find_introduced(ctx, domid, &domain);

	if (r < 0)
		return r;
	domains_destroy(of_ctx(ctx), domain);
	return 0;
}

static int host_resume(void *ctx, uint32_t domid)
{
	struct domain *domain;
	int r = find_introduced(ctx, domid, &domain);

	if (r < 0)
		return r;
	domain->is_shutdown = false;
	domains_save(of_ctx(ctx), domain);
	return 0;
}

static int host_set_target(void *ctx, uint32_t domid, uint32_t target_domid)
{
	struct domain *domain, *target;
	int r = find_introduced(ctx, domid, &domain);

	if (r == 0)
		r = find_introduced(ctx, target_domid, &target);
	if (r < 0)
		return r;
	domains_aim(domain, target);
	domains_save(of_ctx(ctx), domain);
	return 0;
}

static bool host_is_introduced(void *ctx, uint32_t domid)
{
	struct domain *domain;

	return find_introduced(ctx, domid, &domain) == 0;
}

static uint32_t host_features(void *ctx, uint32_t domid)
{
	return of_ctx(ctx)->by_domid[domid]->features;
}

static int host_set_features(void *ctx, uint32_t domid, uint32_t features)
{
	struct domains *domains = of_ctx(ctx);

	domains->by_domid[domid]->features = features;
	domains_save(domains, domains->by_domid[domid]);
	return 0;
}

static uint64_t host_now_ms(void *ctx)
{
	return loop_now_ms(((struct server *)ctx)->loop);
}

static struct conn *host_conn(void *ctx, uint32_t domid)
{
	struct domain *domain;

	return find_introduced(ctx, domid, &domain) == 0 ? ringconn_conn(domain->ring) : NULL;
}

static void host_describe(void *ctx, uint32_t domid, struct text *text)
{
	struct domain *domain;

	if (find_introduced(ctx, domid, &domain) == 0)
		ringconn_describe(domain->ring, text);
}

const struct protocol_host domains_host = {
	.introduce = host_introduce,
	.release = host_release,
	.resume = host_resume,
	.set_target = host_set_target,
	.is_introduced = host_is_introduced,
	.find = host_find,
	.features = host_features,
	.set_features = host_set_features,
	.conn = host_conn,
	.now_ms = host_now_ms,
	.describe = host_describe,
	.programs = socket_programs,
	.update = update_control,
};
