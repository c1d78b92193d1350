/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What operations on nodes mean, outside of transactions: permissions, quotas, events, domain
 * death. */
#include <errno.h>

#include "xenstored_fixture.h"

MODEL_TEST(write_creates_missing_ancestors_with_empty_values)
{
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/a/b/c", "x"), 0);
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/a/b/c"), "x");
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/a/b"), "");
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/"), "tool a ");
}

MODEL_TEST(values_grow_and_shrink_in_place_and_out_of_it)
{
	static const char *const values[] = {
		"1",
		"",
		"123456789012345678901234567890123456789012345678901234567890",
		"12345678901234567890123456789012345678901234567890",
		"12",
		""
	};

	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/a", "start"), 0);
	for (size_t i = 0; i < 6; i++) {
		CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/a", values[i]), 0);
		CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/a"), values[i]);
	}
}

MODEL_TEST(children_are_listed_in_order_of_creation)
{
	fixture_write(&f, &f.dom0, NULL, "/d/z", "");
	fixture_write(&f, &f.dom0, NULL, "/d/a", "");
	fixture_write(&f, &f.dom0, NULL, "/d/m", "");
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/d/a"), 0);
	fixture_write(&f, &f.dom0, NULL, "/d/a", "");
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/d"), "z m a ");
}

MODEL_TEST(rm_of_a_missing_node_is_fine_if_its_parent_exists)
{
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/nothing"), 0);
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/nothing/below"), -ENOENT);
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/"), -EINVAL);
}

MODEL_TEST(existence_is_hidden_from_who_may_not_see)
{
	fixture_write(&f, &f.dom0, NULL, "/a/b", "x");
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/a/b", "y"), -EACCES);
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/a/b"), "error -13");
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/a/none"), "error -13");
	fixture_set_perms(&f, &f.dom0, NULL, "/a", "n0,r1");
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/a/none/deep"), "error -2");
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/a/b"), "error -13");
}

MODEL_TEST(a_guest_owns_what_it_creates_and_the_tools_leave_the_owner)
{
	fixture_write(&f, &f.dom0, NULL, "/g", "");
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/g", "r0,b1,r2"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g/own", "1"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom0, NULL, "/g/own/tools", "1"), 0);
	CHECK_EQ(f.dom1.account->used[QUOTA_NODES], 2);
	CHECK_EQ(fixture_write(&f, &f.dom2, NULL, "/g/own", "2"), -EACCES);
	CHECK_EQ(fixture_set_perms(&f, &f.dom1, NULL, "/g/own", "n2"), -EPERM);
	CHECK_EQ(fixture_set_perms(&f, &f.dom2, NULL, "/g/own", "n2"), -EACCES);
	CHECK_EQ(fixture_set_perms(&f, &f.dom0, NULL, "/g/own", "n2"), 0);
	CHECK_EQ(f.dom1.account->used[QUOTA_NODES], 1);
	CHECK_EQ(f.dom2.account->used[QUOTA_NODES], 1);
}

MODEL_TEST(the_first_entry_for_a_domain_decides_alone)
{
	fixture_write(&f, &f.dom0, NULL, "/a", "x");
	fixture_set_perms(&f, &f.dom0, NULL, "/a", "b0,n1,b1");
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/a"), "error -13");
	CHECK_STR_EQ(fixture_read(&f, &f.dom2, NULL, "/a"), "x");
	fixture_set_perms(&f, &f.dom0, NULL, "/a", "n0,r32757,b1");
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/a", "y"), -EACCES);
}

MODEL_TEST(a_device_model_has_the_rights_of_its_target)
{
	fixture_write(&f, &f.dom0, NULL, "/a", "x");
	fixture_set_perms(&f, &f.dom0, NULL, "/a", "n1");
	CHECK_STR_EQ(fixture_read(&f, &f.dom2, NULL, "/a"), "error -13");
	f.dom2.subject.target = 1;
	CHECK_STR_EQ(fixture_read(&f, &f.dom2, NULL, "/a"), "x");
	CHECK_EQ(fixture_set_perms(&f, &f.dom2, NULL, "/a", "r1"), 0);
}

MODEL_TEST(quota_of_nodes_lets_exactly_n_pass)
{
	f.dom1.account->limit[QUOTA_NODES] = 3;
	fixture_write(&f, &f.dom0, NULL, "/g", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/g", "n0,b1");
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g/1/2/3/4", ""), -ENOSPC);
	CHECK_EQ(f.dom1.account->used[QUOTA_NODES], 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g/1/2/3", ""), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g/4", ""), -ENOSPC);
	CHECK_EQ(f.dom1.account->refused[QUOTA_NODES], 2);
	CHECK_EQ(fixture_rm(&f, &f.dom1, NULL, "/g/1"), 0);
	CHECK_EQ(f.dom1.account->used[QUOTA_NODES], 0);
	CHECK_EQ(f.dom1.account->used[QUOTA_MEMORY], 0);
}

MODEL_TEST(quota_of_node_size_counts_header_permissions_value_and_names)
{
	fixture_write(&f, &f.dom0, NULL, "/g", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/g", "b1");
	f.dom1.account->limit[QUOTA_NODE_SIZE] = 24 + 4;
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g", "1234"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g", "12345"), -ENOSPC);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g/c", ""), -ENOSPC);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g", "12"), 0);
	CHECK_EQ(fixture_write(&f, &f.dom1, NULL, "/g/c", ""), 0);
	CHECK_EQ(fixture_rm(&f, &f.dom1, NULL, "/g/c"), 0);
}

