/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's part of a new domain before there is anything in it: the shell. */
#ifndef SHELL_H
#define SHELL_H

#include <stdint.h>

struct guestcfg;
struct proof;
struct xc_interface_core;
struct xen_domctl_getdomaininfo;

struct shell {
	uint32_t domid;
	uint32_t store_port;
	uint32_t console_port;
};

/**
 * shell_create() - make an empty, paused domain with its two event channels
 * @shell:         out; on error nothing is left of the domain
 * @handle:        the UUID, by which the domain is known from now on
 * @cap:           the highest event-channel port that it may have, at least 2; Xen takes no other
 * value later
 * @proof:         proves the cap before anything else is done with the domain; NULL: nobody does
 * @store_domid:   whom the store's port is offered to
 * @console_domid: the console's
 *
 * Return: 0, or what the hypervisor says: -ENOMEM, -EINVAL, -ENOSPC (no domid left, or the port
 * limit is too small), …; or proof_domain(). Source: xen/domctl.h, createdomain, max_vcpus,
 * max_mem; xen/event_channel.h, alloc_unbound.
 */
int shell_create(struct shell *shell, struct xc_interface_core *xch, const struct guestcfg *config,
		 const uint8_t handle[16], uint32_t cap, struct proof *proof, uint32_t store_domid,
		 uint32_t console_domid);

/**
 * shell_find() - the number of the domain with this UUID
 * Return: 0, -ESRCH (there is none), -ENOMEM, or what the hypervisor says. It lists all domains.
 */
int shell_find(uint32_t *domid, struct xc_interface_core *xch, const uint8_t handle[16]);

/**
 * shell_destroy() - end a domain and give back what it holds
 *
 * Does nothing if the domain with this number has another UUID: numbers are used again, UUIDs are
 * not.
 *
 * Return: 0, -ESRCH (no such domain with this UUID), or what the hypervisor says.
 */
int shell_destroy(struct xc_interface_core *xch, uint32_t domid, const uint8_t handle[16]);

/** For shell_each(). Return: 0: go on. */
typedef int shell_each_fn(void *ctx, const struct xen_domctl_getdomaininfo *info);

/**
 * shell_each() - call @fn for each domain of the host but domain 0, in rising order of numbers
 *
 * Return: 0, what @fn returned if that ended it, -ENOMEM, or what the hypervisor says. Source:
 * xenctrl.h, xc_domain_getinfolist().
 */
int shell_each(struct xc_interface_core *xch, shell_each_fn *fn, void *ctx);

/**
 * shell_check() - is this domain as it was left, paused by us and never more than that?
 *
 * Return: 0, -ESRCH (no such domain with this UUID), -EBUSY (it is dying, or somebody has let it
 * run), or what the hypervisor says.
 */
int shell_check(struct xc_interface_core *xch, uint32_t domid, const uint8_t handle[16]);

#endif
