/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two things the daemon wants from Xen besides event channels: which domains there are, and
 * their ring pages. */
#ifndef HYPERVISOR_H
#define HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct hypervisor;
struct log;
struct ring_page;

struct hypervisor_domain {
	uint32_t domid;
	uint8_t handle[16]; /* its UUID */
	uint64_t unique_id; /* as far as it was asked for; 0: Xen (up to 4.20) tells none */
	bool is_dying;
	bool is_shutdown;
};

/**
 * hypervisor_new() - open the handles
 *
 * Return: 0 or what failed, which has been logged.
 */
int hypervisor_new(struct hypervisor **out, struct log *log);
void hypervisor_free(struct hypervisor *hypervisor);
DEFINE_CLEANUP(struct hypervisor *, hypervisor_free)

/** hypervisor_find() - what Xen says of @domid; 0, -ENOENT, or what the hypercall says */
int hypervisor_find(struct hypervisor *hypervisor, uint32_t domid, struct hypervisor_domain *out);
/** hypervisor_unique_id() - of @domid, by Xen; 0: there is no such domain, or Xen tells none */
uint64_t hypervisor_unique_id(struct hypervisor *hypervisor, uint32_t domid);

/**
 * hypervisor_next_changed() - the next domain that has changed, see domstate_next()
 * @out: all but its handle
 *
 * Return: 0, -ENOENT (no more), -EOPNOTSUPP (Xen does not tell), or what the hypercall says.
 */
int hypervisor_next_changed(struct hypervisor *hypervisor, struct hypervisor_domain *out);

#define HYPERVISOR_LIST_MAX 1024
/**
 * hypervisor_list() - the domains from @first on, in rising order, without their unique ids
 * @out: room for HYPERVISOR_LIST_MAX
 *
 * Return: how many; less than HYPERVISOR_LIST_MAX: these were the last. Or what the hypercall says.
 */
int hypervisor_list(struct hypervisor *hypervisor, uint32_t first, struct hypervisor_domain *out);

/** hypervisor_is_connected() - does our event channel @local lead to a port of @domid? */
bool hypervisor_is_connected(struct hypervisor *hypervisor, uint32_t local, uint32_t domid);
/** hypervisor_peer_port() - the port at the other end of our event channel @local; 0: none */
uint32_t hypervisor_peer_port(struct hypervisor *hypervisor, uint32_t local);

/**
 * hypervisor_map_ring() - map the page that @domid grants for its ring
 *
 * Return: 0 or -EINVAL (no such grant, or domain).
 */
int hypervisor_map_ring(struct hypervisor *hypervisor, uint32_t domid, struct ring_page **out);
void hypervisor_unmap_ring(struct hypervisor *hypervisor, uint32_t domid, struct ring_page *page);

/**
 * hypervisor_map_own_ring() - map dom0's own ring
 * @kva_path:  file that maps to the page
 * @port_path: file that says the event channel as text
 * @port:      out: the remote port to bind
 *
 * Return: 0, what opening and mapping say, or -EINVAL (no number in @port_path).
 */
int hypervisor_map_own_ring(const char *kva_path, const char *port_path, struct ring_page **out,
			    uint32_t *port);
void hypervisor_unmap_own_ring(struct ring_page *page);

#endif
