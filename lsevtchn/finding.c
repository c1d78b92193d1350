/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void finding_deinit(struct finding_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->findings[i].text);
	free(list->findings);
	memset(list, 0, sizeof(*list));
}

int finding_add(struct finding_list *list, const struct finding *finding, const char *fmt, ...)
{
	struct finding *findings = reallocarray(list->findings, list->n + 1, sizeof(*findings));
	char *text;
	va_list ap;
	int n;

	if (!findings)
		return -ENOMEM;
	list->findings = findings;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	findings[list->n] = *finding;
	findings[list->n++].text = text;
	return 0;
}

size_t finding_n(const struct finding_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += !list->findings[i].notice;
	return n;
}

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const names[FINDING_N_KINDS] = {
		[FINDING_DEAD_PEER] = "dead-peer",
		[FINDING_ONE_END] = "one-end",
		[FINDING_FORGOTTEN] = "forgotten",
		[FINDING_WAITING] = "waiting",
		[FINDING_FULL] = "full",
		[FINDING_SCAN] = "unreadable",
		[FINDING_CAP_UNKNOWN] = "cap-unknown",
		[FINDING_CAP_BROKEN] = "cap-broken",
		[FINDING_CAP_POLICY] = "cap-policy",
		[FINDING_PEAK] = "peak",
		[FINDING_SOFT] = "over-soft",
	};

	return names[kind];
}