MODEL_TEST(an_event_reaches_watches_on_the_path_and_above_within_their_depth)
{
	fixture_watch(&f, &f.dom0, "/", "root", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/a", "any", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/a", "zero", 0);
	fixture_watch(&f, &f.dom0, "/a", "one", 1);
	fixture_watch(&f, &f.dom0, "/", "root1", 1);
	fixture_watch(&f, &f.dom0, "/a/b", "exact", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/ab", "other", WATCH_DEPTH_ANY);
	fixture_write(&f, &f.dom0, NULL, "/a/b", "");
	CHECK_STR_EQ(f.events, "dom0:/a/b root; dom0:/a/b any; dom0:/a/b one; dom0:/a/b exact; ");
	f.events[0] = '\0';
	fixture_write(&f, &f.dom0, NULL, "/a", "");
	CHECK_STR_EQ(f.events, "dom0:/a root; dom0:/a any; dom0:/a zero; dom0:/a one; "
			       "dom0:/a root1; ");
}

MODEL_TEST(rm_tells_watches_inside_exactly_and_above_once)
{
	fixture_write(&f, &f.dom0, NULL, "/t/a/b", "");
	fixture_write(&f, &f.dom0, NULL, "/t/c", "");
	fixture_watch(&f, &f.dom0, "/t/a", "in", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/t/a/b", "deep", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/t/none", "never", WATCH_DEPTH_ANY);
	fixture_watch(&f, &f.dom0, "/", "root", WATCH_DEPTH_ANY);
	CHECK_EQ(fixture_rm(&f, &f.dom0, NULL, "/t"), 0);
	CHECK_STR_EQ(f.events, "dom0:/t/a/b deep; dom0:/t/a in; dom0:/t root; ");
}

MODEL_TEST(events_go_to_who_may_read_the_node_or_its_parent_or_could_before)
{
	fixture_watch(&f, &f.dom1, "/a", "w", WATCH_DEPTH_ANY);
	fixture_write(&f, &f.dom0, NULL, "/a/b", "");
	CHECK_STR_EQ(f.events, "");
	fixture_set_perms(&f, &f.dom0, NULL, "/a/b", "n0,r1");
	fixture_set_perms(&f, &f.dom0, NULL, "/a/b", "n0");
	fixture_write(&f, &f.dom0, NULL, "/a/b", "2");
	CHECK_STR_EQ(f.events, "dom1:/a/b w; dom1:/a/b w; ");
	fixture_set_perms(&f, &f.dom0, NULL, "/a", "n0,r1");
	f.events[0] = '\0';
	fixture_write(&f, &f.dom0, NULL, "/a/b", "3");
	fixture_rm(&f, &f.dom0, NULL, "/a/b");
	CHECK_STR_EQ(f.events, "dom1:/a/b w; dom1:/a/b w; ");
}

MODEL_TEST(a_dead_domain_leaves_no_node_and_no_right)
{
	fixture_write(&f, &f.dom0, NULL, "/own/x/y", "");
	fixture_write(&f, &f.dom0, NULL, "/other", "");
	fixture_set_perms(&f, &f.dom0, NULL, "/own", "n1");
	fixture_set_perms(&f, &f.dom0, NULL, "/own/x", "n1");
	fixture_set_perms(&f, &f.dom0, NULL, "/other", "n2,r1,b0");
	fixture_set_perms(&f, &f.dom0, NULL, "@releaseDomain", "n1,r2");
	fixture_watch(&f, &f.dom0, "/own/x", "w", WATCH_DEPTH_ANY);
	death_sweep(f.store, f.watches, 1, false);
	CHECK_STR_EQ(f.events, "dom0:/own/x w; ");
	CHECK_STR_EQ(fixture_read(&f, &f.dom0, NULL, "/own"), "error -2");
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/other"), "error -13");
	CHECK_STR_EQ(fixture_read(&f, &f.dom2, NULL, "/other"), "");
	CHECK(!perms_first_mention(f.store->perms, 1));
	CHECK_EQ(f.dom1.account->used[QUOTA_NODES], 0);
	CHECK_EQ(perms_owner(f.store->specials[STORE_RELEASE]->perms), 0);
}

MODEL_TEST(orphans_can_be_kept_for_dom0)
{
	fixture_write(&f, &f.dom0, NULL, "/own/x", "1");
	fixture_set_perms(&f, &f.dom0, NULL, "/own/x", "n1,r2,w1");
	death_sweep(f.store, f.watches, 1, true);
	CHECK_STR_EQ(fixture_read(&f, &f.dom2, NULL, "/own/x"), "1");
	CHECK_STR_EQ(fixture_read(&f, &f.dom1, NULL, "/own/x"), "error -13");
	CHECK_STR_EQ(f.events, "");
}

MODEL_TEST(the_root_stays_even_if_its_owner_dies)
{
	fixture_set_perms(&f, &f.dom0, NULL, "/", "r1");
	fixture_write(&f, &f.dom1, NULL, "/own/x", "1");
	death_sweep(f.store, f.watches, 1, false);
	CHECK_STR_EQ(fixture_list(&f, &f.dom0, NULL, "/"), "tool ");
	CHECK_EQ(perms_owner(f.store->root->perms), 0);
}
