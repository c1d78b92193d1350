/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stock daemon's command line, and ours. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

/* getopt and we complain on stderr: of no interest here. */
static enum options_action parse(struct options *options, char **argv)
{
	int argc = 0, saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	enum options_action action;

	while (argv[argc])
		argc++;
	dup2(null, STDERR_FILENO);
	action = options_parse(options, argc, argv);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	return action;
}

#define PARSE(options, ...) parse(options, (char *[]){ "xenconsoled", __VA_ARGS__, NULL })

TEST(the_defaults_are_the_stock_daemons)
{
	struct options options;
	char *argv[] = { "xenconsoled", NULL };

	CHECK_EQ(parse(&options, argv), OPTIONS_RUN);
	CHECK(!options.foreground && !options.verbose && !options.log_guest && !options.log_hv);
	CHECK(!options.stamp_guest && !options.stamp_hv && !options.keep_overflow);
	CHECK(!options.replace_escape && !options.pid_file);
	CHECK_STR_EQ(options.log_dir, "/var/log/xen/console");
	CHECK_STR_EQ(options.run_dir, "/run/xen");
}

TEST(what_init_scripts_and_units_pass_is_understood)
{
	struct options options;

	CHECK_EQ(PARSE(&options, "--pid-file", "/run/xenconsoled.pid"), OPTIONS_RUN);
	CHECK_STR_EQ(options.pid_file, "/run/xenconsoled.pid");
	CHECK_EQ(PARSE(&options, "-i", "--log=none", "--log-dir=/x", "-t", "all", "-o", "keep",
		       "--replace-escape", "-v"),
		 OPTIONS_RUN);
	CHECK(options.foreground && options.verbose && options.keep_overflow);
	CHECK(options.replace_escape && options.stamp_guest && options.stamp_hv);
	CHECK(!options.log_guest && !options.log_hv);
	CHECK(!options.journal_guest && !options.journal_hv);
	CHECK_STR_EQ(options.log_dir, "/x");
}

TEST(log_and_timestamp_add_up_and_unknown_words_change_nothing)
{
	struct options options;

	PARSE(&options, "--log=guest", "--log=hv", "--timestamp=hv", "--timestamp=what");
	CHECK(options.log_guest && options.log_hv && options.stamp_hv && !options.stamp_guest);
	PARSE(&options, "--log=all", "--log=none", "-tall", "-tnone", "-okeep", "-osome");
	CHECK(options.log_guest && options.log_hv);
	CHECK(!options.stamp_guest && !options.stamp_hv && options.keep_overflow);
	PARSE(&options, "-okeep", "-odiscard");
	CHECK(!options.keep_overflow);
}

TEST(help_version_and_mistakes)
{
	struct options options;

	CHECK_EQ(PARSE(&options, "-h"), OPTIONS_HELP);
	CHECK_EQ(PARSE(&options, "--version", "--nonsense"), OPTIONS_VERSION);
	CHECK_EQ(PARSE(&options, "--nonsense"), OPTIONS_INVALID);
	CHECK_EQ(PARSE(&options, "--log-dir"), OPTIONS_INVALID);
	CHECK_EQ(PARSE(&options, "--memory-cap=none"), OPTIONS_INVALID);
	CHECK_EQ(PARSE(&options, "--rate-limit=fast"), OPTIONS_INVALID);
	CHECK_EQ(PARSE(&options, "--log-count=1001"), OPTIONS_INVALID);
}

TEST(sizes_have_suffixes_and_limits)
{
	static const char *const bad[] = {
		"", "K", "-1", " 1", "1KB", "1T", "0x10", "18446744073709551616", "17179869184G"
	};
	uint64_t n;

	CHECK(options_size("0", &n) == 0 && n == 0);
	CHECK(options_size("123", &n) == 0 && n == 123);
	CHECK(options_size("64k", &n) == 0 && n == 65536);
	CHECK(options_size("2G", &n) == 0 && n == 2ull << 30);
	CHECK(options_size("17179869183G", &n) == 0 && n == 17179869183ull << 30);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(options_size(bad[i], &n), -EINVAL);
}

TEST(none_lifts_a_limit)
{
	struct options options;

	PARSE(&options, "--rate-limit=none", "--log-size=none");
	CHECK_EQ(options.rate_bytes_per_s, 0);
	CHECK_EQ(options.log_size_bytes, 0);
}
