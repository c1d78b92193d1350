/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small families: version, HVM parameters, grant-table questions, shutdown, page-table pins. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "host.h"
#include "hypercall.h"
#include "interface.h"

#define XEN_VERSION_4_17 (4 << 16 | 17)
#define MMUEXT_MAX	 1024

/* Each fills a buffer whose size its version of the structure has. */
static size_t version_text(struct host *host, uint64_t cmd, char *buf, size_t size)
{
	xen_compile_info_t compile = { .compiler = "gcc (Debian)",
				       .compile_by = "simxen",
				       .compile_domain = "simulated host",
				       .compile_date = "Thu Jan  1 00:00:00 UTC 1970" };
	xen_platform_parameters_t platform = { .virt_start = 0xffff800000000000ul };

	memset(buf, 0, size);
	switch (cmd) {
	case XENVER_extraversion:
		strcpy(buf, ".7");
		return sizeof(xen_extraversion_t);
	case XENVER_compile_info:
		memcpy(buf, &compile, sizeof(compile));
		return sizeof(compile);
	case XENVER_capabilities:
		strcpy(buf, "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ");
		return sizeof(xen_capabilities_info_t);
	case XENVER_changeset:
		return sizeof(xen_changeset_info_t);
	case XENVER_platform_parameters:
		memcpy(buf, &platform, sizeof(platform));
		return sizeof(platform);
	case XENVER_guest_handle:
		return sizeof(xen_domain_handle_t);
	case XENVER_commandline:
		snprintf(buf, size, "%s", host->config.cmdline);
		return sizeof(xen_commandline_t);
	default:
		return 0;
	}
}

static int64_t build_id(struct caller *caller, uint64_t arg)
{
	static const char id[20] = "simulated-build-id-1";
	xen_build_id_t head;

	if (!arg)
		return sizeof(id);
	if (caller->read(caller, &head, arg, sizeof(head)) < 0)
		return -EFAULT;
	if (!head.len)
		return -EINVAL;
	if (head.len < sizeof(id))
		return -ENOBUFS;
	if (caller->write(caller, arg + sizeof(head), id, sizeof(id)) < 0)
		return -EFAULT;
	return sizeof(id);
}

static int64_t get_features(struct caller *caller, uint64_t arg)
{
	xen_feature_info_t info;

	if (caller->read(caller, &info, arg, sizeof(info)) < 0)
		return -EFAULT;
	info.submap = 0;
	return caller->write(caller, arg, &info, sizeof(info));
}

int64_t version_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg)
{
	char buf[1024];
	size_t len;
	int r = hypercall_fault(host, "xen_version");

	if (r < 0)
		return r;
	switch (cmd) {
	case XENVER_version:
		return XEN_VERSION_4_17;
	case XENVER_pagesize:
		return 4096;
	case XENVER_get_features:
		return get_features(caller, arg);
	case XENVER_build_id:
		return build_id(caller, arg);
	default:
		len = version_text(host, cmd, buf, sizeof(buf));
		return len ? caller->write(caller, arg, buf, len) : -ENOSYS;
	}
}

static int64_t hvm_param(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg)
{
	struct xen_hvm_param p;
	struct domain *domain;
	int r;

	if (caller->read(caller, &p, arg, sizeof(p)) < 0)
		return -EFAULT;
	r = hypercall_fault(host, cmd == HVMOP_set_param ? "hvm_op.set_param" : "hvm_op.get_param");
	if (r < 0)
		return r;
	/* The index is judged before the domain is looked for. */
	if (p.index >= HVM_NR_PARAMS)
		return -EINVAL;
	domain = hypercall_domain(host, p.domid);
	if (!domain)
		return -ESRCH;
	if (!domain->config.hvm || p.index >= sizeof(domain->hvm_params) / sizeof(uint64_t))
		return -EINVAL;
	if (cmd == HVMOP_set_param) {
		domain->hvm_params[p.index] = p.value;
		return 0;
	}
	p.value = domain->hvm_params[p.index];
	return caller->write(caller, arg, &p, sizeof(p));
}

int64_t hvm_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg)
{
	if (cmd == HVMOP_set_param || cmd == HVMOP_get_param)
		return hvm_param(host, caller, cmd, arg);
	return hypercall_unknown(host, "hvm_op", cmd, NULL);
}

int64_t sched_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg)
{
	struct sched_remote_shutdown s;
	struct domain *domain;
	int r;

	if (cmd != SCHEDOP_remote_shutdown)
		return hypercall_unknown(host, "sched_op", cmd, NULL);
	if (caller->read(caller, &s, arg, sizeof(s)) < 0)
		return -EFAULT;
	r = hypercall_fault(host, "sched_op.remote_shutdown");
	if (r < 0)
		return r;
	domain = hypercall_domain(host, s.domain_id);
	if (!domain)
		return -ESRCH;
	if (!domain->id)
		return -EINVAL;
	domain_shutdown(domain, (uint8_t)s.reason);
	return 0;
}

int64_t mmuext_op(struct host *host, struct caller *caller, const uint64_t args[5])
{
	uint64_t count = args[1];
	struct domain *domain = hypercall_domain(host, (uint32_t)args[3]);
	int r = hypercall_fault(host, "mmuext_op");

	if (r < 0)
		return r;
	if (!domain)
		return -ESRCH;
	for (uint64_t i = 0; i < count && i < MMUEXT_MAX; i++) {
		struct mmuext_op op;
		uint64_t mfn;

		if (caller->read(caller, &op, args[0] + i * sizeof(op), sizeof(op)) < 0)
			return -EFAULT;
		if (op.cmd > MMUEXT_PIN_L4_TABLE && op.cmd != MMUEXT_UNPIN_TABLE)
			return hypercall_unknown(host, "mmuext_op", op.cmd, NULL);
		if (domain_frame_for(domain, op.arg1.mfn, &mfn) < 0)
			return -EINVAL;
	}
	return 0;
}

static int64_t query_size(struct host *host, struct caller *caller, uint64_t arg)
{
	struct gnttab_query_size q;
	const struct domain *domain;

	if (caller->read(caller, &q, arg, sizeof(q)) < 0)
		return -EFAULT;
	domain = hypercall_domain(host, q.dom);
	q.status = domain ? GNTST_okay : GNTST_bad_domain;
	if (domain) {
		q.nr_frames = domain->grant.n_frames;
		q.max_nr_frames = domain->grant.max_frames;
	}
	return caller->write(caller, arg, &q, sizeof(q));
}

static int64_t get_version(struct host *host, struct caller *caller, uint64_t arg)
{
	struct gnttab_get_version v;

	if (caller->read(caller, &v, arg, sizeof(v)) < 0)
		return -EFAULT;
	if (!hypercall_domain(host, v.dom))
		return -ESRCH;
	v.version = 1;
	return caller->write(caller, arg, &v, sizeof(v));
}

int64_t grant_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg,
		 uint64_t count)
{
	int r = hypercall_fault(host, "grant_table_op");

	if (r < 0)
		return r;
	if (cmd == GNTTABOP_query_size && count == 1)
		return query_size(host, caller, arg);
	if (cmd == GNTTABOP_get_version && count == 1)
		return get_version(host, caller, arg);
	return hypercall_unknown(host, "grant_table_op", cmd, NULL);
}
