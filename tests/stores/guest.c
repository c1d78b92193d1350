/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <xenctrl.h>
#include <xenguest.h>

#define MEMORY_KIB  1024
#define FIRST_FRAME 16 /* any place in the domain's memory */

static int fill(xc_interface *xch, struct guest *guest)
{
	xen_pfn_t frames[2] = { FIRST_FRAME, FIRST_FRAME + 1 }; /* store, console */
	int port;

	if (xc_domain_max_vcpus(xch, guest->domid, 1) < 0 ||
	    xc_domain_setmaxmem(xch, guest->domid, MEMORY_KIB) < 0 ||
	    xc_domain_populate_physmap_exact(xch, guest->domid, 2, 0, 0, frames) < 0)
		return -errno;
	port = xc_evtchn_alloc_unbound(xch, guest->domid, 0);
	if (port < 0)
		return -errno;
	if (xc_dom_gnttab_seed(xch, guest->domid, false, frames[1], frames[0], 0, 0) < 0)
		return -errno;
	guest->frame = frames[0];
	guest->port = (uint32_t)port;
	return 0;
}

int guest_create(xc_interface *xch, uint32_t domid, struct guest *guest)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1,
		.max_evtchn_port = -1,
		.max_grant_frames = 4,
		.max_maptrack_frames = 0,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	int r;

	/* By this a domain is told from others that had its number. */
	if (getrandom(config.handle, sizeof(config.handle), 0) != sizeof(config.handle))
		return -errno;
	guest->domid = domid ? domid : 0x7ff5; /* choose one */
	if (xc_domain_create(xch, &guest->domid, &config) < 0)
		return -errno;
	r = fill(xch, guest);
	if (r < 0)
		xc_domain_destroy(xch, guest->domid);
	return r;
}
