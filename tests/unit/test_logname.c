/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No name leaves the log folder, and no two names share a file. */
#include "logname.h"

#include "unit.h"

static const char *name_of(const char *name, const char *suffix)
{
	static char buf[LOGNAME_SIZE];

	return logname_guest(buf, name, 7, suffix);
}

TEST(ordinary_names_are_the_stock_daemons)
{
	CHECK_STR_EQ(name_of("web-1", ""), "guest-web-1.log");
	CHECK_STR_EQ(name_of("web 1.example", "-vuart0"), "guest-web 1.example-vuart0.log");
	CHECK_STR_EQ(name_of("Stra\xc3\x9f"
			     "e",
			     ""),
		     "guest-Stra\xc3\x9f"
		     "e.log");
	CHECK_STR_EQ(name_of("50%", ""), "guest-50%.log");
	CHECK_STR_EQ(name_of("..", ""), "guest-...log");
}

TEST(no_name_leaves_the_folder)
{
	CHECK_STR_EQ(name_of("/etc/passwd", ""), "guest-%2Fetc%2Fpasswd.log");
	CHECK_STR_EQ(name_of("../../x", ""), "guest-..%2F..%2Fx.log");
	CHECK_STR_EQ(name_of("a\nb\x1b[2J\x7f", ""), "guest-a%0Ab%1B[2J%7F.log");
}

TEST(an_escaped_name_and_one_that_looks_like_it_differ)
{
	CHECK_STR_EQ(name_of("a%2Fb", ""), "guest-a%252Fb.log");
	CHECK_STR_EQ(name_of("a%252Fb", ""), "guest-a%25252Fb.log");
}

TEST(a_domain_without_a_name_is_called_by_its_number)
{
	CHECK_STR_EQ(name_of(NULL, ""), "guest-domid-7.log");
	CHECK_STR_EQ(name_of("", ""), "guest-domid-7.log");
}

TEST(long_names_fit_and_stay_different)
{
	char a[5000], b[5000], first[LOGNAME_SIZE], second[LOGNAME_SIZE];

	for (size_t len = 150; len < sizeof(a) - 1; len += len < 300 ? 1 : 97) {
		memset(a, '/', len);
		a[len] = '\0';
		strcpy(b, a);
		b[len - 1] = 'x';
		logname_guest(first, a, 1, "-vuart0");
		logname_guest(second, b, 1, "-vuart0");
		CHECK(strlen(first) < LOGNAME_SIZE);
		CHECK(!strchr(first, '/'));
		CHECK(strcmp(first, second) != 0);
		CHECK_STR_EQ(first + strlen(first) - strlen("-vuart0.log"), "-vuart0.log");
		memset(a, 'y', len);
		CHECK(strlen(logname_guest(first, a, 1, "-vuart0")) < LOGNAME_SIZE);
	}
}
