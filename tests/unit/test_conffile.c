/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/conffile.h"

#include <errno.h>
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
	r = conffile_read(options, path);
	unlink(path);
	return r;
}

TEST(keys_of_oxenstored_mean_the_same_here)
{
	struct options options = { 0 };

	CHECK_EQ(read_text(&options, "# a comment\n\n quota-maxentity = 77 # too\n"
				     "pid-file=/run/x.pid\naccess-log-file = /tmp/trace \n"
				     "quota-transaction = 3\nring-scan-interval = 20\n"),
		 0);
	CHECK(options.set[0][QUOTA_NODES]);
	CHECK_EQ(options.limit[0][QUOTA_NODES], 77);
	CHECK_EQ(options.limit[0][QUOTA_TRANSACTIONS], 3);
	CHECK(!options.set[0][QUOTA_WATCHES]);
	CHECK_STR_EQ(options.pid_file, "/run/x.pid");
	CHECK_STR_EQ(options.trace_file, "/tmp/trace");
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
	static const char *const bad[] = { "bogus = 1\n", "quota-maxentity\n",
					   "quota-maxentity = many\n", "quota-activate = maybe\n",
					   "pid-file =\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct options options = { 0 };

		CHECK_EQ(read_text(&options, bad[i]), -EINVAL);
		options_deinit(&options);
	}
}

TEST(a_file_that_is_not_there_is_an_error)
{
	struct options options = { 0 };

	CHECK_EQ(conffile_read(&options, "/none/such/file"), -ENOENT);
}

TEST(options_of_both_generations_are_taken)
{
	char *argv[] = { "xenstored", "-N", "--entry-nb",    "5",  "-Q", "permissions=3", "-q",
			 "memory=9",  "-w", "watch-event=7", "-R", "-I", "--priv-domid",  "0",
			 "-U",	      NULL };
	struct options options;

	CHECK_EQ(options_parse(&options, 15, argv), -1);
	CHECK(options.foreground);
	CHECK_EQ(options.limit[0][QUOTA_NODES], 5);
	CHECK_EQ(options.limit[0][QUOTA_NODE_PERMS], 3);
	CHECK_EQ(options.limit[1][QUOTA_MEMORY], 9);
	CHECK_EQ(options.watch_timeout_s, 7);
	options_deinit(&options);
}
