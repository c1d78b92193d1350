/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question per N_UNASKED domains; what those take is counted off meanwhile. When little is
 * left, one per domain, and when something is missing, one per LOOK_US.
 */
#include "room.h"

#include <xenctrl.h>

#define N_UNASKED    64
#define PORTS_EACH   4 /* a usual domain: store, console, vif, vbd */
#define LOOK_US	     UINT64_C(100000)
#define KIB_PER_PAGE 4

static bool port_is_used(struct xc_interface_core *xch, uint32_t port)
{
	xc_evtchn_status_t status = { .dom = DOMID_SELF, .port = port };

	return !xc_evtchn_status(xch, &status) && status.status != EVTCHNSTAT_closed;
}

/* What cannot be looked at is no obstacle. */
static enum room_what look(struct room *room, uint64_t kib, uint64_t promised_kib)
{
	uint32_t last = room->n_ports > room->n_reserved ? room->n_ports - room->n_reserved : 0;
	uint32_t near = last > N_UNASKED * PORTS_EACH ? last - N_UNASKED * PORTS_EACH : 1;
	xc_physinfo_t info = { 0 };

	room->n_unasked = N_UNASKED;
	room->free_kib = UINT64_MAX;
	if (!xc_physinfo(room->xch, &info))
		room->free_kib = (info.free_pages + info.scrub_pages) * KIB_PER_PAGE;
	if (room->free_kib < kib + promised_kib)
		return ROOM_MEMORY;
	room->free_kib -= promised_kib;
	if (!last || !port_is_used(room->xch, near))
		return ROOM_ENOUGH;
	room->n_unasked = 1;
	return port_is_used(room->xch, last) ? ROOM_PORTS : ROOM_ENOUGH;
}

enum room_what room_for(struct room *room, uint64_t kib, uint64_t promised_kib, uint64_t now_us)
{
	if (room->over)
		return ROOM_ENOUGH;
	if (room->asked_us && now_us < room->asked_us + LOOK_US)
		return room->what;
	if (!room->n_unasked || room->free_kib < kib) {
		room->what = look(room, kib, promised_kib);
		if (room->what != ROOM_ENOUGH) {
			room->n_unasked = 0;
			room->asked_us = now_us;
			if (!room->short_since_us)
				room->short_since_us = now_us;
			room->over = now_us >= room->short_since_us + room->patience_us;
			return room->over ? ROOM_ENOUGH : room->what;
		}
	}
	room->asked_us = room->short_since_us = 0;
	room->n_unasked--;
	room->free_kib -= kib;
	return ROOM_ENOUGH;
}

const char *room_name(enum room_what what)
{
	return what == ROOM_MEMORY ? "memory" : what == ROOM_PORTS ? "ports" : "";
}
