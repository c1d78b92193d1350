/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that is wrong with the event channels of a host, in one list. */
#ifndef AUDIT_H
#define AUDIT_H

#include "leak.h"

/** audit_tables() - only tables that could not be read or are full. Return: 0 or -ENOMEM. */
int audit_tables(struct finding_list *list, const struct census *census);

/**
 * audit_find() - tables that could not be read or are full, then leaks
 *
 * Arguments and result as leak_find().
 */
int audit_find(struct finding_list *list, const struct census *census,
	       const struct scan_source *source, const struct leak_ages *ages, uint64_t now_ms,
	       uint64_t forgotten_ms);

#endif
