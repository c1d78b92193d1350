/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU policies: enough for builders, which read the default one, adjust it and set it. One
 * synthetic 64-bit processor with Xen's own leaves; what a builder sets is checked for size and
 * accepted, for the simulated guest executes nothing.
 */
#include "domctl_policy.h"

#include <errno.h>

#include "domctl.h"

/*
 * Features as QEMU's qemu64 has them, "AuthenticAMD", long mode. The leaves without content are
 * there because tools give back as many as they got: a policy with gaps would not fit when written
 * again.
 */
#define PLAIN(leaf, a, b, c, d)                        \
	{                                              \
		leaf, XEN_CPUID_NO_SUBLEAF, a, b, c, d \
	}
#define EMPTY(leaf)   PLAIN(leaf, 0, 0, 0, 0)
#define EMPTY_4(leaf) EMPTY(leaf), EMPTY(leaf + 1), EMPTY(leaf + 2), EMPTY(leaf + 3)

static const xen_cpuid_leaf_t policy[] = {
	PLAIN(0x0, 0xd, 0x68747541, 0x444d4163, 0x69746e65),
	PLAIN(0x1, 0x60fb1, 0x800, 0xc0002001, 0x178bf3fd),
	EMPTY(0x2),
	EMPTY(0x3),
	{ 0x4, 0, 0, 0, 0, 0 },
	EMPTY(0x5),
	EMPTY(0x6),
	{ 0x7, 0, 0, 0, 0, 0 },
	EMPTY(0x8),
	EMPTY(0x9),
	EMPTY(0xa),
	{ 0xb, 0, 0, 0, 0, 0 },
	EMPTY(0xc),
	{ 0xd, 0, 0, 0, 0, 0 },
	{ 0xd, 1, 0, 0, 0, 0 },
	PLAIN(0x40000000, 0x40000005, 0x566e6558, 0x65584d4d, 0x4d4d566e),
	EMPTY(0x40000100),
	PLAIN(0x80000000, 0x8000001c, 0x68747541, 0x444d4163, 0x69746e65),
	PLAIN(0x80000001, 0x60fb1, 0, 0x7, 0x2193fbfd),
	EMPTY(0x80000002),
	EMPTY(0x80000003),
	EMPTY_4(0x80000004),
	PLAIN(0x80000008, 0x3028, 0, 0, 0),
	EMPTY(0x80000009),
	EMPTY(0x8000000a),
	EMPTY(0x8000000b),
	EMPTY_4(0x8000000c),
	EMPTY_4(0x80000010),
	EMPTY_4(0x80000014),
	EMPTY_4(0x80000018),
	EMPTY(0x8000001c),
	EMPTY_4(0x8000001d), /* room for what newer processors have */
};

#define N_LEAVES (sizeof(policy) / sizeof(policy[0]))

static const uint32_t features[POLICY_FEATURE_WORDS] = {
	0x178bf3fd, 0xc0002001, 0x2193fbfd, 0x00000007, 0, 0, 0, 0, 0, 0, 0, 0x00000004,
};

int policy_features(struct caller *caller, uint64_t to, uint32_t *n)
{
	uint32_t room = *n;

	*n = POLICY_FEATURE_WORDS;
	if (!to)
		return 0;
	if (room < POLICY_FEATURE_WORDS)
		*n = room;
	return caller->write(caller, to, features, *n * sizeof(features[0]));
}

int policy_leaves(struct caller *caller, uint64_t leaves, uint32_t *n_leaves, uint64_t msrs,
		  uint32_t *n_msrs)
{
	static const xen_msr_entry_t no_msrs[POLICY_MSRS_MAX] = { { .idx = 0xce },
								  { .idx = 0x10a } };
	if (!leaves)
		*n_leaves = POLICY_LEAVES_MAX;
	else if (*n_leaves < N_LEAVES)
		return -ENOBUFS;
	else if (caller->write(caller, leaves, policy, sizeof(policy)) < 0)
		return -EFAULT;
	else
		*n_leaves = N_LEAVES;
	if (!msrs)
		*n_msrs = POLICY_MSRS_MAX;
	else if (*n_msrs < POLICY_MSRS_MAX)
		return -ENOBUFS;
	else if (caller->write(caller, msrs, no_msrs, sizeof(no_msrs)) < 0)
		return -EFAULT;
	else
		*n_msrs = POLICY_MSRS_MAX;
	return 0;
}

int domctl_get_cpu_policy(struct host *host, struct caller *caller, struct domain *domain,
			  struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	int r = policy_leaves(caller, (uintptr_t)p->leaves.p, &p->nr_leaves, (uintptr_t)p->msrs.p,
			      &p->nr_msrs);

	(void)host, (void)domain;
	return r < 0 ? r : DOMCTL_COPY_BACK;
}

int domctl_set_cpu_policy(struct host *host, struct caller *caller, struct domain *domain,
			  struct xen_domctl *op)
{
	const struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;

	(void)host, (void)caller, (void)domain;
	if (p->nr_leaves > POLICY_LEAVES_MAX || p->nr_msrs > POLICY_MSRS_MAX)
		return -E2BIG;
	return 0;
}
