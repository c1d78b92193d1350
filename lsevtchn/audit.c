/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "census.h"

static int check_domain(struct finding_list *list, const struct census_domain *domain)
{
	struct finding finding = { .domid = domain->domid, .kind = FINDING_SCAN };

	if (domain->scan.error)
		return finding_add(list, &finding, "its table cannot be read: %s",
				   strerror(-domain->scan.error));
	if (census_headroom(domain) || domain->dying)
		return 0;
	finding.kind = FINDING_FULL;
	finding.n = domain->tally.n_used;
	/* What is not proven may be larger. */
	finding.notice = domain->abi.proof == ABI_UNKNOWN &&
			 domain->cap.source == CAP_SOURCE_UNKNOWN;
	return finding_add(list, &finding, "no port left: all %" PRIu32 " are in use",
			   census_usable(domain));
}

int audit_tables(struct finding_list *list, const struct census *census)
{
	for (size_t i = 0; i < census->n_domains; i++)
		if (check_domain(list, &census->domains[i]) < 0)
			return -ENOMEM;
	return 0;
}

int audit_find(struct finding_list *list, const struct census *census,
	       const struct scan_source *source, const struct leak_ages *ages, uint64_t now_ms,
	       uint64_t forgotten_ms)
{
	if (audit_tables(list, census) < 0)
		return -ENOMEM;
	return leak_find(list, census, source, ages, now_ms, forgotten_ms);
}
