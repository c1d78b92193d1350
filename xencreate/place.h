/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On which physical CPUs the vCPUs of a batch run. */
#ifndef PLACE_H
#define PLACE_H

#include <stdint.h>

#include "cpus.h"

struct guestcfg;
struct xc_interface_core;

enum place_mode {
	PLACE_FREE,   /* as the config says; Xen's scheduler decides */
	PLACE_PIN,    /* each vCPU on one CPU only, one after the other */
	PLACE_SPREAD, /* each vCPU prefers one CPU, one after the other */
};

struct place {
	enum place_mode mode;
	struct cpus keep_free; /* not for domains of this batch */
};

/**
 * place_apply() - set the affinities of a domain's vCPUs
 * @first_vcpu: how many vCPUs the batch has before this domain
 *
 * What the config says of a vCPU ("cpus", "cpus_soft") goes before the batch's mode; CPUs to be
 * kept free are never used. Nothing is asked of the hypervisor when there is nothing to set.
 *
 * Return: 0, -EINVAL (no CPU is left to run on), -ENOMEM, or what the hypervisor says.
 * Source: xen/domctl.h, setvcpuaffinity.
 */
int place_apply(const struct place *place, struct xc_interface_core *xch, uint32_t domid,
		const struct guestcfg *config, uint32_t first_vcpu);

/**
 * place_decide() - the same, without doing it; pure
 * @host: the CPUs that the domain's pool has
 * @hard, @soft: out
 *
 * Return: 0, or -EINVAL as above.
 */
int place_decide(const struct place *place, const struct cpus *host, const struct guestcfg *config,
		 uint32_t vcpu, uint32_t first_vcpu, struct cpus *hard, struct cpus *soft);

/** place_mode_of() - "free", "pin", "spread". Return: 0 or -EINVAL. */
int place_mode_of(enum place_mode *mode, const char *name);
/** place_mode_name() - the other way round. */
const char *place_mode_name(enum place_mode mode);

#endif
