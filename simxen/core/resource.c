/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See resource.h. */
#include "resource.h"

#include <errno.h>

#include "domain.h"
#include "hypercall.h"
#include "interface.h"

int resource_size(struct host *host, uint32_t domid, uint32_t type, uint32_t id, uint64_t *n)
{
	const struct domain *domain = hypercall_domain(host, domid);

	if (!domain)
		return -ESRCH;
	switch (type) {
	case XENMEM_resource_grant_table:
		if (id == XENMEM_resource_grant_table_id_shared)
			*n = domain->grant.max_frames;
		else if (id == XENMEM_resource_grant_table_id_status)
			*n = (domain->grant.max_frames + 3) / 4;
		else
			return -EINVAL;
		return 0;
	case XENMEM_resource_ioreq_server: /* no device models: a PV domain has none anyway */
	case XENMEM_resource_vmtrace_buf:
		return -EINVAL;
	default:
		return -EOPNOTSUPP;
	}
}

int resource_frame(struct host *host, uint32_t domid, uint32_t type, uint32_t id, uint64_t frame,
		   uint64_t *mfn)
{
	struct domain *domain = hypercall_domain(host, domid);
	uint64_t n;
	int r = resource_size(host, domid, type, id, &n);

	if (r < 0)
		return r;
	if (id == XENMEM_resource_grant_table_id_status) /* version 1 tables have none */
		return -EINVAL;
	if (domain->dying)
		return -EBUSY;
	if (frame >= n)
		return -EINVAL;
	r = grant_grow(domain, (uint32_t)frame + 1);
	if (r < 0)
		return r;
	*mfn = domain->grant.frames[frame];
	return 0;
}
