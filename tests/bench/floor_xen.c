/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "floor_xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/grant_table.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define DOMIDS 0x7ff0

struct floor_xen {
	xengnttab_handle *grants;
	xenevtchn_handle *events;
	struct {
		void *page;
		evtchn_port_t port;
	} domains[DOMIDS];
};

int floor_xen_new(struct floor_xen **out)
{
	struct floor_xen *xen = calloc(1, sizeof(*xen));

	if (!xen)
		return -ENOMEM;
	xen->grants = xengnttab_open(NULL, 0);
	xen->events = xenevtchn_open(NULL, 0);
	if (!xen->grants || !xen->events)
		return -errno;
	*out = xen;
	return 0;
}

int floor_xen_introduce(struct floor_xen *xen, const char *payload, uint32_t len)
{
	const char *end = payload + len, *frame, *port;
	uint32_t domid = (uint32_t)strtoul(payload, NULL, 10);
	int local;

	frame = memchr(payload, '\0', len);
	port = frame ? memchr(frame + 1, '\0', (size_t)(end - frame - 1)) : NULL;
	if (!port || port + 1 >= end || domid >= DOMIDS || xen->domains[domid].page)
		return -EINVAL;
	xen->domains[domid].page = xengnttab_map_grant_ref(
		xen->grants, domid, GNTTAB_RESERVED_XENSTORE, PROT_READ | PROT_WRITE);
	if (!xen->domains[domid].page)
		return -errno;
	local = xenevtchn_bind_interdomain(xen->events, domid,
					   (evtchn_port_t)strtoul(port + 1, NULL, 10));
	if (local < 0)
		return -errno;
	xen->domains[domid].port = (evtchn_port_t)local;
	return xenevtchn_notify(xen->events, xen->domains[domid].port) < 0 ? -errno : 0;
}
