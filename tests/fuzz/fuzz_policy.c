/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy on event channels: what is refused is refused with its line; what is not never gives a
 * domain more than its hard limit. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cap.h"
#include "policy.h"

#define SOURCE "the/policy"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int count_lines(const uint8_t *data, size_t size)
{
	unsigned int n = 1;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

static void check_error(const char *error, unsigned int n_lines)
{
	char *end;
	unsigned long line;

	assert(error && strncmp(error, SOURCE ":", strlen(SOURCE ":")) == 0);
	line = strtoul(error + strlen(SOURCE ":"), &end, 10);
	assert(line >= 1 && line <= n_lines);
	assert(strncmp(end, ": ", 2) == 0 && end[2]);
}

static void check_rule(const struct policy *policy, const char *name, enum domtype type,
		       bool driver_domain, unsigned int n_lines)
{
	static const uint32_t asked[] = { 0, 1, 2, 1023, 4095, CAP_NONE };
	const struct policy_subject subject = { name, type, driver_domain };
	const struct policy_rule rule = policy_rule(policy, &subject);

	assert(rule.hard >= 1 && rule.soft >= 1 && rule.over_soft);
	assert(rule.hard_line <= n_lines && rule.soft_line <= n_lines);
	assert(rule.hard_line || rule.hard == POLICY_NONE);
	assert(rule.soft_line || rule.soft == POLICY_NONE);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint32_t cap = policy_cap(&rule, asked[i]);

		assert(cap >= 1 && cap <= CAP_NONE && cap <= rule.hard);
		assert(!asked[i] || asked[i] > rule.hard || cap == asked[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int n_lines = count_lines(data, size);
	CLEANUP(policy_free) struct policy *policy = NULL;
	CLEANUP(free) char *error = NULL;
	int r = policy_parse(&policy, (const char *)data, size, SOURCE, &error);

	assert(r == 0 || r == -EINVAL);
	assert((r == 0) == (policy != NULL));
	if (r < 0) {
		check_error(error, n_lines);
		return 0;
	}
	assert(!error);
	check_rule(policy, NULL, DOMTYPE_PV, false, n_lines);
	check_rule(policy, "web-1", DOMTYPE_PVH, false, n_lines);
	check_rule(policy, "[a]#", DOMTYPE_HVM, true, n_lines);
	check_rule(policy, "", DOMTYPE_PV, true, n_lines);
	return 0;
}
