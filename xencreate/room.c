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

/* Port number @n before @port; there is always a first one, and it is in use. */
static uint32_t before(uint32_t port, uint64_t n)
{
	return port > n ? (uint32_t)(port - n) : 1;
}

/* What cannot be looked at is no obstacle. */
static enum room_what look_for_ports(struct room *room, unsigned int n_begun)
{
	uint32_t last;

	if (room->n_ports <= room->n_reserved)
		return ROOM_ENOUGH;
	last = before(room->n_ports - room->n_reserved, (uint64_t)n_begun * PORTS_EACH);
	if (!port_is_used(room->xch, before(last, (uint64_t)N_UNASKED * PORTS_EACH)))
		return ROOM_ENOUGH;
	room->n_unasked = 1;
	return port_is_used(room->xch, last) ? ROOM_PORTS : ROOM_ENOUGH;
}

/* Likewise. */
static enum room_what look(struct room *room, uint64_t kib, const struct room_promised *promised)
{
	xc_physinfo_t info = { 0 };

	room->n_unasked = N_UNASKED;
	room->free_kib = UINT64_MAX;
	if (!xc_physinfo(room->xch, &info))
		room->free_kib = (info.free_pages + info.scrub_pages) * KIB_PER_PAGE;
	if (room->free_kib < kib + promised->kib)
		return ROOM_MEMORY;
	room->free_kib -= promised->kib;
	return look_for_ports(room, promised->n_domains);
}

enum room_what room_for(struct room *room, uint64_t kib, const struct room_promised *promised,
			uint64_t now_us)
{
	if (room->over)
		return ROOM_ENOUGH;
	if (room->asked_us && now_us < room->asked_us + LOOK_US)
		return room->what;
	if (!room->n_unasked || room->free_kib < kib) {
		room->what = look(room, kib, promised);
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
