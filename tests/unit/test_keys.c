/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"

#include <stdio.h>

#include "unit.h"

/* All names in @text, each followed by a space. */
static const char *keys_of(const char *text)
{
	static char all[256];
	const char *key;
	size_t len, n = 0;

	all[0] = '\0';
	while ((text = keys_next(text, &key, &len)))
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%.*s ", (int)len, key);
	return all;
}

TEST(assignments_are_found_on_lines_and_behind_semicolons)
{
	CHECK_STR_EQ(keys_of("name = \"a\"\nmemory=4;vcpus =2\n"), "name memory vcpus ");
	CHECK_STR_EQ(keys_of("vif += [ 'a' ]"), "vif ");
	CHECK_STR_EQ(keys_of(""), "");
}

TEST(strings_lists_and_comments_hold_no_assignments)
{
	CHECK_STR_EQ(keys_of("cmdline = \"root = /dev/xvda\"\nmemory = 4"), "cmdline memory ");
	CHECK_STR_EQ(keys_of("vif = [ 'mac=00:16', \"x = 1\" ,\n 'y = 2' ]\nname='n'"),
		     "vif name ");
	CHECK_STR_EQ(keys_of("# maxmem = 5\nmemory = 4 # x = 1\n"), "memory ");
}

TEST(a_quote_behind_a_backslash_does_not_end_a_string)
{
	CHECK_STR_EQ(keys_of("extra = \"a \\\" b = c\"\nname = 'n'"), "extra name ");
}

TEST(what_is_not_closed_ends_the_search_without_harm)
{
	CHECK_STR_EQ(keys_of("name = \"a"), "name ");
	CHECK_STR_EQ(keys_of("name = \"a\\"), "name ");
	CHECK_STR_EQ(keys_of("vif = [ a = 1"), "vif ");
}
