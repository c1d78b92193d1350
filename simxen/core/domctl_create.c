/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * createdomain: what Xen 4.17 refuses, and in which order. A number that was chosen is used up even
 * when the creation fails later.
 */
#include <errno.h>
#include <string.h>

#include "domain.h"
#include "domctl.h"
#include "grant.h"
#include "host.h"

#define VCPUS_MAX_PV	    8192
#define VCPUS_MAX_HVM	    128
#define MAPTRACK_FRAMES_MAX 1024

static int check_flags(const struct xen_domctl_createdomain *c)
{
	bool hvm = c->flags & XEN_DOMCTL_CDF_hvm, hap = c->flags & XEN_DOMCTL_CDF_hap;

	if (c->flags & ~(uint32_t)(2 * XEN_DOMCTL_CDF_MAX - 1))
		return -EINVAL;
	if (c->flags & XEN_DOMCTL_CDF_iommu) /* the machine has none */
		return -EINVAL;
	if (c->iommu_opts)
		return -EINVAL;
	if (hap && !hvm)
		return -EINVAL;
	if (!c->max_vcpus || c->max_vcpus > VCPUS_MAX_PV || (hvm && c->max_vcpus > VCPUS_MAX_HVM))
		return -EINVAL;
	if (c->vmtrace_size)
		return -EINVAL;
	if (hvm && !hap) /* Debian's Xen has no shadow paging */
		return -EOPNOTSUPP;
	return 0;
}

static int check_limits(const struct xen_domctl_createdomain *c)
{
	uint32_t version = XEN_DOMCTL_GRANT_version(c->grant_opts);

	if ((c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) || !version || version > 2)
		return -EINVAL;
	if (!c->max_grant_frames || c->max_grant_frames > GRANT_FRAMES_MAX)
		return -EINVAL;
	if (c->max_maptrack_frames > MAPTRACK_FRAMES_MAX)
		return -EINVAL;
	return 0;
}

static int check_arch(const struct xen_domctl_createdomain *c)
{
	bool hvm = c->flags & XEN_DOMCTL_CDF_hvm;

	if (c->arch.misc_flags & ~XEN_X86_MSR_RELAXED)
		return -EINVAL;
	if (c->arch.emulation_flags & ~XEN_X86_EMU_ALL)
		return -EINVAL;
	if (!hvm && c->arch.emulation_flags)
		return -EOPNOTSUPP;
	if (hvm && c->arch.emulation_flags != XEN_X86_EMU_LAPIC &&
	    c->arch.emulation_flags != (XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI))
		return -EOPNOTSUPP;
	return 0;
}

int domctl_createdomain(struct host *host, struct caller *caller, struct domain *none,
			struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *c = &op->u.createdomain;
	struct domain_config config = {
		.ssidref = c->ssidref,
		.hvm = c->flags & XEN_DOMCTL_CDF_hvm,
		.hap = c->flags & XEN_DOMCTL_CDF_hap,
		.xenstore_domain = c->flags & XEN_DOMCTL_CDF_xs_domain,
		.max_vcpus = c->max_vcpus,
		.max_evtchn_port = c->max_evtchn_port,
		.max_grant_frames = c->max_grant_frames < 0 ? GRANT_FRAMES_MAX
							    : (uint32_t)c->max_grant_frames,
		.max_maptrack_frames = c->max_maptrack_frames < 0
					       ? MAPTRACK_FRAMES_MAX
					       : (uint32_t)c->max_maptrack_frames,
		.grant_version = XEN_DOMCTL_GRANT_version(c->grant_opts),
		.cpupool = c->cpupool_id,
		.emulation_flags = c->arch.emulation_flags,
		.misc_flags = c->arch.misc_flags,
	};
	uint16_t id = op->domain;
	struct domain *domain;
	int r;

	(void)caller, (void)none;
	memcpy(config.handle, c->handle, sizeof(config.handle));
	if (id && id < HOST_DOMIDS && host_domain(host, id))
		return -EEXIST;
	if (!id || id >= HOST_DOMIDS)
		id = host_choose(host);
	if (!id)
		return -ENOMEM;
	r = check_flags(c) ?: check_arch(c) ?: check_limits(c);
	if (!r && c->cpupool_id)
		r = -ESRCH;
	if (!r)
		r = host_create(host, id, &config, &domain);
	if (r < 0)
		return r;
	op->domain = id;
	return DOMCTL_COPY_BACK;
}
