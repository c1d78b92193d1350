/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy.h"

#include <errno.h>
#include <stdio.h>

#include "cap.h"
#include "unit.h"

static const char example[] = "# what a domain may have\n"
			      "[default]\n"
			      "hard = 1023\n"
			      "soft=200\n"
			      "\n"
			      "[type hvm]\n"
			      "  soft = none   # they have many devices\n"
			      "[driver-domain]\n"
			      "hard = none\n"
			      "[name web-*]\n"
			      "hard = 127\n"
			      "over-soft = mark, pause\n"
			      "[name web-big]\n"
			      "hard = 500";

static struct policy *parse(const char *text)
{
	struct policy *policy = NULL;
	char *error = NULL;

	CHECK_EQ(policy_parse(&policy, text, strlen(text), "p", &error), 0);
	CHECK(!error);
	return policy;
}

static struct policy_rule rule_of(const struct policy *policy, const char *name, enum domtype type,
				  bool driver)
{
	const struct policy_subject subject = { .name = name,
						.type = type,
						.driver_domain = driver };

	return policy_rule(policy, &subject);
}

TEST(the_most_particular_section_that_has_a_setting_gives_it)
{
	CLEANUP(policy_free) struct policy *policy = parse(example);
	struct policy_rule rule = rule_of(policy, "db", DOMTYPE_PV, false);

	CHECK_EQ(rule.hard, 1023);
	CHECK_EQ(rule.hard_line, 3);
	CHECK_EQ(rule.soft, 200);
	CHECK_EQ(rule.over_soft, POLICY_LOG);
	rule = rule_of(policy, "db", DOMTYPE_HVM, false);
	CHECK_EQ(rule.hard, 1023);
	CHECK_EQ(rule.soft, POLICY_NONE);
	CHECK_EQ(rule.soft_line, 7);
	rule = rule_of(policy, "net", DOMTYPE_HVM, true);
	CHECK_EQ(rule.hard, POLICY_NONE);
	CHECK_EQ(rule.hard_line, 9);
	rule = rule_of(policy, "web-3", DOMTYPE_PV, true);
	CHECK_EQ(rule.hard, 127);
	CHECK_EQ(rule.soft, 200);
	CHECK_EQ(rule.over_soft, POLICY_MARK | POLICY_PAUSE);
}

TEST(the_first_of_several_names_that_match_wins)
{
	CLEANUP(policy_free) struct policy *policy = parse(example);

	CHECK_EQ(rule_of(policy, "web-big", DOMTYPE_PV, false).hard, 127);
}

TEST(a_sign_inside_a_name_begins_no_comment)
{
	CLEANUP(policy_free) struct policy *policy = parse("[name a#b]\nhard = 5\n");

	CHECK_EQ(rule_of(policy, "a#b", DOMTYPE_PV, false).hard, 5);
	CHECK_EQ(rule_of(policy, "a", DOMTYPE_PV, false).hard, POLICY_NONE);
}

TEST(a_domain_without_a_name_matches_no_name)
{
	CLEANUP(policy_free) struct policy *policy = parse("[name *]\nhard = 5\n");

	CHECK_EQ(rule_of(policy, NULL, DOMTYPE_PV, false).hard, POLICY_NONE);
	CHECK_EQ(rule_of(policy, "", DOMTYPE_PV, false).hard, 5);
}

TEST(no_policy_says_nothing)
{
	struct policy_rule rule = rule_of(NULL, "x", DOMTYPE_PV, false);

	CHECK_EQ(rule.hard, POLICY_NONE);
	CHECK_EQ(rule.soft, POLICY_NONE);
	CHECK_EQ(rule.hard_line, 0);
	CHECK_EQ(rule.over_soft, POLICY_LOG);
}

