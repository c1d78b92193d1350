/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include <errno.h>

#include "guestcfg.h"
#include "unit.h"

static struct cpus set(const char *text)
{
	struct cpus cpus;

	CHECK_EQ(cpus_parse(&cpus, text), 0);
	return cpus;
}

static void check_set(const struct cpus *cpus, const char *text)
{
	struct cpus wanted = set(text);

	CHECK_MEM_EQ(cpus, &wanted, sizeof(wanted));
}

TEST(sets_are_ranges_and_exceptions)
{
	struct cpus cpus = set("0-3, 8,^2");

	CHECK_EQ(cpus_count(&cpus), 4);
	CHECK(cpus_has(&cpus, 3) && cpus_has(&cpus, 8) && !cpus_has(&cpus, 2));
	CHECK_EQ(cpus_nth(&cpus, 0), 0);
	CHECK_EQ(cpus_nth(&cpus, 2), 3);
	CHECK_EQ(cpus_nth(&cpus, 3), 8);
	cpus = set("all,^0");
	CHECK_EQ(cpus_count(&cpus), CPUS_MAX - 1);
}

TEST(what_is_no_set_is_refused)
{
	static const char *const wrong[] = {
		"", "x", "1,", "3-1", "1-", "1 2", "^1", "99999", "-1"
	};
	struct cpus cpus;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_EQ(cpus_parse(&cpus, wrong[i]), -EINVAL);
	CHECK_EQ(cpus_parse(&cpus, "nodes:0"), -EOPNOTSUPP);
}

TEST(pinned_vcpus_take_one_cpu_after_the_other_and_leave_those_to_be_kept_free)
{
	const struct place place = { .mode = PLACE_PIN, .keep_free = set("0") };
	const struct cpus host = set("0-3");
	struct guestcfg config = { .max_vcpus = 2 };
	struct cpus hard, soft;

	CHECK_EQ(place_decide(&place, &host, &config, 0, 0, &hard, &soft), 0);
	check_set(&hard, "1");
	check_set(&soft, "0-3");
	CHECK_EQ(place_decide(&place, &host, &config, 1, 0, &hard, &soft), 0);
	check_set(&hard, "2");
	CHECK_EQ(place_decide(&place, &host, &config, 1, 2, &hard, &soft), 0);
	check_set(&hard, "1");
}

TEST(spread_vcpus_prefer_one_cpu_and_may_run_on_all)
{
	const struct place place = { .mode = PLACE_SPREAD };
	const struct cpus host = set("0-3");
	struct guestcfg config = { .max_vcpus = 1 };
	struct cpus hard, soft;

	CHECK_EQ(place_decide(&place, &host, &config, 0, 5, &hard, &soft), 0);
	check_set(&hard, "0-3");
	check_set(&soft, "1");
}

TEST(what_the_config_says_goes_before_the_batch)
{
	const struct place place = { .mode = PLACE_PIN, .keep_free = set("3") };
	const struct cpus host = set("0-3");
	struct cpus sets[] = { set("2-3") };
	struct guestcfg config = { .max_vcpus = 2, .cpus = { .sets = sets, .n = 1 } };
	struct cpus hard, soft;

	CHECK_EQ(place_decide(&place, &host, &config, 0, 0, &hard, &soft), 0);
	check_set(&hard, "2");
	CHECK_EQ(place_decide(&place, &host, &config, 1, 0, &hard, &soft), 0);
	check_set(&hard, "1");
	config.cpus.for_all = true;
	sets[0] = set("3");
	CHECK_EQ(place_decide(&place, &host, &config, 1, 0, &hard, &soft), -EINVAL);
}
