/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain with nothing but a store page, a port for it and a grant: enough to be introduced. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

struct xc_interface_core;

struct guest {
	uint32_t domid;
	uint64_t frame; /* of the store page: what INTRODUCE and the grant table name */
	uint32_t port;	/* offered to dom0 */
};

/**
 * guest_create() - make a domain
 * @domid: the number wanted, or 0: any
 * @guest: out
 *
 * Return: 0 or a negative errno as the hypercall gave it; then nothing is left behind.
 */
int guest_create(struct xc_interface_core *xch, uint32_t domid, struct guest *guest);

#endif
