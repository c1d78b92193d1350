/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypervisor says of one domain. It finds that one at once; a list "from this one on, of
 * one" it makes by a walk through all domains up to there, under the one lock of all lists: three
 * such walks for each birth are what grows first on a host with thousands.
 */
#ifndef DOMAININFO_H
#define DOMAININFO_H

#include <stdbool.h>
#include <stdint.h>

struct xc_interface_core;

struct domaininfo {
	uint8_t handle[16]; /* its UUID */
	uint64_t shared_frame;
	uint64_t cpu_time_ns;
	bool is_dying;
	bool is_shutdown;
	bool is_paused;
};

/**
 * domaininfo_get() - look at one domain
 *
 * Return: 0, -ESRCH (there is none of that number), or what the hypercall says.
 * Source: xenctrl.h, xc_domain_getinfo() up to 4.17, xc_domain_getinfo_single() from 4.18 on.
 */
int domaininfo_get(struct domaininfo *out, struct xc_interface_core *xch, uint32_t domid);

#endif
