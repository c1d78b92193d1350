/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people, one line a domain, and for programs, one object a domain. */
#include "planout.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "guestcfg.h"
#include "plan.h"
#include "rates.h"

static void print_text(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct plan_domain *domain = &plan->domains[i];

		printf("%s %s %s %llu MiB, %u vCPU, event channels up to %u%s\n", domain->name,
		       domain->uuid_text, guestcfg_type_name(domain->config->type),
		       (unsigned long long)domain->config->memory_mib, domain->config->vcpus,
		       domain->cap, domain->config->handed ? ", by xl" : "");
	}
	printf("\n");
}

static void print_json(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct plan_domain *domain = &plan->domains[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "event", json_object_new_string("planned"));
		json_object_object_add(object, "name", json_object_new_string(domain->name));
		json_object_object_add(object, "uuid", json_object_new_string(domain->uuid_text));
		json_object_object_add(
			object, "type",
			json_object_new_string(guestcfg_type_name(domain->config->type)));
		json_object_object_add(object, "memory_mib",
				       json_object_new_int64((int64_t)domain->config->memory_mib));
		json_object_object_add(object, "vcpus",
				       json_object_new_int64(domain->config->vcpus));
		json_object_object_add(object, "max_event_channels",
				       json_object_new_int64(domain->cap));
		json_object_object_add(object, "by_xl",
				       json_object_new_boolean(domain->config->handed));
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
		json_object_put(object);
	}
}

void planout_print(const struct plan *plan, bool json)
{
	if (json)
		print_json(plan);
	else
		print_text(plan);
}

void planout_expected(const struct plan *plan, const char *rates_path, bool json)
{
	uint64_t us = rates_expected_us(plan, rates_path);

	if (!json)
		rates_explain(plan, rates_path, stdout);
	else if (us)
		printf("{\"event\":\"expected\",\"took_us\":%" PRIu64 "}\n", us);
	else
		printf("{\"event\":\"expected\",\"took_us\":null}\n");
}
