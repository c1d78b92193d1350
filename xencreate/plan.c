/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expansion of the batch. Uniqueness is seen in a sorted index, so ten thousand domains are no
 * work. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "guestcfg.h"
#include "log.h"
#include "lsevtchn/policy.h"

#define CAP_MIN 2 /* ports 1 and 2: the store and the console */

struct plan_index {
	struct plan plan;	      /* first: what the caller sees */
	struct plan_domain **by_name; /* owned array into plan.domains, sorted */
	uint8_t (*macs)[6];	      /* owned: of all vifs of all domains */
};

void plan_uuid_text(char text[37], const uint8_t uuid[16])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[n++] = '-';
		text[n++] = hex[uuid[i] >> 4];
		text[n++] = hex[uuid[i] & 15];
	}
	text[n] = '\0';
}

/* Version 4, variant 1: RFC 4122, section 4.4. */
int plan_uuid_new(uint8_t uuid[16])
{
	if (getrandom(uuid, 16, 0) != 16)
		return -errno;
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	return 0;
}

static int fill(struct plan_domain *domain, const struct guestcfg *config, const char *pattern,
		unsigned int number, struct log *log)
{
	int r = pattern_name(domain->name, pattern, config->name, number);

	if (!r)
		r = pattern_name_check(domain->name);
	if (!r && config->handed && strpbrk(domain->name, "\"'\\")) /* xl reads it within quotes */
		r = -EINVAL;
	if (r < 0) {
		log_error(log, "%s: \"%s\" and \"%s\" make no name for a domain: %s", config->path,
			  pattern, config->name,
			  r == -ENAMETOOLONG
				  ? "it is too long"
				  : "one is printable ASCII without a slash, and not only digits");
		return r == -ENAMETOOLONG ? -EINVAL : r;
	}
	if (config->has_uuid)
		memcpy(domain->uuid, config->uuid, sizeof(domain->uuid));
	else
		r = plan_uuid_new(domain->uuid);
	plan_uuid_text(domain->uuid_text, domain->uuid);
	domain->config = config;
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct plan_domain *const *)a)->name,
		      (*(struct plan_domain *const *)b)->name);
}

static int compare_uuids(const void *a, const void *b)
{
	return memcmp((*(struct plan_domain *const *)a)->uuid,
		      (*(struct plan_domain *const *)b)->uuid, 16);
}

/* Sorts the index and looks for neighbours that are alike. The last order stays. */
static int check_unique(struct plan_index *index, int (*compare)(const void *, const void *),
			const char *what, struct log *log)
{
	size_t n = index->plan.n_domains;

	qsort(index->by_name, n, sizeof(index->by_name[0]), compare);
	for (size_t i = 1; i < n; i++) {
		if (compare(&index->by_name[i - 1], &index->by_name[i]))
			continue;
		log_error(log, "two domains would have the %s of %s (%s)", what,
			  index->by_name[i]->name, index->by_name[i]->uuid_text);
		return -EEXIST;
	}
	return 0;
}

static int check_pattern(const char *pattern, bool many, struct log *log)
{
	int r = pattern_check(pattern, many);

	if (r == -EDOM)
		log_error(
			log,
			"the name pattern \"%s\" needs a %%d, because there is more than one domain",
			pattern);
	else if (r < 0)
		log_error(log,
			  "the name pattern \"%s\" has a %% that is none of %%d, %%05d, %%n, %%%%",
			  pattern);
	return r < 0 ? -EINVAL : 0;
}

static int allocate(struct plan_index *index, size_t n)
{
	index->plan.domains = calloc(n + 1, sizeof(index->plan.domains[0]));
	index->by_name = calloc(n + 1, sizeof(index->by_name[0]));
	if (!index->plan.domains || !index->by_name)
		return -ENOMEM;
	index->plan.n_domains = n;
	for (size_t i = 0; i < n; i++)
		index->by_name[i] = &index->plan.domains[i];
	return 0;
}

