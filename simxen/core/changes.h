/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which domains were made, have shut down, died or gone since dom0 asked last: what Xen from 4.21
 * on tells whoever has VIRQ_DOM_EXC, so that nobody need look at all. Source: xen/domctl.h,
 * XEN_DOMCTL_get_domain_state.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include <stdint.h>

struct host;

/** changes_note() - something has happened to the domain of number @domid */
void changes_note(struct host *host, uint16_t domid);
/** changes_begin() - VIRQ_DOM_EXC was bound: all domains that there are count as changed */
void changes_begin(struct host *host);
/**
 * changes_next() - the lowest number of a domain that has changed; it counts no more
 *
 * Return: 0 or -ENOENT (no more, or VIRQ_DOM_EXC is not bound).
 */
int changes_next(struct host *host, uint16_t *domid);

#endif
