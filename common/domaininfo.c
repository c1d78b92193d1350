/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Up to 4.17 the answer is of the next domain if there is none of that number: it is compared. */
#include "config.h"

#include "domaininfo.h"

#include <errno.h>
#include <string.h>
#include <xenctrl.h>

#ifdef HAVE_XC_DOMAIN_GETINFO_SINGLE
int domaininfo_get(struct domaininfo *out, struct xc_interface_core *xch, uint32_t domid)
{
	xc_domaininfo_t info;

	if (xc_domain_getinfo_single(xch, domid, &info) < 0)
		return -errno;
	memcpy(out->handle, info.handle, sizeof(out->handle));
	out->shared_frame = info.shared_info_frame;
	out->cpu_time_ns = info.cpu_time;
	out->is_dying = info.flags & XEN_DOMINF_dying;
	out->is_paused = info.flags & XEN_DOMINF_paused;
	out->is_shutdown = info.flags & XEN_DOMINF_shutdown;
	return 0;
}
#else
int domaininfo_get(struct domaininfo *out, struct xc_interface_core *xch, uint32_t domid)
{
	xc_dominfo_t info;
	int n = xc_domain_getinfo(xch, domid, 1, &info);

	if (n < 0)
		return -errno;
	if (n != 1 || info.domid != domid)
		return -ESRCH;
	memcpy(out->handle, info.handle, sizeof(out->handle));
	out->shared_frame = info.shared_info_frame;
	out->cpu_time_ns = info.cpu_time;
	out->is_dying = info.dying;
	out->is_paused = info.paused;
	/* The library tells a crash apart. */
	out->is_shutdown = info.shutdown || info.crashed;
	return 0;
}
#endif
