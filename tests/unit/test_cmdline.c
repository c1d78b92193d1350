/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline.h"

#include <errno.h>
#include <getopt.h>

#include "unit.h"

#define ARGS(...) ((char *[]){ "lsevtchn", __VA_ARGS__, NULL })

static int parse(struct cmdline *cmdline, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	optind = 0; /* begin anew */
	opterr = 0;
	return cmdline_parse(cmdline, argc, argv);
}

TEST(each_mode_is_reached_by_its_option)
{
	static const struct {
		char *option;
		enum cmdline_mode mode;
	} modes[] = {
		{ "--all", CMDLINE_ALL },	  { "-a", CMDLINE_ALL },
		{ "--summary", CMDLINE_SUMMARY }, { "-s", CMDLINE_SUMMARY },
		{ "--by-peer", CMDLINE_BY_PEER }, { "--check-caps", CMDLINE_CHECK_CAPS },
		{ "--enforce", CMDLINE_ENFORCE }, { "--help", CMDLINE_HELP },
		{ "--version", CMDLINE_VERSION }, { "--json", CMDLINE_ALL },
		{ "--watch", CMDLINE_ALL },
	};
	struct cmdline cmdline;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		CHECK_EQ(parse(&cmdline, ARGS(modes[i].option)), 0);
		CHECK_EQ(cmdline.mode, modes[i].mode);
	}
}

TEST(a_domain_can_stand_alone_or_behind_its_option)
{
	struct cmdline cmdline;

	CHECK_EQ(parse(&cmdline, ARGS("--summary", "web")), 0);
	CHECK_STR_EQ(cmdline.domain, "web");
	CHECK_EQ(parse(&cmdline, ARGS("--domain", "web")), 0);
	CHECK_EQ(cmdline.mode, CMDLINE_DOMAIN);
	CHECK_STR_EQ(cmdline.domain, "web");
	CHECK_EQ(parse(&cmdline, ARGS("5", "--json")), 0);
	CHECK_EQ(cmdline.mode, CMDLINE_SUMMARY);
	CHECK_STR_EQ(cmdline.domain, "5");
	CHECK_EQ(cmdline.format, CMDLINE_JSON);
	CHECK_EQ(parse(&cmdline, ARGS("--summary")), 0);
	CHECK(!cmdline.domain);
}

TEST(preflight_takes_files_and_figures)
{
	struct cmdline cmdline;

	CHECK_EQ(parse(&cmdline, ARGS("--preflight", "a.cfg", "-n", "50", "b.cfg", "--explain",
				      "--reserve=0")),
		 0);
	CHECK_EQ(cmdline.mode, CMDLINE_PREFLIGHT);
	CHECK_EQ(cmdline.n_files, 2);
	CHECK_STR_EQ(cmdline.files[0], "a.cfg");
	CHECK_STR_EQ(cmdline.files[1], "b.cfg");
	CHECK_EQ(cmdline.n_copies, 50);
	CHECK_EQ(cmdline.reserve, 0);
	CHECK(cmdline.explain);
	CHECK_EQ(parse(&cmdline, ARGS("--preflight", "a.cfg")), 0);
	CHECK_EQ(cmdline.n_copies, 1);
	CHECK_EQ(cmdline.reserve, -1);
}

TEST(watch_may_have_its_seconds)
{
	struct cmdline cmdline;

	CHECK_EQ(parse(&cmdline, ARGS("--all", "--watch")), 0);
	CHECK(cmdline.watch);
	CHECK_EQ(cmdline.watch_s, 5);
	CHECK_EQ(parse(&cmdline, ARGS("--all", "--watch=30")), 0);
	CHECK_EQ(cmdline.watch_s, 30);
	CHECK_EQ(parse(&cmdline, ARGS("-aw2")), 0);
	CHECK_EQ(cmdline.watch_s, 2);
}

TEST(what_makes_no_sense_is_refused)
{
	char **bad[] = {
		ARGS("--all", "--summary"),
		ARGS("--preflight"),
		ARGS("--amend"),
		ARGS("--all", "5"),
		ARGS("--summary", "5", "6"),
		ARGS("--watch=0"),
		ARGS("--watch=x"),
		ARGS("--preflight", "--watch", "a.cfg"),
		ARGS("--assume", "dom0=fifo"),
		ARGS("--preflight", "--openmetrics", "a.cfg"),
		ARGS("--summary", "--act"),
		ARGS("--copies=-1"),
		ARGS("--copies=1x"),
		ARGS("--copies"),
		ARGS("--sort=size"),
		ARGS("--colour=red"),
		ARGS("--nonsense"),
		ARGS("-Z"),
		ARGS("--reserve=99999999999"),
	};
	struct cmdline cmdline;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(parse(&cmdline, bad[i]), -EINVAL);
}

TEST(help_wins_over_everything)
{
	struct cmdline cmdline;

	CHECK_EQ(parse(&cmdline, ARGS("--preflight", "--help")), 0);
	CHECK_EQ(cmdline.mode, CMDLINE_HELP);
}
