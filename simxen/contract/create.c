/* SPDX-License-Identifier: GPL-2.0-or-later */
/* createdomain: what it accepts, what it refuses, and which number comes out. */
#include <errno.h>
#include <string.h>

#include "contract.h"

#define HVM_HAP (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap)

static struct xen_domctl defaults(void)
{
	return (struct xen_domctl){ .u.createdomain = { .max_vcpus = 1,
							.max_evtchn_port = 1023,
							.max_grant_frames = 4,
							.grant_opts =
								XEN_DOMCTL_GRANT_version(1) } };
}

/* One creation; the domain goes again at once. The number is shown relative to the last one. */
static void try(struct contract *c, const char *probe, struct xen_domctl op, uint32_t domid)
{
	static uint32_t last;
	struct xen_domctl destroy = { .cmd = 0 };

	if (domctl(c, XEN_DOMCTL_createdomain, domid, &op) < 0) {
		say(c, probe, "%s", strerrorname_np(errno));
		return;
	}
	if (domid && domid < 0x7ff0)
		say(c, probe, "%u", op.domain);
	else
		say(c, probe, "+%u", op.domain - last);
	if (!domid || domid >= 0x7ff0)
		last = op.domain;
	domctl(c, XEN_DOMCTL_destroydomain, op.domain, &destroy);
}

#define TRY(probe, field, value)                    \
	do {                                        \
		struct xen_domctl op_ = defaults(); \
		op_.u.createdomain.field = value;   \
		try(c, probe, op_, 0);              \
	} while (0)

static void flags(struct contract *c)
{
	struct xen_domctl op;

	TRY("max_vcpus 0", max_vcpus, 0);
	TRY("max_vcpus 128", max_vcpus, 128);
	TRY("max_vcpus 8193", max_vcpus, 8193);
	TRY("unknown flag", flags, 1u << 20);
	TRY("hvm without hap", flags, XEN_DOMCTL_CDF_hvm);
	TRY("hvm and hap without emulation", flags, HVM_HAP);
	TRY("hap without hvm", flags, XEN_DOMCTL_CDF_hap);
	TRY("PV with lapic", arch.emulation_flags, XEN_X86_EMU_LAPIC);
	TRY("unknown emulation", arch.emulation_flags, 1u << 30);
	TRY("unknown misc flag", arch.misc_flags, 1u << 30);
	TRY("iommu", flags, XEN_DOMCTL_CDF_iommu);
	TRY("iommu_opts without iommu", iommu_opts, 1);
	op = defaults();
	op.u.createdomain.flags = HVM_HAP;
	op.u.createdomain.arch.emulation_flags = XEN_X86_EMU_LAPIC;
	try(c, "PVH", op, 0);
	op.u.createdomain.max_vcpus = 129;
	try(c, "PVH with 129 vcpus", op, 0);
}

void contract_create(struct contract *c)
{
	section(c, "createdomain");
	try(c, "defaults", defaults(), 0);
	flags(c);
	TRY("grant_opts 0", grant_opts, 0);
	TRY("grant_opts 2", grant_opts, 2);
	TRY("grant_opts 3", grant_opts, 3);
	TRY("max_grant_frames 0", max_grant_frames, 0);
	TRY("max_grant_frames -1", max_grant_frames, -1);
	TRY("max_grant_frames 64", max_grant_frames, 64);
	TRY("max_grant_frames 65", max_grant_frames, 65);
	TRY("max_maptrack_frames -1", max_maptrack_frames, -1);
	TRY("max_maptrack_frames 1024", max_maptrack_frames, 1024);
	TRY("max_maptrack_frames 1025", max_maptrack_frames, 1025);
	TRY("max_evtchn_port 0", max_evtchn_port, 0);
	TRY("max_evtchn_port -1", max_evtchn_port, UINT32_MAX);
	TRY("cpupool 7", cpupool_id, 7);
	TRY("vmtrace_size 4096", vmtrace_size, 4096);
	TRY("ssidref 5", ssidref, 5);
	try(c, "number 500", defaults(), 500);
	try(c, "after it", defaults(), 0);
	try(c, "number 0x7ff0", defaults(), 0x7ff0);
	try(c, "number 40000", defaults(), 40000);
}
