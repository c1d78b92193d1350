/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in, text out. */
#include "pool/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

static int64_t number(struct json_object *object, const char *key)
{
	return json_object_get_int64(json_object_object_get(object, key));
}

static const char *text(struct json_object *object, const char *key)
{
	const char *value = json_object_get_string(json_object_object_get(object, key));

	return value ? value : "";
}

static struct json_object *parse(const char *status)
{
	struct json_object *object = json_tokener_parse(status);

	if (json_object_is_type(object, json_type_object) &&
	    json_object_is_type(json_object_object_get(object, "pool"), json_type_string))
		return object;
	json_object_put(object);
	return NULL;
}

static void print_domains(FILE *to, struct json_object *domains)
{
	size_t n = domains ? json_object_array_length(domains) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *domain = json_object_array_get_idx(domains, i);

		fprintf(to, "  %-32s %5" PRId64 "  %s  %s", text(domain, "name"),
			number(domain, "domid"), text(domain, "uuid"), text(domain, "state"));
		if (json_object_object_get(domain, "age_s"))
			fprintf(to, ", %" PRId64 " s old", number(domain, "age_s"));
		fprintf(to, "\n");
	}
}

int figures_text(FILE *to, const char *status)
{
	struct json_object *object = parse(status), *took, *removed;
	int64_t n_removed = 0;

	if (!object)
		return -EPROTO;
	took = json_object_object_get(object, "take_us");
	removed = json_object_object_get(object, "removed");
	if (removed) {
		json_object_object_foreach(removed, key, value)
		{
			(void)key;
			n_removed += json_object_get_int64(value);
		}
	}
	fprintf(to, "pool %s (%s, process %" PRId64 "): %s\n", text(object, "pool"),
		text(object, "config"), number(object, "pid"), text(object, "state"));
	fprintf(to,
		"  %" PRId64 " of %" PRId64 " ready, %" PRId64 " being built, %" PRId64
		" being removed; %" PRId64 " takers wait; refill: %s\n",
		number(object, "ready"), number(object, "size"), number(object, "building"),
		number(object, "removing"), number(object, "waiting"), text(object, "refill"));
	fprintf(to,
		"  built %" PRId64 ", failed %" PRId64 ", given %" PRId64 ", refused %" PRId64
		", taken back %" PRId64 ", removed %" PRId64 "\n",
		number(object, "built"), number(object, "failed"), number(object, "given"),
		number(object, "refused"), number(object, "taken_back"), n_removed);
	if (number(took, "n"))
		fprintf(to, "  a take, ms: p50 %.2f, p99 %.2f, max %.2f\n",
			(double)number(took, "p50") / 1e3, (double)number(took, "p99") / 1e3,
			(double)number(took, "max") / 1e3);
	if (*text(object, "error"))
		fprintf(to, "  last error: %s\n", text(object, "error"));
	print_domains(to, json_object_object_get(object, "domains"));
	json_object_put(object);
	return 0;
}

/* A pool's name needs no escapes. */
static void metric(FILE *to, struct json_object *object, const char *type, const char *name,
		   const char *key, const char *help)
{
	fprintf(to, "# TYPE xencreate_pool_%s %s\n# HELP xencreate_pool_%s %s\n", name, type, name,
		help);
	fprintf(to, "xencreate_pool_%s%s{pool=\"%s\"} %" PRId64 "\n", name,
		*type == 'c' ? "_total" : "", text(object, "pool"), number(object, key));
}

static void removals(FILE *to, struct json_object *object)
{
	struct json_object *removed = json_object_object_get(object, "removed");

	fprintf(to,
		"# TYPE xencreate_pool_removed counter\n"
		"# HELP xencreate_pool_removed domains that left the pool without having been taken\n");
	if (!removed)
		return;
	json_object_object_foreach(removed, key, value)
	{
		fprintf(to, "xencreate_pool_removed_total{pool=\"%s\",why=\"%s\"} %" PRId64 "\n",
			text(object, "pool"), key, json_object_get_int64(value));
	}
}

static void times(FILE *to, struct json_object *object)
{
	struct json_object *took = json_object_object_get(object, "take_us");

	fprintf(to,
		"# TYPE xencreate_pool_take_seconds summary\n# UNIT xencreate_pool_take_seconds seconds\n"
		"# HELP xencreate_pool_take_seconds time of the latest takes within the pool\n");
	fprintf(to, "xencreate_pool_take_seconds{pool=\"%s\",quantile=\"0.5\"} %.6f\n",
		text(object, "pool"), (double)number(took, "p50") / 1e6);
	fprintf(to, "xencreate_pool_take_seconds{pool=\"%s\",quantile=\"0.99\"} %.6f\n",
		text(object, "pool"), (double)number(took, "p99") / 1e6);
}

int figures_metrics(FILE *to, const char *status)
{
	struct json_object *object = parse(status);

	if (!object)
		return -EPROTO;
	metric(to, object, "gauge", "size", "size", "domains that are to be ready");
	metric(to, object, "gauge", "ready", "ready", "domains that are ready");
	metric(to, object, "gauge", "building", "building", "domains that are being built");
	metric(to, object, "gauge", "removing", "removing", "domains that are being removed");
	metric(to, object, "gauge", "waiting", "waiting", "takers that found none ready");
	metric(to, object, "counter", "built", "built", "domains that were built");
	metric(to, object, "counter", "failed", "failed", "domains that could not be built");
	metric(to, object, "counter", "given", "given", "domains that were given away");
	metric(to, object, "counter", "refused", "refused", "takers that got none");
	metric(to, object, "counter", "taken_back", "taken_back",
	       "domains that were taken back on their way");
	removals(to, object);
	times(to, object);
	fprintf(to, "# EOF\n");
	json_object_put(object);
	return 0;
}
