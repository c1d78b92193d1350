/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a batch will take, by what others took. */
#include "rates.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guestcfg.h"
#include "plan.h"
#include "unit.h"

static void note(struct rates *rates, const char *kind, uint64_t memory_mib, uint64_t n,
		 uint64_t took_us)
{
	struct rate rate = { .memory_mib = memory_mib, .n = n, .took_us = took_us };

	snprintf(rate.kind, sizeof(rate.kind), "%s", kind);
	rates_note(rates, &rate);
}

TEST(the_last_batch_of_a_kind_counts_unless_it_was_a_small_one)
{
	struct rates rates = { 0 };

	note(&rates, "pv", 4, 100, 5000);
	note(&rates, "pv", 4, 200, 6000);
	CHECK_EQ(rates.n, 1);
	CHECK_EQ(rates_find(&rates, "pv", 4)->n, 200);
	note(&rates, "pv", 4, 20, 9000);
	CHECK_EQ(rates_find(&rates, "pv", 4)->n, 200);
	note(&rates, "pv", 4, 21, 9000);
	CHECK_EQ(rates_find(&rates, "pv", 4)->n, 21);
}

TEST(the_nearest_memory_of_the_same_kind_is_taken)
{
	struct rates rates = { 0 };

	CHECK(!rates_find(&rates, "pv", 4));
	note(&rates, "pv", 4, 1, 1000);
	note(&rates, "pv", 512, 2, 1000);
	note(&rates, "pvh", 128, 3, 1000);
	CHECK_EQ(rates_find(&rates, "pv", 128)->n, 1);
	CHECK_EQ(rates_find(&rates, "pv", 4096)->n, 2);
	CHECK_EQ(rates_find(&rates, "pvh", 4)->n, 3);
	CHECK(!rates_find(&rates, "xl", 4));
}

TEST(the_oldest_goes_when_there_are_too_many)
{
	struct rates rates = { 0 };

	for (uint64_t i = 1; i <= RATES_MAX + 1; i++)
		note(&rates, "pv", i * 1000, 1, 1000);
	CHECK_EQ(rates.n, RATES_MAX);
	CHECK_EQ(rates.all[0].memory_mib, 2000);
	CHECK_EQ(rates.all[RATES_MAX - 1].memory_mib, (RATES_MAX + 1) * 1000);
}

TEST(what_makes_no_sense_is_left_out)
{
	struct rates rates;

	rates_read(&rates, "pv 4 100 5000\nPV 4 1 1\npv 4 0 1\nnothing\npvh 8 1 99999999999999999\n"
			   "xl 32 2 70\npv 4 1");
	CHECK_EQ(rates.n, 2);
	CHECK_STR_EQ(rates.all[1].kind, "xl");
	CHECK_EQ(rates.all[1].took_us, 70);
	rates_read(&rates, "");
	CHECK_EQ(rates.n, 0);
}

static char *explain(const struct plan *plan, const char *path)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	CHECK(file);
	rates_explain(plan, path, file);
	fclose(file);
	return text;
}

TEST(a_plan_is_told_its_time_once_one_like_it_was_carried_out)
{
	char folder[] = "/tmp/rates-XXXXXX", path[64];
	struct guestcfg small = { .type = GUESTCFG_PV, .memory_mib = 4 };
	struct guestcfg large = { .type = GUESTCFG_PVH, .memory_mib = 64 };
	struct plan_domain domains[3] = { { .config = &small }, { .config = &small }, { 0 } };
	struct plan plan = { .domains = domains, .n_domains = 2 };
	char *text;

	domains[2].config = &large;
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/in/rates", folder);
	text = explain(&plan, path);
	CHECK_STR_EQ(text, "expected time: not known, no batch of pv domains was timed here\n");
	free(text);
	CHECK_EQ(rates_keep(&plan, 5000000, path), 0);
	text = explain(&plan, path);
	CHECK_STR_EQ(
		text,
		"expected time: about 5.0 s (2500.0 ms for each pv of 4 MiB, as the last 2)\n");
	free(text);
	plan.n_domains = 3; /* of two kinds: tells nothing, and is not known */
	CHECK_EQ(rates_keep(&plan, 1, path), 0);
	text = explain(&plan, path);
	CHECK_STR_EQ(text, "expected time: not known, no batch of pvh domains was timed here\n");
	free(text);
	CHECK_EQ(unlink(path), 0);
	*strrchr(path, '/') = '\0';
	CHECK_EQ(rmdir(path), 0);
	CHECK_EQ(rmdir(folder), 0);
}
