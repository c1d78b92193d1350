/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Xen from 4.21 on says by a call that stays as it is: a domain's state and its unique id, and
 * which domains have changed since it was asked last. A unique id is never given again, as domids
 * are, nor can it be set, as UUIDs can.
 */
#ifndef DOMSTATE_H
#define DOMSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct domstate;
struct log;

struct domstate_info {
	uint32_t domid;
	uint64_t unique_id; /* 0: there is no domain of that number */
	bool is_dying;	    /* or dead */
	bool is_shutdown;
};

/**
 * domstate_new() - open the handle, and see that this Xen knows the call
 *
 * Return: 0, -EOPNOTSUPP (built without libxenmanage, or Xen does not answer), -ENOMEM.
 */
int domstate_new(struct domstate **out, struct log *log);
void domstate_free(struct domstate *state);
DEFINE_CLEANUP(struct domstate *, domstate_free)

/**
 * domstate_get() - look at one domain
 *
 * Return: 0, -ESRCH (there is none of that number), or what the hypercall says.
 * Source: xenmanage.h, xenmanage_get_domain_info().
 */
int domstate_get(struct domstate *state, uint32_t domid, struct domstate_info *out);

/**
 * domstate_next() - the next domain, in rising order, that was made, has shut down, died or gone
 *
 * Each is told once, however much has happened to it; all that there are when VIRQ_DOM_EXC is bound
 * count as changed. Only who has bound it may ask.
 *
 * Return: 0, -ENOENT (no more), or what the hypercall says (-EACCES: it is bound by another).
 * Source: xenmanage.h, xenmanage_poll_changed_domain().
 */
int domstate_next(struct domstate *state, struct domstate_info *out);

#endif
