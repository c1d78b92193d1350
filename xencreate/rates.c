/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line per kind and memory; the file is written beside and takes the old one's place. */
#include "rates.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "guestcfg.h"
#include "plan.h"

#define TEXT_MAX    4096
#define FEW	    10 /* times fewer tell less than the old ones */
#define COUNT_MAX   UINT64_C(1000000)
#define TOOK_MAX_US (UINT64_C(86400000000) * 30)
#define KINDS_MAX   8 /* of one plan that are told apart */
#define US_PER_S    1e6
#define US_PER_MS   1e3

static const char *kind_of(const struct guestcfg *config)
{
	return config->handed ? "xl" : guestcfg_type_name(config->type);
}

void rates_read(struct rates *rates, const char *text)
{
	struct rate rate;
	int len;

	*rates = (struct rates){ 0 };
	for (; *text; text += len) {
		const char *end = strchr(text, '\n');

		if (!end)
			return;
		len = (int)(end + 1 - text);
		if (sscanf(text, "%7[a-z] %" SCNu64 " %" SCNu64 " %" SCNu64, rate.kind,
			   &rate.memory_mib, &rate.n, &rate.took_us) == 4 &&
		    rate.n && rate.n <= COUNT_MAX && rate.took_us <= TOOK_MAX_US &&
		    rates->n < RATES_MAX)
			rates->all[rates->n++] = rate;
	}
}

void rates_write(const struct rates *rates, FILE *file)
{
	for (size_t i = 0; i < rates->n; i++)
		fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", rates->all[i].kind,
			rates->all[i].memory_mib, rates->all[i].n, rates->all[i].took_us);
}

static void drop(struct rates *rates, size_t i)
{
	rates->n--;
	memmove(&rates->all[i], &rates->all[i + 1], (rates->n - i) * sizeof(rates->all[0]));
}

void rates_note(struct rates *rates, const struct rate *rate)
{
	for (size_t i = 0; i < rates->n; i++) {
		const struct rate *old = &rates->all[i];

		if (strcmp(old->kind, rate->kind) || old->memory_mib != rate->memory_mib)
			continue;
		if (rate->n * FEW <= old->n)
			return;
		drop(rates, i);
		break;
	}
	if (rates->n == RATES_MAX)
		drop(rates, 0);
	rates->all[rates->n++] = *rate;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

const struct rate *rates_find(const struct rates *rates, const char *kind, uint64_t memory_mib)
{
	const struct rate *best = NULL;

	for (size_t i = 0; i < rates->n; i++) {
		const struct rate *rate = &rates->all[i];

		if (!strcmp(rate->kind, kind) &&
		    (!best || distance(rate->memory_mib, memory_mib) <
				      distance(best->memory_mib, memory_mib)))
			best = rate;
	}
	return best;
}

static void load(struct rates *rates, const char *path)
{
	char text[TEXT_MAX] = "";
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[n] = '\0';
	rates_read(rates, text);
}

void rates_explain(const struct plan *plan, const char *path, FILE *out)
{
	const struct rate *told[KINDS_MAX];
	struct rates rates;
	double took_us = 0;
	size_t n_told = 0;

	load(&rates, path);
	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct guestcfg *config = plan->domains[i].config;
		const struct rate *rate = rates_find(&rates, kind_of(config), config->memory_mib);
		size_t j = 0;

		if (!rate) {
			fprintf(out,
				"expected time: not known, no batch of %s domains was timed here\n",
				kind_of(config));
			return;
		}
		took_us += (double)rate->took_us / (double)rate->n;
		while (j < n_told && told[j] != rate)
			j++;
		if (j == n_told && n_told < KINDS_MAX)
			told[n_told++] = rate;
	}
	fprintf(out, "expected time: about %.1f s", took_us / US_PER_S);
	for (size_t j = 0; j < n_told; j++)
		fprintf(out, "%s%.1f ms for each %s of %" PRIu64 " MiB, as the last %" PRIu64,
			j ? "; " : " (", (double)told[j]->took_us / (double)told[j]->n / US_PER_MS,
			told[j]->kind, told[j]->memory_mib, told[j]->n);
	fprintf(out, "%s\n", n_told ? ")" : "");
}

uint64_t rates_expected_us(const struct plan *plan, const char *path)
{
	struct rates rates;
	double took_us = 0;

	load(&rates, path);
	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct guestcfg *config = plan->domains[i].config;
		const struct rate *rate = rates_find(&rates, kind_of(config), config->memory_mib);

		if (!rate)
			return 0;
		took_us += (double)rate->took_us / (double)rate->n;
	}
	return (uint64_t)took_us;
}

static int save(const struct rates *rates, const char *path)
{
	CLEANUP(free) char *folder = strdup(path);
	char beside[PATH_MAX];
	FILE *file;
	int r = 0;

	if (!folder)
		return -ENOMEM;
	*strrchr(folder, '/') = '\0';
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return -errno;
	snprintf(beside, sizeof(beside), "%s.%d", path, getpid());
	file = fopen(beside, "we");
	if (!file)
		return -errno;
	rates_write(rates, file);
	if (fclose(file) || rename(beside, path) < 0) {
		r = errno ? -errno : -ENOSPC;
		unlink(beside);
	}
	return r;
}

int rates_keep(const struct plan *plan, uint64_t took_us, const char *path)
{
	const struct guestcfg *first = plan->n_domains ? plan->domains[0].config : NULL;
	struct rate rate = { .n = plan->n_domains, .took_us = took_us };
	struct rates rates;

	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct guestcfg *config = plan->domains[i].config;

		if (config->memory_mib != first->memory_mib ||
		    strcmp(kind_of(config), kind_of(first)))
			return 0;
	}
	if (!first)
		return 0;
	snprintf(rate.kind, sizeof(rate.kind), "%s", kind_of(first));
	rate.memory_mib = first->memory_mib;
	load(&rates, path);
	rates_note(&rates, &rate);
	return save(&rates, path);
}
