/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pattern.h"

#include <errno.h>

#include "unit.h"

static const char *expand(const char *pattern, const char *name, unsigned int number)
{
	static char buf[PATTERN_NAME_MAX];

	CHECK_EQ(pattern_name(buf, pattern, name, number), 0);
	return buf;
}

TEST(a_pattern_is_expanded)
{
	CHECK_STR_EQ(expand("%n-%d", "web", 7), "web-7");
	CHECK_STR_EQ(expand("%05d", "web", 42), "00042");
	CHECK_STR_EQ(expand("%03d%%", "web", 4200), "4200%");
	CHECK_STR_EQ(expand("plain", "web", 1), "plain");
}

TEST(an_unknown_percent_sign_is_refused)
{
	char buf[PATTERN_NAME_MAX];

	CHECK_EQ(pattern_check("%s", false), -EINVAL);
	CHECK_EQ(pattern_check("a%", false), -EINVAL);
	CHECK_EQ(pattern_check("%0d", false), -EINVAL);
	CHECK_EQ(pattern_check("%5d", false), -EINVAL);
	CHECK_EQ(pattern_name(buf, "%s", "web", 1), -EINVAL);
}

TEST(many_domains_need_a_number_in_the_pattern)
{
	CHECK_EQ(pattern_check("%n", true), -EDOM);
	CHECK_EQ(pattern_check("%%d", true), -EDOM);
	CHECK_EQ(pattern_check("%n", false), 0);
	CHECK_EQ(pattern_check("%n-%03d", true), 0);
}

TEST(a_name_that_does_not_fit_is_refused)
{
	char buf[PATTERN_NAME_MAX], name[PATTERN_NAME_MAX];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK_EQ(pattern_name(buf, "%n", name, 1), 0);
	CHECK_EQ(pattern_name(buf, "%n%d", name, 1), -ENAMETOOLONG);
	CHECK_EQ(pattern_name(buf, "%d%n", name, 1), -ENAMETOOLONG);
}

TEST(names_that_mean_something_else_are_refused)
{
	CHECK_EQ(pattern_name_check("web-1"), 0);
	CHECK_EQ(pattern_name_check("a..b"), 0);
	CHECK_EQ(pattern_name_check(""), -EINVAL);
	CHECK_EQ(pattern_name_check("12"), -EINVAL);
	CHECK_EQ(pattern_name_check("."), -EINVAL);
	CHECK_EQ(pattern_name_check(".."), -EINVAL);
	CHECK_EQ(pattern_name_check("../x"), -EINVAL);
	CHECK_EQ(pattern_name_check("a\nb"), -EINVAL);
	CHECK_EQ(pattern_name_check("a\x80"), -EINVAL);
}
