/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine of ports. Xen looks for a free port from 0 upwards at each allocation; here a
 * low-water mark remembers that nothing below it is free, which gives the same numbers without the
 * walk.
 */
#include "evtchn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "host.h"
#include "interface.h"

int evtchn_init(struct evtchn_table *table, uint32_t max_port)
{
	memset(table, 0, sizeof(*table));
	table->max_port = max_port < INT32_MAX ? max_port : INT32_MAX;
	table->abi_ports = EVTCHN_2L_PORTS;
	table->buckets = calloc(1, sizeof(*table->buckets));
	if (!table->buckets)
		return -ENOMEM;
	table->buckets[0] = calloc(EVTCHN_BUCKET, sizeof(struct evtchn));
	if (!table->buckets[0]) {
		evtchn_deinit(table);
		return -ENOMEM;
	}
	table->n_buckets = 1;
	table->buckets[0][0].reserved = 1;
	table->free_from = 1;
	return 0;
}

void evtchn_deinit(struct evtchn_table *table)
{
	for (uint32_t i = 0; i < table->n_buckets; i++)
		free(table->buckets[i]);
	free(table->buckets);
	memset(table, 0, sizeof(*table));
}

uint32_t evtchn_n_valid(const struct evtchn_table *table)
{
	return table->n_buckets * EVTCHN_BUCKET;
}

struct evtchn *evtchn_get(struct domain *domain, uint32_t port)
{
	struct evtchn_table *table = &domain->evtchn;

	if (port >= evtchn_n_valid(table))
		return NULL;
	return &table->buckets[port / EVTCHN_BUCKET][port % EVTCHN_BUCKET];
}

static int add_bucket(struct evtchn_table *table)
{
	struct evtchn **buckets;
	struct evtchn *bucket = calloc(EVTCHN_BUCKET, sizeof(*bucket));

	if (!bucket)
		return -ENOMEM;
	/* The array doubles: its capacity is the next power of two. */
	if (!(table->n_buckets & (table->n_buckets - 1))) {
		buckets = reallocarray(table->buckets, 2 * (size_t)table->n_buckets,
				       sizeof(struct evtchn *));
		if (!buckets) {
			free(bucket);
			return -ENOMEM;
		}
		table->buckets = buckets;
	}
	table->buckets[table->n_buckets++] = bucket;
	return 0;
}

static int take_port(struct domain *domain, enum evtchn_state state, uint32_t *port)
{
	struct evtchn_table *table = &domain->evtchn;
	struct evtchn *chn;
	uint32_t at = table->free_from;
	int r;

	if (domain->dying)
		return -EINVAL;
	while ((chn = evtchn_get(domain, at)) && (chn->state != EVTCHN_CLOSED || chn->reserved))
		at++;
	table->free_from = at;
	if (at > table->max_port || at >= table->abi_ports || host_fault_ports(domain))
		return -ENOSPC;
	if (!chn) {
		r = add_bucket(table);
		if (r < 0)
			return r;
		chn = evtchn_get(domain, at);
	}
	*chn = (struct evtchn){ .state = (uint8_t)state };
	table->free_from = at + 1;
	table->n_used++;
	*port = at;
	return 0;
}

int evtchn_alloc_unbound(struct domain *domain, uint16_t remote_domid, uint32_t *port)
{
	int r = take_port(domain, EVTCHN_UNBOUND, port);

	if (r < 0)
		return r;
	evtchn_get(domain, *port)->remote_domid = remote_domid;
	return 0;
}

int evtchn_alloc_xen_owned(struct domain *domain, uint16_t remote_domid, uint32_t *port)
{
	int r = evtchn_alloc_unbound(domain, remote_domid, port);

	if (r < 0)
		return r;
	evtchn_get(domain, *port)->xen_owned = 1;
	return 0;
}

int evtchn_bind_interdomain(struct domain *domain, struct domain *remote, uint32_t remote_port,
			    uint32_t *port)
{
	struct evtchn *theirs, *ours;
	uint32_t local;
	int r;

	/* Our own port comes first: a full table is reported before a bad remote port. */
	r = take_port(domain, EVTCHN_UNBOUND, &local);
	if (r < 0)
		return r;
	ours = evtchn_get(domain, local);
	ours->remote_domid = DOMID_INVALID;
	theirs = evtchn_get(remote, remote_port);
	if (!theirs || theirs->state != EVTCHN_UNBOUND || theirs->remote_domid != domain->id) {
		evtchn_close(domain, local);
		return -EINVAL;
	}
	ours->state = EVTCHN_INTERDOMAIN;
	ours->remote_domid = remote->id;
	ours->remote_port = remote_port;
	theirs->state = EVTCHN_INTERDOMAIN;
	theirs->remote_port = local;
	/* Something may have been sent before we were here to see it. */
	host_event(domain, local);
	*port = local;
	return 0;
}

static bool virq_is_per_vcpu(uint32_t virq)
{
	return virq == VIRQ_TIMER || virq == VIRQ_DEBUG || virq == VIRQ_XENOPROF ||
	       virq == VIRQ_XENPMU;
}

