/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The synthetic CPU policy, which domctls and sysctls both show. */
#ifndef DOMCTL_POLICY_H
#define DOMCTL_POLICY_H

#include <stdint.h>

struct caller;

#define POLICY_FEATURE_WORDS 19
#define POLICY_LEAVES_MAX    120
#define POLICY_MSRS_MAX	     2

/** policy_features() - copy the host's feature words out; 0 as @to asks their number. Return: 0 or
 * -EFAULT. */
int policy_features(struct caller *caller, uint64_t to, uint32_t *n);

/** policy_leaves() - copy leaves and MSRs out; 0 as an address asks the highest number. Return: 0,
 * -ENOBUFS, -EFAULT. */
int policy_leaves(struct caller *caller, uint64_t leaves, uint32_t *n_leaves, uint64_t msrs,
		  uint32_t *n_msrs);

#endif
