/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels as Xen keeps them: per domain a table of ports that grows by buckets of 64, each
 * port in one of the states below, an interdomain port naming its other end.
 *
 * Source of every rule: xen/event_channel.h and observation of Xen 4.17.
 */
#ifndef EVTCHN_H
#define EVTCHN_H

#include <stdbool.h>
#include <stdint.h>

struct domain;

#define EVTCHN_BUCKET	   64
#define EVTCHN_2L_PORTS	   4096
#define EVTCHN_FIFO_PORTS  (1u << 17)
#define EVTCHN_VIRQS	   24
#define EVTCHN_MAX_BUCKETS (EVTCHN_FIFO_PORTS / EVTCHN_BUCKET)

/* Numbered as EVTCHNOP_status reports them. */
enum evtchn_state {
	EVTCHN_CLOSED,
	EVTCHN_UNBOUND,
	EVTCHN_INTERDOMAIN,
	EVTCHN_PIRQ,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
};

struct evtchn {
	uint8_t state;
	uint8_t xen_owned : 1; /* the hypervisor itself consumes it: nobody may look or touch */
	uint8_t reserved : 1;  /* port 0 */
	uint8_t virq;
	uint16_t remote_domid; /* unbound, interdomain */
	uint16_t vcpu;	       /* notified vCPU */
	uint32_t remote_port;  /* interdomain; the number of a pirq */
};

/* Embedded in its domain. */
struct evtchn_table {
	struct evtchn **buckets; /* owned, n_buckets of them */
	uint32_t n_buckets;
	uint32_t max_port;  /* the domain's cap, highest number inclusive */
	uint32_t abi_ports; /* EVTCHN_2L_PORTS or EVTCHN_FIFO_PORTS */
	uint32_t free_from; /* no port below this one is free */
	uint32_t n_used;    /* ports that are not closed */
	/* Port of each VIRQ of vCPU 0, or 0. */
	uint32_t virq_port[EVTCHN_VIRQS];
};

/**
 * evtchn_init() - a table with its first bucket and port 0 reserved
 *
 * Return: 0 or -ENOMEM.
 */
int evtchn_init(struct evtchn_table *table, uint32_t max_port);
void evtchn_deinit(struct evtchn_table *table);

/** evtchn_n_valid() - ports below this number exist; EVTCHNOP_status answers EINVAL above. */
uint32_t evtchn_n_valid(const struct evtchn_table *table);

/** evtchn_get() - the port, or NULL beyond the table. */
struct evtchn *evtchn_get(struct domain *domain, uint32_t port);

/**
 * evtchn_alloc_unbound() - offer a port of @domain to @remote_domid (which need not exist)
 *
 * Return: 0, -EINVAL (@domain is dying), -ENOSPC (cap or ABI limit), -ENOMEM.
 */
int evtchn_alloc_unbound(struct domain *domain, uint16_t remote_domid, uint32_t *port);

/**
 * evtchn_bind_interdomain() - connect a new port of @domain to @remote_port of @remote
 *
 * The new port is pending at once.
 *
 * Return: 0, -EINVAL (@domain is dying; port not there, not unbound, or offered to another),
 * -ENOSPC, -ENOMEM.
 */
int evtchn_bind_interdomain(struct domain *domain, struct domain *remote, uint32_t remote_port,
			    uint32_t *port);

/**
 * evtchn_bind_virq() - route @virq of @vcpu to a new port
 *
 * Return: 0, -EINVAL (no such VIRQ; a global one on a vCPU other than 0), -ENOENT (no such vCPU),
 * -EEXIST (taken), -ENOSPC, -ENOMEM.
 */
int evtchn_bind_virq(struct domain *domain, uint32_t virq, uint32_t vcpu, uint32_t *port);

/** evtchn_bind_ipi() - 0, -ENOENT (no such vCPU), -ENOSPC, -ENOMEM. */
int evtchn_bind_ipi(struct domain *domain, uint32_t vcpu, uint32_t *port);

/** evtchn_bind_pirq() - a port for physical interrupt @pirq; as evtchn_alloc_unbound(). */
int evtchn_bind_pirq(struct domain *domain, uint32_t pirq, uint32_t *port);

/** evtchn_alloc_xen_owned() - a port of @domain that the hypervisor consumes; as
 * evtchn_alloc_unbound(). */
int evtchn_alloc_xen_owned(struct domain *domain, uint16_t remote_domid, uint32_t *port);

/**
 * evtchn_close() - free @port; the other end of a connection becomes unbound, silently
 *
 * Return: 0 or -EINVAL (not there, closed, reserved, or Xen's own).
 */
int evtchn_close(struct domain *domain, uint32_t port);

/**
 * evtchn_send() - raise the event at the other end; an unbound port swallows it
 *
 * Return: 0 or -EINVAL (not there, or no kind that can send).
 */
int evtchn_send(struct domain *domain, uint32_t port);

/**
 * evtchn_bind_vcpu() - have @vcpu notified
 *
 * Return: 0, -EINVAL (port not bindable so), -ENOENT (no such vCPU).
 */
int evtchn_bind_vcpu(struct domain *domain, uint32_t port, uint32_t vcpu);

/** evtchn_raise_virq() - global @virq of @domain, if somebody has bound it. */
void evtchn_raise_virq(struct domain *domain, uint32_t virq);

/** evtchn_use_fifo() - the guest switched to the FIFO ABI: its range opens up to 131,072 ports. */
void evtchn_use_fifo(struct domain *domain);

/** evtchn_reset() - close all ports and go back to the 2-level ABI; Xen's own ports stay. */
void evtchn_reset(struct domain *domain);

/** evtchn_destroy() - close every port: the domain is dying. The table can still be asked. */
void evtchn_destroy(struct domain *domain);

#endif
