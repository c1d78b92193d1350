/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does every domain keep its cap, and every cap the policy? */
#ifndef CAPCHECK_H
#define CAPCHECK_H

#include "finding.h"
#include "policy.h"

struct census;
struct census_domain;

/**
 * capcheck_find() - compare ports in use and high-water marks with caps and policy
 * @list:   findings are added
 * @policy: NULL: only the recorded caps are judged
 *
 * Return: 0 or -ENOMEM.
 */
int capcheck_find(struct finding_list *list, const struct census *census,
		  const struct policy *policy);

/** capcheck_rule() - what the policy says of a domain. */
struct policy_rule capcheck_rule(const struct policy *policy, const struct census_domain *domain);

#endif
