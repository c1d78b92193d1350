/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the host room for the next domain? The forecast said so for all of them, when the batch
 * began; others take memory and ports, and domains that die give theirs back by and by. Asked
 * seldom as long as there is plenty.
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stdint.h>

struct xc_interface_core;

enum room_what {
	ROOM_ENOUGH,
	ROOM_MEMORY,
	ROOM_PORTS,
};

struct room {
	struct xc_interface_core *xch; /* borrowed: outlives us */
	uint32_t n_ports;	       /* that domain 0 may have; 0: not known, not looked at */
	uint32_t n_reserved;	       /* of them, to be left free */
	uint64_t patience_us;
	/* Private. */
	uint64_t free_kib;
	unsigned int n_unasked;	 /* domains that may be begun without another question */
	uint64_t asked_us;	 /* when something was short; 0: it is not */
	uint64_t short_since_us; /* likewise */
	enum room_what what;
	bool over; /* patience is: the hypervisor will say what is missing */
};

/* What those that were begun will still take. */
struct room_promised {
	uint64_t kib;
	unsigned int n_domains; /* that have not got all their ports yet */
};

/**
 * room_for() - may a domain of @kib be begun?
 * @now_us: CLOCK_MONOTONIC
 *
 * Ports are given out from the lowest on: the question is whether one near the end is in use, by as
 * many before it as those on their way will take.
 *
 * Return: ROOM_ENOUGH, or what is short; to be asked again, at most for patience_us in all. Source:
 * xenctrl.h, xc_physinfo(), xc_evtchn_status().
 */
enum room_what room_for(struct room *room, uint64_t kib, const struct room_promised *promised,
			uint64_t now_us);

/** room_name() - "memory", "ports". */
const char *room_name(enum room_what what);

#endif
