/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"
#include "unit.h"

TEST(escape_keeps_plain_text)
{
	char buf[32];

	CHECK_STR_EQ(log_escape(buf, sizeof(buf), "vif/0", 5), "vif/0");
}

TEST(escape_writes_control_bytes_and_backslash_as_hex)
{
	char buf[32];

	CHECK_STR_EQ(log_escape(buf, sizeof(buf), "a\n\\\xff", 4), "a\\x0a\\x5c\\xff");
}

TEST(escape_cuts_what_does_not_fit)
{
	char buf[8];

	CHECK_STR_EQ(log_escape(buf, sizeof(buf), "abcdefgh", 8), "abcd...");
	CHECK_STR_EQ(log_escape(buf, sizeof(buf), "abcdefg", 7), "abcdefg");
	CHECK_STR_EQ(log_escape(buf, sizeof(buf), "\n\n\n", 3), "\\x0a...");
}

TEST(limit_passes_once_per_period_and_counts_the_rest)
{
	struct log_limit limit = { 0 };
	uint32_t held = 7;

	CHECK(log_limit_pass(&limit, 1000, 100, &held));
	CHECK_EQ(held, 0);
	CHECK(!log_limit_pass(&limit, 1050, 100, &held));
	CHECK(!log_limit_pass(&limit, 1099, 100, &held));
	CHECK(log_limit_pass(&limit, 1100, 100, &held));
	CHECK_EQ(held, 2);
}