TEST(what_is_asked_for_stands_within_the_hard_limit)
{
	const struct policy_rule rule = { .hard = 100 };
	const struct policy_rule free_rule = { .hard = POLICY_NONE };

	CHECK_EQ(policy_cap(&rule, 0), 100);
	CHECK_EQ(policy_cap(&rule, 50), 50);
	CHECK_EQ(policy_cap(&rule, 100), 100);
	CHECK_EQ(policy_cap(&rule, 101), 100);
	CHECK_EQ(policy_cap(&free_rule, 0), CAP_DEFAULT);
	CHECK_EQ(policy_cap(&free_rule, 9999), 9999);
}

static const struct {
	const char *text;
	const char *error;
} malformed[] = {
	{ "hard = 5\n", "p:1: 'hard' stands before any section" },
	{ "\n[defaults]\n",
	  "p:2: unknown section 'defaults': default, type, driver-domain or name is meant" },
	{ "[default\n", "p:1: a section ends with ']'" },
	{ "[default] x\n", "p:1: a section ends with ']'" },
	{ "[default x]\n", "p:1: unexpected 'x'" },
	{ "[]\n", "p:1: unknown section '': default, type, driver-domain or name is meant" },
	{ "[type pvx]\n", "p:1: 'pvx' is no type of domain: pv, pvh or hvm is meant" },
	{ "[type]\n", "p:1: '' is no type of domain: pv, pvh or hvm is meant" },
	{ "[type unknown]\n", "p:1: 'unknown' is no type of domain: pv, pvh or hvm is meant" },
	{ "[name ]\n", "p:1: a name or pattern is missing" },
	{ "[default]\nhard\n", "p:2: a section or 'key = value' is meant" },
	{ "[default]\nhard =\n", "p:2: '' is no number of event channels" },
	{ "[default]\nhard = ten\n", "p:2: 'ten' is no number of event channels" },
	{ "[default]\nhard = -1\n", "p:2: '-1' is no number of event channels" },
	{ "[default]\nhard = 5 6\n", "p:2: '5 6' is no number of event channels" },
	{ "[default]\nhard = 0\n", "p:2: hard is from 1 to 2147483647, or none" },
	{ "[default]\nsoft = 99999999999999999999\n",
	  "p:2: soft is from 1 to 2147483647, or none" },
	{ "[default]\nhart = 5\n", "p:2: unknown key 'hart': hard, soft or over-soft is meant" },
	{ "[default]\nhard = 5\nhard = 6\n", "p:3: 'hard' is set in line 2 already" },
	{ "[default]\nhard = 5\nsoft = 6\n", "p:3: soft is above hard" },
	{ "[default]\n[name a]\n[default]\n", "p:3: this section is in line 1 already" },
	{ "[default]\nover-soft = kill\n",
	  "p:2: 'kill' is nothing that can be done: log, mark or pause is meant" },
	{ "[default]\nover-soft = ,\n", "p:2: over-soft is empty" },
};

TEST(each_mistake_is_refused_with_its_line_and_reason)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct policy *policy = NULL;
		CLEANUP(free) char *error = NULL;

		CHECK_EQ(policy_parse(&policy, malformed[i].text, strlen(malformed[i].text), "p",
				      &error),
			 -EINVAL);
		CHECK_STR_EQ(error, malformed[i].error);
		CHECK(!policy);
	}
}

TEST(what_is_no_text_is_refused)
{
	struct policy *policy;
	CLEANUP(free) char *error = NULL;
	CLEANUP(free) char *error_2 = NULL;
	char line[POLICY_LINE_MAX + 1];

	CHECK_EQ(policy_parse(&policy, "[default]\nhard\0= 5\n", 19, "p", &error), -EINVAL);
	CHECK_STR_EQ(error, "p:2: this is no text");
	memset(line, '#', sizeof(line));
	CHECK_EQ(policy_parse(&policy, line, sizeof(line), "p", &error_2), -EINVAL);
	CHECK_STR_EQ(error_2, "p:1: the line is too long");
}

TEST(an_absent_file_is_told_from_a_bad_one)
{
	struct policy *policy;
	char *error = NULL;

	CHECK_EQ(policy_load(&policy, "/nonexistent/policy", &error), -ENOENT);
	CHECK_EQ(policy_load(&policy, "/", &error), -EISDIR);
	CHECK(!error);
}