/* vCPUs, because placement deals the CPUs out by it; vifs, because each gets an address. */
static int number(struct plan_index *index)
{
	struct plan *plan = &index->plan;
	uint32_t n_vcpus = 0;
	size_t n_vifs = 0;

	for (size_t i = 0; i < plan->n_domains; i++)
		n_vifs += plan->domains[i].config->devices.n_vifs;
	index->macs = calloc(n_vifs + 1, sizeof(*index->macs));
	if (!index->macs)
		return -ENOMEM;
	n_vifs = 0;
	for (size_t i = 0; i < plan->n_domains; i++) {
		plan->domains[i].first_vcpu = n_vcpus;
		plan->domains[i].macs = index->macs + n_vifs;
		n_vcpus += plan->domains[i].config->max_vcpus;
		n_vifs += plan->domains[i].config->devices.n_vifs;
	}
	return 0;
}

int plan_new(struct plan **out, struct guestcfg *const *configs, size_t n_configs,
	     unsigned int n_copies, const char *pattern, unsigned int first, struct log *log)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct plan_index *index = calloc(1, sizeof(*index));
	int r;

	if (!index)
		return -ENOMEM;
	plan = &index->plan;
	if (!pattern)
		pattern = n_copies > 1 ? "%n-%d" : "%n";
	/* %n may already tell the configs apart; names are compared below. */
	r = check_pattern(pattern, n_copies > 1, log);
	if (!r)
		r = allocate(index, n_configs * n_copies);
	for (size_t i = 0; !r && i < n_configs * n_copies; i++) {
		plan->domains[i].config_index = (uint32_t)(i / n_copies);
		plan->domains[i].entry = (uint32_t)i;
		r = fill(&plan->domains[i], configs[i / n_copies], pattern,
			 first + (unsigned int)(i % n_copies), log);
	}
	if (!r)
		r = check_unique(index, compare_uuids, "UUID", log);
	if (!r)
		r = check_unique(index, compare_names, "name", log);
	if (!r)
		r = number(index);
	if (r < 0)
		return r;
	*out = STEAL(plan);
	return 0;
}

int plan_restore(struct plan **out, const struct plan_domain *domains, size_t n_domains,
		 struct log *log)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct plan_index *index = calloc(1, sizeof(*index));
	int r;

	if (!index)
		return -ENOMEM;
	plan = &index->plan;
	r = allocate(index, n_domains);
	if (r < 0)
		return r;
	memcpy(plan->domains, domains, n_domains * sizeof(*domains));
	r = check_unique(index, compare_names, "name", log);
	if (!r)
		r = number(index);
	if (r < 0)
		return r;
	*out = STEAL(plan);
	return 0;
}

void plan_free(struct plan *plan)
{
	struct plan_index *index = (struct plan_index *)plan;

	if (!plan)
		return;
	free(plan->domains);
	free(index->by_name);
	free(index->macs);
	free(index);
}

int plan_set_caps(struct plan *plan, const struct policy *policy, struct log *log)
{
	static const enum domtype types[] = {
		[GUESTCFG_PV] = DOMTYPE_PV,
		[GUESTCFG_PVH] = DOMTYPE_PVH,
		[GUESTCFG_HVM] = DOMTYPE_HVM,
	};

	for (size_t i = 0; i < plan->n_domains; i++) {
		struct plan_domain *domain = &plan->domains[i];
		const struct policy_subject subject = {
			.name = domain->name,
			.type = types[domain->config->type],
		};
		const struct policy_rule rule = policy_rule(policy, &subject);

		domain->cap = policy_cap(&rule, domain->config->asked_event_channels);
		if (domain->cap >= CAP_MIN)
			continue;
		log_error(
			log,
			"%s: a limit of %u event channels leaves no room for the store and the console",
			domain->name, domain->cap);
		return -EINVAL;
	}
	return 0;
}

static int compare_key(const void *key, const void *element)
{
	return strcmp(key, (*(struct plan_domain *const *)element)->name);
}

const struct plan_domain *plan_find(const struct plan *plan, const char *name)
{
	const struct plan_index *index = (const struct plan_index *)plan;
	struct plan_domain *const *found = bsearch(name, index->by_name, plan->n_domains,
						   sizeof(index->by_name[0]), compare_key);

	return found ? *found : NULL;
}