/* vCPU 0 has a table, as every global VIRQ ends there; the others are rare and looked up. */
static bool virq_is_bound(struct domain *domain, uint32_t virq, uint32_t vcpu)
{
	if (!vcpu)
		return domain->evtchn.virq_port[virq] != 0;
	for (uint32_t port = 1; port < evtchn_n_valid(&domain->evtchn); port++) {
		const struct evtchn *chn = evtchn_get(domain, port);

		if (chn->state == EVTCHN_VIRQ && chn->virq == virq && chn->vcpu == vcpu)
			return true;
	}
	return false;
}

int evtchn_bind_virq(struct domain *domain, uint32_t virq, uint32_t vcpu, uint32_t *port)
{
	int r;

	if (virq >= EVTCHN_VIRQS || (vcpu && !virq_is_per_vcpu(virq)))
		return -EINVAL;
	if (vcpu >= domain->n_vcpus)
		return -ENOENT;
	if (virq_is_bound(domain, virq, vcpu))
		return -EEXIST;
	r = take_port(domain, EVTCHN_VIRQ, port);
	if (r < 0)
		return r;
	evtchn_get(domain, *port)->virq = (uint8_t)virq;
	evtchn_get(domain, *port)->vcpu = (uint16_t)vcpu;
	if (!vcpu)
		domain->evtchn.virq_port[virq] = *port;
	return 0;
}

int evtchn_bind_ipi(struct domain *domain, uint32_t vcpu, uint32_t *port)
{
	int r;

	if (vcpu >= domain->n_vcpus)
		return -ENOENT;
	r = take_port(domain, EVTCHN_IPI, port);
	if (!r)
		evtchn_get(domain, *port)->vcpu = (uint16_t)vcpu;
	return r;
}

int evtchn_bind_pirq(struct domain *domain, uint32_t pirq, uint32_t *port)
{
	int r = take_port(domain, EVTCHN_PIRQ, port);

	if (!r)
		evtchn_get(domain, *port)->remote_port = pirq;
	return r;
}

static void close_port(struct domain *domain, struct evtchn *chn, uint32_t port)
{
	struct evtchn_table *table = &domain->evtchn;
	struct domain *remote;
	struct evtchn *theirs;

	if (chn->state == EVTCHN_VIRQ && !chn->vcpu)
		table->virq_port[chn->virq] = 0;
	if (chn->state == EVTCHN_INTERDOMAIN) {
		remote = host_domain(domain->host, chn->remote_domid);
		theirs = remote ? evtchn_get(remote, chn->remote_port) : NULL;
		assert(theirs && theirs->state == EVTCHN_INTERDOMAIN &&
		       theirs->remote_port == port);
		theirs->state = EVTCHN_UNBOUND;
		theirs->remote_domid = domain->id;
		theirs->remote_port = 0;
	}
	*chn = (struct evtchn){ .state = EVTCHN_CLOSED };
	table->n_used--;
	if (port < table->free_from)
		table->free_from = port;
}

int evtchn_close(struct domain *domain, uint32_t port)
{
	struct evtchn *chn = evtchn_get(domain, port);

	if (!chn || chn->state == EVTCHN_CLOSED || chn->xen_owned)
		return -EINVAL;
	close_port(domain, chn, port);
	return 0;
}

int evtchn_send(struct domain *domain, uint32_t port)
{
	struct evtchn *chn = evtchn_get(domain, port);
	struct domain *remote;

	if (!chn || chn->xen_owned)
		return -EINVAL;
	switch (chn->state) {
	case EVTCHN_INTERDOMAIN:
		remote = host_domain(domain->host, chn->remote_domid);
		assert(remote);
		host_event(remote, chn->remote_port);
		return 0;
	case EVTCHN_IPI:
		host_event(domain, port);
		return 0;
	case EVTCHN_UNBOUND:
		return 0;
	default:
		return -EINVAL;
	}
}

int evtchn_bind_vcpu(struct domain *domain, uint32_t port, uint32_t vcpu)
{
	struct evtchn *chn = evtchn_get(domain, port);

	if (vcpu >= domain->n_vcpus)
		return -ENOENT;
	if (!chn || chn->xen_owned)
		return -EINVAL;
	if (chn->state != EVTCHN_UNBOUND && chn->state != EVTCHN_INTERDOMAIN &&
	    chn->state != EVTCHN_PIRQ && (chn->state != EVTCHN_VIRQ || virq_is_per_vcpu(chn->virq)))
		return -EINVAL;
	chn->vcpu = (uint16_t)vcpu;
	return 0;
}

void evtchn_raise_virq(struct domain *domain, uint32_t virq)
{
	uint32_t port = domain->evtchn.virq_port[virq];

	if (port)
		host_event(domain, port);
}

void evtchn_use_fifo(struct domain *domain)
{
	domain->evtchn.abi_ports = EVTCHN_FIFO_PORTS;
}

void evtchn_reset(struct domain *domain)
{
	for (uint32_t port = 1; port < evtchn_n_valid(&domain->evtchn); port++)
		evtchn_close(domain, port);
	domain->evtchn.abi_ports = EVTCHN_2L_PORTS;
}

void evtchn_destroy(struct domain *domain)
{
	struct evtchn_table *table = &domain->evtchn;

	for (uint32_t port = 1; port < evtchn_n_valid(table) && table->n_used; port++) {
		struct evtchn *chn = evtchn_get(domain, port);

		if (chn->state != EVTCHN_CLOSED)
			close_port(domain, chn, port);
	}
}
