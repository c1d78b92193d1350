/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <errno.h>

#include "guestcfg.h"
#include "log.h"
#include "unit.h"

static int make(struct plan **plan, struct guestcfg *const *configs, size_t n_configs,
		unsigned int n_copies, const char *pattern)
{
	CLEANUP(log_free) struct log *log = NULL;

	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	return plan_new(plan, configs, n_configs, n_copies, pattern, 1, log);
}

TEST(one_copy_keeps_its_name_and_many_are_numbered)
{
	struct guestcfg web = { .name = (char *)"web", .path = (char *)"web.cfg" };
	struct guestcfg *configs[] = { &web };
	CLEANUP(plan_free) struct plan *one = NULL;
	CLEANUP(plan_free) struct plan *many = NULL;

	CHECK_EQ(make(&one, configs, 1, 1, NULL), 0);
	CHECK_EQ(one->n_domains, 1);
	CHECK_STR_EQ(one->domains[0].name, "web");
	CHECK_EQ(make(&many, configs, 1, 12, NULL), 0);
	CHECK_EQ(many->n_domains, 12);
	CHECK_STR_EQ(many->domains[0].name, "web-1");
	CHECK_STR_EQ(many->domains[11].name, "web-12");
}

TEST(each_domain_knows_its_config)
{
	struct guestcfg a = { .name = (char *)"a", .path = (char *)"a.cfg" },
			b = { .name = (char *)"b", .path = (char *)"b.cfg" };
	struct guestcfg *configs[] = { &a, &b };
	CLEANUP(plan_free) struct plan *plan = NULL;

	CHECK_EQ(make(&plan, configs, 2, 2, NULL), 0);
	CHECK_EQ(plan->n_domains, 4);
	CHECK_STR_EQ(plan->domains[2].name, "b-1");
	CHECK(plan->domains[2].config == &b);
	CHECK_EQ(plan->domains[2].config_index, 1);
	CHECK(plan_find(plan, "a-2") == &plan->domains[1]);
	CHECK(!plan_find(plan, "c-1"));
}

TEST(no_name_is_given_twice)
{
	struct guestcfg web = { .name = (char *)"web", .path = (char *)"web.cfg" };
	struct guestcfg *configs[] = { &web, &web };
	struct plan *plan = NULL;

	CHECK_EQ(make(&plan, configs, 2, 1, NULL), -EEXIST);
	CHECK_EQ(make(&plan, configs, 2, 2, "x-%d"), -EEXIST);
	CHECK_EQ(make(&plan, configs, 1, 2, "same"), -EINVAL);
	CHECK(!plan);
}

TEST(no_uuid_is_given_twice)
{
	struct guestcfg fixed = {
		.name = (char *)"f", .path = (char *)"f.cfg", .has_uuid = true, .uuid = { 1, 2, 3 }
	};
	struct guestcfg web = { .name = (char *)"web", .path = (char *)"web.cfg" };
	struct guestcfg *configs[] = { &fixed, &web };
	CLEANUP(plan_free) struct plan *many = NULL;
	struct plan *plan = NULL;

	CHECK_EQ(make(&plan, configs, 1, 2, NULL), -EEXIST);
	CHECK_EQ(make(&many, configs + 1, 1, 1000, NULL), 0);
	for (size_t i = 1; i < many->n_domains; i++)
		CHECK(memcmp(many->domains[0].uuid, many->domains[i].uuid, 16));
	/* RFC 4122: version 4, variant 1. */
	CHECK_EQ(many->domains[0].uuid_text[14], '4');
	CHECK_EQ(many->domains[0].uuid[8] >> 6, 2);
}

TEST(a_given_uuid_is_used)
{
	struct guestcfg fixed = { .name = (char *)"f",
				  .path = (char *)"f.cfg",
				  .has_uuid = true,
				  .uuid = { 0xab, 2, 3 } };
	struct guestcfg *configs[] = { &fixed };
	CLEANUP(plan_free) struct plan *plan = NULL;

	CHECK_EQ(make(&plan, configs, 1, 1, NULL), 0);
	CHECK_STR_EQ(plan->domains[0].uuid_text, "ab020300-0000-0000-0000-000000000000");
}

TEST(a_name_that_cannot_be_is_refused)
{
	struct guestcfg slash = { .name = (char *)"a/b", .path = (char *)"x.cfg" };
	struct guestcfg *configs[] = { &slash };
	struct plan *plan = NULL;

	CHECK_EQ(make(&plan, configs, 1, 1, NULL), -EINVAL);
	CHECK_EQ(make(&plan, configs, 1, 2, "%d"), -EINVAL);
	CHECK_EQ(make(&plan, configs, 1, 2, "%x"), -EINVAL);
}

TEST(a_name_that_xl_cannot_be_told_is_refused)
{
	struct guestcfg ours = { .name = (char *)"o'neill", .path = (char *)"web.cfg" }, theirs = {
		.name = (char *)"web", .path = (char *)"web.cfg", .handed = true
	};
	struct guestcfg *configs[] = { &ours, &theirs };
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct plan *none = NULL;

	CHECK_EQ(make(&plan, configs, 2, 1, NULL), 0);
	CHECK_EQ(make(&none, &configs[1], 1, 1, "x\" kernel=\"y"), -EINVAL);
	CHECK_EQ(make(&none, &configs[1], 1, 1, "x\\"), -EINVAL);
	CHECK_EQ(make(&none, &configs[1], 1, 1, "x'"), -EINVAL);
	CHECK(!none);
}
