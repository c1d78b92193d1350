/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes wrong on demand. Rules are made by commands, one per line (doc/simxen.1 has them all):
 *
 *   fail NAME [nth=N] [times=N] [chance=PERCENT] [errno=NAME] [delay=MICROSECONDS] [kill=DOMID]
 *   event lose|double [domid=N] [port=N] [nth=N] [times=N] [chance=PERCENT]
 *   ports none|ok [DOMID]
 *   memory none|ok|FRAMES
 *   seed N
 *   clear
 *
 * NAME is a hypercall ("domctl.createdomain") or a device call ("gntdev.map"); a trailing * matches
 * all that begin so. Rules count on their own; chance is drawn from the plan's seed.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct fault_plan;

struct fault_verdict {
	int error;	   /* 0: go on; else the negative errno to answer */
	uint32_t delay_us; /* wait so long first */
	uint32_t kill;	   /* destroy this domain first; 0: none */
};

/** fault_plan_new() - no rules. Return: 0 or -ENOMEM. */
int fault_plan_new(struct fault_plan **out, uint64_t seed);
void fault_plan_free(struct fault_plan *plan);
DEFINE_CLEANUP(struct fault_plan *, fault_plan_free)

/**
 * fault_command() - carry out one line; empty lines and comments (#) do nothing
 *
 * Return: 0, -EINVAL (@why says what is wrong with it), -ENOMEM.
 */
int fault_command(struct fault_plan *plan, const char *line, char *why, size_t why_size);

/** fault_call() - what shall happen to this call. Counts it. */
struct fault_verdict fault_call(struct fault_plan *plan, const char *name);

/** fault_events() - how often shall this event arrive: 1, or 0 (lost), 2 (doubled). */
unsigned int fault_events(struct fault_plan *plan, uint16_t domid, uint32_t port);

/** fault_no_ports() - has @domid run out of ports? */
bool fault_no_ports(const struct fault_plan *plan, uint16_t domid);

/** fault_memory() - frames that shall look free at most; UINT64_MAX: all there are. */
uint64_t fault_memory(const struct fault_plan *plan);

/** fault_errno() - "ENOSPC" or "28" to 28; 0: not known. */
int fault_errno(const char *name);

#endif
