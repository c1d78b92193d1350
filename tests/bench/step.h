/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request of a case, as data: its payload is a template, and beside it stands what it leads to,
 * so that the same step can be sent to a store and to the floor.
 */
#ifndef STEP_H
#define STEP_H

#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "floor.h"

enum step_flag {
	STEP_IN_TXN = 1,     /* sent with the id that the last STEP_BEGIN got */
	STEP_BEGIN = 2,	     /* the answer is a transaction id */
	STEP_RETRY = 4,	     /* EAGAIN is no failure: begin the operation again */
	STEP_TO_TARGETS = 8, /* its events go to the watchers of this turn, not to the sender */
};

struct step {
	uint16_t type; /* enum xsd_sockmsg_type */
	uint16_t flags;
	/*
	 * '|' stands for NUL. %c: number of the client; %i: how many operations it has done before;
	 * %q and %r: that divided by 100 and the remainder; %t: target of this turn; %d: domain
	 * number of this turn; %D %G %P: domid, store frame and store port of a real domain.
	 */
	const char *payload;
	uint16_t reply_len; /* for the floor: payload bytes of the answer */
	uint16_t n_events;  /* watch events that the request leads to */
	uint16_t event_len; /* for the floor: payload bytes of each */
};

struct step_vars {
	uint32_t client, iteration, target, domain;
	uint32_t domid, frame, port;
};

/**
 * step_payload() - fill in the template
 * @to: XENSTORE_PAYLOAD_MAX bytes
 *
 * Return: number of bytes.
 */
uint32_t step_payload(const struct step *step, const struct step_vars *vars, char *to);

/** step_order() - what the floor is to do for @step; events begin with connection @event_conn. */
struct floor_order step_order(const struct step *step, uint32_t event_conn);

#endif
