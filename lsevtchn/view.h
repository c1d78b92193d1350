/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census as text for people. */
#ifndef VIEW_H
#define VIEW_H

#include "paint.h"

struct census;
struct finding_list;
struct policy;

enum view_sort {
	VIEW_BY_DOMID,
	VIEW_BY_NAME,
	VIEW_BY_PORTS,
	VIEW_BY_LEFT,
	VIEW_BY_DOM0,
	VIEW_N_SORTS
};

/** view_sort_name() - "domid", "name", "ports", "left", "dom0"; view_sort_parse() - the reverse,
 * -EINVAL if none. */
const char *view_sort_name(enum view_sort sort);
int view_sort_parse(enum view_sort *sort, const char *name);

/** view_all() - a line for each domain, a line of totals. Return: 0 or -ENOMEM. */
int view_all(const struct paint *paint, const struct census *census, enum view_sort sort);

/** view_caps() - a line for each domain with its cap and what the policy says. Return: 0 or
 * -ENOMEM. */
int view_caps(const struct paint *paint, const struct census *census, const struct policy *policy);

/** view_findings() - what is wrong, or that nothing is. */
void view_findings(const struct paint *paint, const struct census *census,
		   const struct finding_list *findings);

#endif
