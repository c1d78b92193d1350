/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a batch that was killed leaves at work: each xl is killed with it, but one that is within
 * the hypervisor ends only when it comes back, and may have made a domain by then. */
#ifndef REMNANT_H
#define REMNANT_H

#include <stddef.h>

struct names_entry;

/**
 * remnant_await() - wait until no process makes one of these domains for somebody who is gone
 * @known: by their UUIDs, which stand in the command lines that handed_create() makes
 *
 * Only for domains whose batch has ended: a living one's would be waited for as well.
 * Return: 0, -EBUSY (after half a minute still there), or what opening /proc says.
 * Source: proc(5): the command line of a process that makes no more system calls is empty.
 */
int remnant_await(const struct names_entry *known, size_t n);

#endif
