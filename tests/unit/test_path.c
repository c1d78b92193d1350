/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/path.h"

#include <errno.h>

#include "unit.h"

static const struct hash_key key = { { 1, 2, 3 } };
static struct path path;

static int parse(const char *text, bool special)
{
	return path_parse(&path, &key, "/local/domain/7", text, strlen(text), special);
}

TEST(path_accepts_letters_digits_and_four_marks)
{
	CHECK_EQ(parse("/a/Z9-_@x", false), 0);
	CHECK_EQ(path.n_levels, 2);
	CHECK_EQ(parse("/", false), 0);
	CHECK_EQ(path.n_levels, 0);
}

TEST(path_rejects_what_the_protocol_forbids)
{
	static const char *const bad[] = { "",	   "//",   "/a/",  "/a//b", "a/",   "a//b",
					   "/a b", "/a+b", "/a.b", "/\x80", "@a//", "@a/" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(parse(bad[i], true), -EINVAL);
}

TEST(path_takes_an_at_sign_first_only_where_specials_may_be)
{
	CHECK_EQ(parse("@releaseDomain", false), -EINVAL);
	CHECK_EQ(parse("@releaseDomain/5", true), 0);
	CHECK(path.special);
	CHECK_EQ(path.n_levels, 2);
}

TEST(path_makes_a_relative_one_absolute)
{
	CHECK_EQ(parse("device/vif", false), 0);
	CHECK_STR_EQ(path.text, "/local/domain/7/device/vif");
	CHECK_STR_EQ(path.text + path.skip, "device/vif");
	CHECK_EQ(path.n_levels, 5);
}

TEST(path_hashes_every_prefix_as_the_path_it_is)
{
	uint64_t of_b;
	uint32_t len;

	CHECK_EQ(parse("/a/b", false), 0);
	of_b = path.hash[2];
	CHECK_EQ(parse("/a/b/c", false), 0);
	CHECK(path.hash[2] == of_b);
	CHECK(path.hash[0] == path_hash_root(&key));
	CHECK(path_hash_child(&key, of_b, "c", 1) == path.hash[3]);
	CHECK_MEM_EQ(path_name(&path, 3, &len), "c", 1);
	CHECK_EQ(len, 1);
}

TEST(path_hashes_a_special_apart_from_a_node_of_that_name)
{
	uint64_t special;

	CHECK_EQ(parse("@x", true), 0);
	special = path.hash[1];
	CHECK_EQ(parse("/@x", false), 0);
	CHECK(path.hash[1] != special);
}

TEST(path_quota_does_not_count_the_home_of_a_domain)
{
	CHECK_EQ(parse("/local/domain/7/a", false), 0);
	CHECK_EQ(path_quota_len(&path), 1);
	CHECK_EQ(parse("a", false), 0);
	CHECK_EQ(path_quota_len(&path), 1);
	CHECK_EQ(parse("/local/domain/7", false), 0);
	CHECK_EQ(path_quota_len(&path), 15);
	CHECK_EQ(parse("/local/domain/x/a", false), 0);
	CHECK_EQ(path_quota_len(&path), 17);
	CHECK_EQ(parse("/local/domain/123456/a", false), 0);
	CHECK_EQ(path_quota_len(&path), 22);
}
