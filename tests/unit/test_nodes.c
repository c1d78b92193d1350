/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store's values mean, including those that mean nothing. */
#include "nodes.h"

#include "unit.h"

static struct nodes with(enum nodes_id id, const char *value)
{
	struct nodes nodes = { 0 };

	nodes_set(&nodes, id, value, value ? strlen(value) : 0);
	return nodes;
}

TEST(a_console_is_ours_when_port_and_ring_are_there_and_no_other_type_is_named)
{
	struct nodes nodes = { 0 };

	CHECK(!nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_PORT, "2", 1);
	CHECK(!nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_RING_REF, "123456", 6);
	CHECK(nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_TYPE, NULL, 0);
	CHECK(nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_TYPE, "xenconsoled", 11);
	CHECK(nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_TYPE, "ioemu", 5);
	CHECK(!nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_TYPE, "xenconsoledx", 12);
	CHECK(!nodes_is_ours(&nodes));
	nodes_set(&nodes, NODES_TYPE, "", 0);
	CHECK(!nodes_is_ours(&nodes));
}

TEST(a_port_is_a_number_above_zero)
{
	static const char *const bad[] = {
		"", "0", "-1", " 3", "3 ", "0x3", "3x", "4294967296", "99999999999999999999", "3\n"
	};

	CHECK_EQ(with(NODES_PORT, "4294967295").port, 4294967295u);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!with(NODES_PORT, bad[i]).has_port);
}

TEST(a_ring_may_be_any_frame_and_a_number_that_does_not_fit_is_none)
{
	CHECK(with(NODES_RING_REF, "0").has_ring_ref);
	CHECK_EQ(with(NODES_RING_REF, "18446744073709551615").ring_ref, UINT64_MAX);
	CHECK(!with(NODES_RING_REF, "18446744073709551616").has_ring_ref);
	CHECK(!with(NODES_RING_REF, "-1").has_ring_ref);
}

TEST(a_limit_that_is_no_number_is_no_limit)
{
	CHECK_EQ(with(NODES_LIMIT, "1048576").limit_bytes, 1048576);
	CHECK_EQ(with(NODES_LIMIT, "lots").limit_bytes, 0);
	CHECK_EQ(with(NODES_LIMIT, NULL).limit_bytes, 0);
}

TEST(a_value_that_counts_its_nul_is_read_all_the_same)
{
	struct nodes nodes = { 0 };

	nodes_set(&nodes, NODES_PORT, "17\0", 3);
	CHECK_EQ(nodes.port, 17);
	nodes_set(&nodes, NODES_TYPE, "xenconsoled\0", 12);
	CHECK(!nodes.foreign_type);
}

TEST(an_overlong_tty_is_none)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK_STR_EQ(with(NODES_TTY, "/dev/pts/3").tty, "/dev/pts/3");
	CHECK_STR_EQ(with(NODES_TTY, path).tty, "");
}

TEST(events_name_the_domain_and_our_own_writes_are_none)
{
	uint32_t domid = 0;

	CHECK(nodes_domid_of("/local/domain/17/console", &domid));
	CHECK_EQ(domid, 17);
	CHECK(nodes_domid_of("/local/domain/32751/console/port", &domid));
	CHECK_EQ(domid, 32751);
	CHECK(nodes_domid_of("/local/domain/3", &domid));
	CHECK_EQ(domid, 3);
	CHECK(!nodes_domid_of("/local/domain/17/console/tty", &domid));
	CHECK(!nodes_domid_of("/local/domain/32752/console", &domid));
	CHECK(!nodes_domid_of("/local/domain/x/console", &domid));
	CHECK(!nodes_domid_of("/local/domain//console", &domid));
	CHECK(!nodes_domid_of("/local/domain/-1/console", &domid));
	CHECK(!nodes_domid_of("/local/domain/99999999999999999999/console", &domid));
	CHECK(!nodes_domid_of("@introduceDomain", &domid));
	CHECK(!nodes_domid_of("", &domid));
	CHECK_EQ(domid, 3);
}

TEST(the_names_are_those_of_the_toolstack)
{
	CHECK_STR_EQ(nodes_name(NODES_PORT), "port");
	CHECK_STR_EQ(nodes_name(NODES_RING_REF), "ring-ref");
	CHECK_STR_EQ(nodes_name(NODES_TYPE), "type");
	CHECK_STR_EQ(nodes_name(NODES_LIMIT), "limit");
	CHECK_STR_EQ(nodes_name(NODES_TTY), "tty");
}

TEST(a_domid_is_a_small_number_and_nothing_else)
{
	static const char *const bad[] = {
		"", "-1", "x", "1x", " 1", "32752", "99999999999999999999"
	};
	uint32_t domid = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!nodes_domid(bad[i], &domid));
	CHECK_EQ(domid, 5);
	CHECK(nodes_domid("32751", &domid));
	CHECK_EQ(domid, 32751);
}
