/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capcheck.h"
#include "census.h"
#include "finding.h"
#include "hyper.h"
#include "log.h"
#include "storeclient.h"

static int mark(struct storeclient *client, const struct census_domain *domain, uint32_t soft)
{
	char path[CAP_NODE_MAX], value[32];

	snprintf(value, sizeof(value), "%" PRIu32 " %" PRIu32, domain->tally.n_used, soft);
	return storeclient_write(client, 0, cap_mark_node(path, domain->domid), value, NULL, NULL);
}

static const struct finding *soft_finding(const struct finding_list *findings, uint32_t domid)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->findings[i].kind == FINDING_SOFT &&
		    findings->findings[i].domid == domid)
			return &findings->findings[i];
	return NULL;
}

static int act_on_one(struct census_domain *domain, const struct finding *finding,
		      const struct policy_rule *rule, struct hyper *hyper,
		      struct storeclient *client, struct log *log, bool dry_run)
{
	bool marks = (rule->over_soft & POLICY_MARK) && client;
	bool pauses = (rule->over_soft & POLICY_PAUSE) && !domain->paused;
	int r = 0, r_pause = 0;

	if (!domain->over_soft)
		log_warning(log, "domain %" PRIu32 " (%s): %s%s%s%s", domain->domid,
			    domain->name ? domain->name : "-", finding->text,
			    marks ? "; marked" : "", pauses ? "; paused" : "",
			    dry_run ? " (not really)" : "");
	domain->over_soft = true;
	if (dry_run)
		return 0;
	if (marks)
		r = mark(client, domain, rule->soft);
	domain->marked |= marks && r == 0;
	if (pauses)
		r_pause = hyper_pause(hyper, domain->domid);
	if (r_pause < 0)
		log_error(log, "domain %" PRIu32 " cannot be paused: %s", domain->domid,
			  strerror(-r_pause));
	else if (pauses)
		domain->paused = true;
	return r < 0 ? r : r_pause;
}

int act_on(const struct finding_list *findings, struct census *census, const struct policy *policy,
	   struct hyper *hyper, struct storeclient *client, struct log *log, bool dry_run)
{
	int first = 0;

	for (size_t i = 0; i < census->n_domains; i++) {
		struct census_domain *domain = &census->domains[i];
		const struct finding *finding = soft_finding(findings, domain->domid);
		struct policy_rule rule = capcheck_rule(policy, domain);
		char path[CAP_NODE_MAX];
		int r = 0;

		if (finding) {
			r = act_on_one(domain, finding, &rule, hyper, client, log, dry_run);
		} else if (domain->over_soft || domain->marked) {
			log_info(log, "domain %" PRIu32 " is within the policy's soft limit again",
				 domain->domid);
			domain->over_soft = false;
			if (domain->marked && client && !dry_run)
				r = storeclient_rm(client, 0, cap_mark_node(path, domain->domid),
						   NULL, NULL);
			domain->marked = domain->marked && r < 0;
		}
		if (r < 0 && !first)
			first = r;
	}
	return first;
}
