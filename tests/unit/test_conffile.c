/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/conffile.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/options.h"
#include "unit.h"

static int read_text(struct options *options, const char *text)
{
	char path[] = "/tmp/test_conffile.XXXXXX";
	int fd = mkstemp(path);
	int r;

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	r = conffile_read(options, path, false);
	unlink(path);
	return r;
}

TEST(keys_of_oxenstored_mean_the_same_here)
{
	struct options options = { 0 };

	CHECK_EQ(read_text(&options, "# a comment\n\n quota-maxentity = 77 # too\n"
				     "pid-file=/run/x.pid\naccess-log-file = /tmp/access \n"
				     "quota-transaction = 3\nring-scan-interval = 20\n"),
		 0);
	CHECK(options.set[0][QUOTA_NODES]);
	CHECK_EQ(options.limit[0][QUOTA_NODES], 77);
	CHECK_EQ(options.limit[0][QUOTA_TRANSACTIONS], 3);
	CHECK(!options.set[0][QUOTA_WATCHES]);
	CHECK_STR_EQ(options.pid_file, "/run/x.pid");
	CHECK_STR_EQ(options.access.sink.to, "/tmp/access");
	CHECK_EQ(options.n_unknown, 0);
	CHECK_EQ(options.ring_scan_s, 20);
	options_deinit(&options);
}

TEST(quotas_can_be_lifted_all_at_once)
{
	struct options options = { 0 };

	CHECK_EQ(read_text(&options, "quota-activate = false\n"), 0);
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		CHECK(options.set[0][i] && !options.limit[0][i]);
	options_deinit(&options);
}

TEST(what_makes_no_sense_is_refused)
{
	static const char *const bad[] = { "access-log-file = syslog:none\n",
					   "quota-maxentity\n",
					   "quota-maxentity = many\n",
					   "quota-activate = maybe\n",
					   "pid-file =\n",
					   "access-log-read-ops = 1\n",
					   "xenstored-log-level = loud\n",
					   "ring-scan-interval = -x\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct options options = { 0 };

		CHECK_EQ(read_text(&options, bad[i]), -EINVAL);
		options_deinit(&options);
	}
}

/* As oxenstored: a start does not fail because of a key of another version. */
TEST(a_key_that_nobody_knows_is_counted_and_skipped)
{
	struct options options = { 0 };

	CHECK_EQ(read_text(&options, "bogus = 1\nquota-maxentity = 7\nacesss-log-nb-chars = 2\n"),
		 0);
	CHECK_EQ(options.n_unknown, 2);
	CHECK_EQ(options.limit[0][QUOTA_NODES], 7);
	options_deinit(&options);
}

TEST(logs_are_where_and_what_the_keys_say)
{
	struct options options = { 0 };

	CHECK_EQ(read_text(&options,
			   "access-log-file = syslog:local3\naccess-log-nb-files = 3\n"
			   "access-log-nb-lines = 100\naccess-log-nb-chars = -1\n"
			   "access-log-read-ops = true\naccess-log-transactions-ops = true\n"
			   "access-log-special-ops = false\nxenstored-log-file = /tmp/x\n"
			   "xenstored-log-nb-files = 2\nxenstored-log-level = warn\n"),
		 0);
	CHECK_STR_EQ(options.access.sink.to, "syslog:local3");
	CHECK_EQ(options.access.sink.n_files, 3);
	CHECK_EQ(options.access.sink.n_lines, 100);
	CHECK_EQ(options.access.sink.n_chars, 0);
	CHECK(options.access.reads && options.access.txns && !options.access.special);
	CHECK_STR_EQ(options.log.to, "/tmp/x");
	CHECK_EQ(options.log.n_files, 2);
	CHECK_EQ(options.log_level, LOG_LEVEL_WARNING);
	options_deinit(&options);
}

/* Below 0 it means never, as 0 does here. */
TEST(a_ring_scan_can_be_switched_off_as_oxenstored_has_it)
{
	struct options options = { .ring_scan_s = 5 };

	CHECK_EQ(read_text(&options, "ring-scan-interval = -1\n"), 0);
	CHECK_EQ(options.ring_scan_s, 0);
	options_deinit(&options);
}

TEST(the_command_line_can_switch_off_an_access_log)
{
	char *argv[] = { "xenstored", "--access-log", "/tmp/x", "--no-access-log", NULL };
	struct options options;

	optind = 0;
	CHECK_EQ(options_parse(&options, 4, argv), -1);
	CHECK(!options.access.sink.to);
	options_deinit(&options);
}

TEST(a_file_that_is_not_there_is_an_error)
{
	struct options options = { 0 };

	CHECK_EQ(conffile_read(&options, "/none/such/file", false), -ENOENT);
}

TEST(a_trace_switch_that_there_is_not_is_refused)
{
	char *good[] = { "xenstored", "--trace-control=-io", NULL };
	char *bad[] = { "xenstored", "--trace-control=+all", NULL };
	struct options options;

	optind = 0;
	CHECK_EQ(options_parse(&options, 2, good), -1);
	optind = 0;
	CHECK_EQ(options_parse(&options, 2, bad), 2);
}

TEST(options_of_both_generations_are_taken)
{
	char *argv[] = { "xenstored", "-N", "--entry-nb",    "5",  "-Q", "permissions=3", "-q",
			 "memory=9",  "-w", "watch-event=7", "-R", "-I", "--priv-domid",  "0",
			 "-U",	      NULL };
	struct options options;

	optind = 0;
	CHECK_EQ(options_parse(&options, 15, argv), -1);
	CHECK(options.foreground);
	CHECK_EQ(options.limit[0][QUOTA_NODES], 5);
	CHECK_EQ(options.limit[0][QUOTA_NODE_PERMS], 3);
	CHECK_EQ(options.limit[1][QUOTA_MEMORY], 9);
	CHECK_EQ(options.watch_timeout_s, 7);
	options_deinit(&options);
}
