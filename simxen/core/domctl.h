/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that carry out domctls. */
#ifndef DOMCTL_H
#define DOMCTL_H

#include <stdint.h>

#include "hypercall.h"
#include "interface.h"

/**
 * domctl_fn - one command; @domain is NULL for createdomain only
 *
 * Return: 0, 1: fine, and copy the structure back; or a negative errno.
 */
typedef int domctl_fn(struct host *host, struct caller *caller, struct domain *domain,
		      struct xen_domctl *op);

#define DOMCTL_COPY_BACK 1

/** domctl_fill_info() - getdomaininfo, which sysctl getdomaininfolist gives too. */
void domctl_fill_info(const struct domain *domain, struct xen_domctl_getdomaininfo *info);

/** domctl_copy_map() - a CPU or node map of ours (bytes) to a caller's bitmap. Return: 0 or
 * -EFAULT. */
int domctl_copy_map(struct caller *caller, const struct xenctl_bitmap *to, const uint8_t *map,
		    uint32_t n_bits);

/* domctl_create.c */
domctl_fn domctl_createdomain;
/* domctl_vcpu.c */
domctl_fn domctl_setvcpucontext, domctl_getvcpucontext, domctl_getvcpuinfo, domctl_max_vcpus,
	domctl_setvcpuaffinity, domctl_getvcpuaffinity, domctl_sethvmcontext, domctl_gethvmcontext;
/* domctl_policy.c */
domctl_fn domctl_get_cpu_policy, domctl_set_cpu_policy;

#endif
