/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table grows by buckets and never shrinks, so its size bounds what a domain ever had from above;
 * that it had more than N at once is certain only if the table has a bucket that begins above N
 * (ports are given out lowest first, and a FIFO port that is still linked is skipped, which makes
 * the mark an upper bound, not a count).
 */
#include "capcheck.h"

#include <errno.h>
#include <inttypes.h>

#include "census.h"

struct policy_rule capcheck_rule(const struct policy *policy, const struct census_domain *domain)
{
	const struct policy_subject subject = {
		.name = domain->name,
		.type = domain->type,
		.driver_domain = domain->cap.driver_domain,
	};

	return policy_rule(policy, &subject);
}

/* The number of the lowest port in the table's last bucket: the domain must have had one there. */
static uint32_t peak_bucket(const struct census_domain *domain)
{
	return domain->scan.n_valid > SCAN_BUCKET ? domain->scan.n_valid - SCAN_BUCKET : 0;
}

static int check_cap(struct finding_list *list, const struct census_domain *domain,
		     const struct policy_rule *rule)
{
	struct finding finding = { .domid = domain->domid };
	uint32_t cap = domain->cap.max_port;

	if (domain->cap.source == CAP_SOURCE_UNKNOWN) {
		finding.kind = FINDING_CAP_UNKNOWN;
		finding.notice = rule->hard == POLICY_NONE;
		return finding_add(list, &finding, "its cap is written down nowhere");
	}
	if (domain->tally.highest > cap || peak_bucket(domain) > cap) {
		finding.kind = FINDING_CAP_BROKEN;
		finding.port = domain->tally.highest;
		if (finding_add(list, &finding,
				"highest port %" PRIu32 ", table of %" PRIu32
				": above its cap of %" PRIu32
				" (%s): that is not the cap it was created with",
				domain->tally.highest, domain->scan.n_valid, cap,
				cap_source_name(domain->cap.source)) < 0)
			return -ENOMEM;
	}
	if (rule->hard == POLICY_NONE || cap <= rule->hard)
		return 0;
	finding.kind = FINDING_CAP_POLICY;
	finding.port = 0;
	return finding_add(list, &finding,
			   "its cap of %" PRIu32 " (%s) is above the policy's %" PRIu32
			   " (line %u)",
			   cap, cap_source_name(domain->cap.source), rule->hard, rule->hard_line);
}

static int check_use(struct finding_list *list, const struct census_domain *domain,
		     const struct policy_rule *rule)
{
	struct finding finding = { .domid = domain->domid, .n = domain->tally.n_used };

	if (rule->hard != POLICY_NONE &&
	    (domain->tally.n_used > rule->hard || peak_bucket(domain) > rule->hard)) {
		finding.kind = FINDING_PEAK;
		if (finding_add(list, &finding,
				"%" PRIu32 " ports in use, table of %" PRIu32
				": more than the policy's hard %" PRIu32 " (line %u)",
				domain->tally.n_used, domain->scan.n_valid, rule->hard,
				rule->hard_line) < 0)
			return -ENOMEM;
	}
	if (rule->soft == POLICY_NONE || domain->tally.n_used <= rule->soft)
		return 0;
	finding.kind = FINDING_SOFT;
	return finding_add(list, &finding,
			   "%" PRIu32 " ports in use: more than the policy's soft %" PRIu32
			   " (line %u)",
			   domain->tally.n_used, rule->soft, rule->soft_line);
}

int capcheck_find(struct finding_list *list, const struct census *census,
		  const struct policy *policy)
{
	for (size_t i = 0; i < census->n_domains; i++) {
		const struct census_domain *domain = &census->domains[i];
		struct policy_rule rule;

		if (domain->domid == 0 || domain->dying)
			continue;
		rule = capcheck_rule(policy, domain);
		if (check_cap(list, domain, &rule) < 0 || check_use(list, domain, &rule) < 0)
			return -ENOMEM;
	}
	return 0;
}
