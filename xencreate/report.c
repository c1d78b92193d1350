/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates and the time left come from the last ten seconds and not from the start, so that they
 * follow a host that becomes slower. Percentiles come from all values, kept per stage.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define TICK_US	     200000
#define RATE_SECONDS 10

struct values {
	uint32_t *us; /* owned */
	size_t n, n_allocated;
};

struct report {
	struct report_options options;
	FILE *timings; /* owned, or NULL */
	size_t n_good, n_bad, n_unclean;
	struct values stages[N_STAGES];
	struct values totals;
	uint64_t next_tick_us;
	bool drawn;
	const char *held; /* what is missing; "": nothing; a static text */
	/* How many were done at the end of each of the last seconds. */
	size_t done_at[RATE_SECONDS + 1];
	uint64_t done_second;
};

static void values_add(struct values *values, uint64_t us)
{
	if (values->n == values->n_allocated) {
		size_t n = values->n_allocated ? values->n_allocated * 2 : 256;
		uint32_t *array = reallocarray(values->us, n, sizeof(*array));

		if (!array)
			return; /* one value less in a percentile */
		values->us = array;
		values->n_allocated = n;
	}
	values->us[values->n++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int compare_us(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Of sorted values: the smallest that @percent of all do not exceed. */
static uint32_t percentile(const struct values *values, unsigned int percent)
{
	size_t rank = (values->n * percent + 99) / 100;

	return values->n ? values->us[rank ? rank - 1 : 0] : 0;
}

int report_new(struct report **out, const struct report_options *options)
{
	CLEANUP(report_free) struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return -ENOMEM;
	report->options = *options;
	report->held = "";
	if (options->timings_path) {
		report->timings = fopen(options->timings_path, "we");
		if (!report->timings)
			return -errno;
		fprintf(report->timings,
			"# times in microseconds; start and end since the batch began\n#n\tname\tdomid\tstart\tend");
		for (int i = 0; i < N_STAGES; i++)
			fprintf(report->timings, "\t%s", stage_name(i));
		fprintf(report->timings, "\tresult\n");
	}
	*out = STEAL(report);
	return 0;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	for (int i = 0; i < N_STAGES; i++)
		free(report->stages[i].us);
	free(report->totals.us);
	if (report->timings)
		fclose(report->timings);
	free(report);
}

static void clear_line(struct report *report)
{
	if (report->drawn)
		fprintf(stderr, "\r\033[K");
	report->drawn = false;
}

static void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_int64((int64_t)value));
}

static void add_text(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static void domain_json(struct report *report, const struct report_domain *domain)
{
	struct json_object *object = json_object_new_object(), *stages = json_object_new_object();

	add_text(object, "event", domain->error ? "failed" : report->options.doing);
	add_text(object, "name", domain->name);
	if (domain->domid)
		add_number(object, "domid", domain->domid);
	if (domain->uuid)
		add_text(object, "uuid", domain->uuid);
	add_number(object, "start_us", domain->start_us - report->options.start_us);
	add_number(object, "end_us", domain->end_us - report->options.start_us);
	for (int i = 0; i < N_STAGES; i++)
		if (domain->stage_us[i])
			add_number(stages, stage_name(i), domain->stage_us[i]);
	json_object_object_add(object, "stages_us", stages);
	if (domain->error) {
		add_text(object, "error", domain->error);
		json_object_object_add(object, "clean", json_object_new_boolean(domain->clean));
	}
	print_json(object);
}

static void domain_timings(struct report *report, const struct report_domain *domain)
{
	fprintf(report->timings, "%zu\t%s\t%u\t%" PRIu64 "\t%" PRIu64,
		report->n_good + report->n_bad, domain->name, domain->domid,
		domain->start_us - report->options.start_us,
		domain->end_us - report->options.start_us);
	for (int i = 0; i < N_STAGES; i++)
		fprintf(report->timings, "\t%" PRIu64, domain->stage_us[i]);
	fprintf(report->timings, "\t%s\n", domain->error ? domain->error : "ok");
}

void report_domain(struct report *report, const struct report_domain *domain)
{
	if (!report)
		return;
	if (domain->error) {
		report->n_bad++;
		report->n_unclean += !domain->clean;
	} else {
		report->n_good++;
		values_add(&report->totals, domain->end_us - domain->start_us);
		for (int i = 0; i < N_STAGES; i++)
			if (domain->stage_us[i])
				values_add(&report->stages[i], domain->stage_us[i]);
	}
	if (report->timings)
		domain_timings(report, domain);
	if (report->options.json) {
		domain_json(report, domain);
	} else if (domain->error) {
		clear_line(report);
		fprintf(stderr, "%s: %s%s\n", domain->name, domain->error,
			domain->clean ? "" : " (something of it is left)");
	}
}

void report_stage(struct report *report, const char *name, uint32_t domid, enum stage stage,
		  uint64_t took_us, uint64_t now_us)
{
	struct json_object *object;

	if (!report || !report->options.json)
		return;
	object = json_object_new_object();
	add_text(object, "event", "stage");
	add_text(object, "name", name);
	add_number(object, "domid", domid);
	add_text(object, "stage", stage_name(stage));
	add_number(object, "took_us", took_us);
	add_number(object, "end_us", now_us - report->options.start_us);
	print_json(object);
}

void report_slower(struct report *report, size_t limit, const char *why, uint64_t now_us)
{
	struct json_object *object;

	if (!report->options.json)
		return;
	object = json_object_new_object();
	add_text(object, "event", "slower");
	add_text(object, "why", why);
	add_number(object, "max_in_flight", limit);
	add_number(object, "end_us", now_us - report->options.start_us);
	print_json(object);
}

void report_held(struct report *report, const char *what)
{
	bool is_new = *what && !*report->held;
	struct json_object *object;

	report->held = what;
	if (!is_new || !report->options.json)
		return;
	object = json_object_new_object();
	add_text(object, "event", "held");
	add_text(object, "why", what);
	print_json(object);
}

/* Domains per second over the last RATE_SECONDS, or since the start if that is less. */
static double rate(struct report *report, uint64_t now_us)
{
	uint64_t elapsed_us = now_us - report->options.start_us, second = elapsed_us / 1000000,
		 span;
	size_t n_done = report->n_good + report->n_bad;

	while (report->done_second < second) {
		report->done_second++;
		report->done_at[report->done_second % (RATE_SECONDS + 1)] = n_done;
	}
	if (second <= RATE_SECONDS)
		return elapsed_us ? (double)n_done * 1e6 / (double)elapsed_us : 0;
	span = elapsed_us - (second - RATE_SECONDS) * 1000000;
	return (double)(n_done - report->done_at[(second - RATE_SECONDS) % (RATE_SECONDS + 1)]) *
	       1e6 / (double)span;
}

void report_tick(struct report *report, uint64_t now_us, size_t n_in_flight)
{
	size_t n_done = report->n_good + report->n_bad;
	double per_second;

	if (!report->options.progress || now_us < report->next_tick_us)
		return;
	report->next_tick_us = now_us + TICK_US;
	per_second = rate(report, now_us);
	fprintf(stderr, "\r\033[K%zu of %zu %s, %zu in flight, %zu failed, %.1f/s", report->n_good,
		report->options.n_wanted, report->options.doing, n_in_flight, report->n_bad,
		per_second);
	if (per_second > 0) {
		uint64_t left =
			(uint64_t)((double)(report->options.n_wanted - n_done) / per_second + 0.5);

		fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
	}
	if (*report->held)
		fprintf(stderr, ", waits for %s", report->held);
	fflush(stderr);
	report->drawn = true;
}

static void sort_values(struct values *values)
{
	/* qsort() wants an array even for no elements. */
	if (values->n)
		qsort(values->us, values->n, sizeof(*values->us), compare_us);
}

static void sort_all(struct report *report)
{
	for (int i = 0; i < N_STAGES; i++)
		sort_values(&report->stages[i]);
	sort_values(&report->totals);
}

static struct json_object *percentiles_json(const struct values *values)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "p50", percentile(values, 50));
	add_number(object, "p95", percentile(values, 95));
	add_number(object, "p99", percentile(values, 99));
	add_number(object, "max", percentile(values, 100));
	return object;
}

/* What we and the workers that have ended so far have used of the CPU. */
static uint64_t cpu_us(void)
{
	uint64_t sum_us = 0;
	const int who[] = { RUSAGE_SELF, RUSAGE_CHILDREN };

	for (int i = 0; i < 2; i++) {
		struct rusage usage;

		if (getrusage(who[i], &usage) < 0)
			continue;
		sum_us += (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			  (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	}
	return sum_us;
}

static void summary_json(const struct report *report, uint64_t took_us)
{
	struct json_object *object = json_object_new_object(), *stages = json_object_new_object();

	add_text(object, "event", "summary");
	add_number(object, report->options.doing, report->n_good);
	add_number(object, "failed", report->n_bad);
	add_number(object, "unclean", report->n_unclean);
	add_number(object, "took_us", took_us);
	add_number(object, "cpu_us", cpu_us());
	for (int i = 0; i < N_STAGES; i++)
		if (report->stages[i].n)
			json_object_object_add(stages, stage_name(i),
					       percentiles_json(&report->stages[i]));
	json_object_object_add(stages, "total", percentiles_json(&report->totals));
	json_object_object_add(object, "stages_us", stages);
	print_json(object);
}

static void percentiles_line(const char *name, const struct values *values)
{
	printf("  %-10s %10.2f %10.2f %10.2f %10.2f\n", name, percentile(values, 50) / 1e3,
	       percentile(values, 95) / 1e3, percentile(values, 99) / 1e3,
	       percentile(values, 100) / 1e3);
}

static void summary_text(const struct report *report, uint64_t took_us)
{
	printf("%zu of %zu %s in %.2f s", report->n_good, report->options.n_wanted,
	       report->options.doing, (double)took_us / 1e6);
	if (report->n_good)
		printf(" (%.2f ms each, %.2f of it our own CPU time)",
		       (double)took_us / 1e3 / (double)report->n_good,
		       (double)cpu_us() / 1e3 / (double)report->n_good);
	if (report->n_bad)
		printf(", %zu failed", report->n_bad);
	if (report->n_unclean)
		printf(" (%zu left something)", report->n_unclean);
	printf("\n");
	if (report->n_good < 2)
		return;
	printf("  %-10s %10s %10s %10s %10s\n", "ms", "p50", "p95", "p99", "max");
	for (int i = 0; i < N_STAGES; i++)
		if (report->stages[i].n)
			percentiles_line(stage_name(i), &report->stages[i]);
	percentiles_line("total", &report->totals);
}

void report_end(struct report *report, uint64_t now_us)
{
	uint64_t took_us = now_us - report->options.start_us;

	clear_line(report);
	sort_all(report);
	if (report->options.json)
		summary_json(report, took_us);
	else if (!report->options.quiet)
		summary_text(report, took_us);
	fflush(stdout);
}

void report_flush(const struct report *report)
{
	if (report->options.json)
		fflush(stdout);
}
