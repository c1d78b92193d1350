/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "textfile.h"
#include "unit.h"

static void check(const char *before, const char *after)
{
	CLEANUP(free) char *text = NULL;

	CHECK_EQ(amend_text(&text, before, strlen(before), 63), 0);
	CHECK_STR_EQ(text, after);
}

TEST(a_line_that_sets_the_cap_is_replaced)
{
	check("name='a'\nmax_event_channels = 1023\nvcpus=1\n",
	      "name='a'\nmax_event_channels = 63\nvcpus=1\n");
	check("  max_event_channels=0x3ff # why\n", "max_event_channels = 63\n");
	check("max_event_channels = '9'", "max_event_channels = 63");
}

TEST(of_several_the_last_is_replaced_because_it_wins)
{
	check("max_event_channels=1\nname='a'\nmax_event_channels=2\n",
	      "max_event_channels=1\nname='a'\nmax_event_channels = 63\n");
}

TEST(without_such_a_line_one_is_added_at_the_end)
{
	check("name='a'\n", "name='a'\nmax_event_channels = 63\n");
	check("name='a'", "name='a'\nmax_event_channels = 63\n");
	check("", "max_event_channels = 63\n");
}

TEST(what_only_looks_like_it_is_left_alone)
{
	check("name='a'; max_event_channels=5\n",
	      "name='a'; max_event_channels=5\nmax_event_channels = 63\n");
	check("max_event_channels=5; name='a'\n",
	      "max_event_channels=5; name='a'\nmax_event_channels = 63\n");
	check("max_event_channels_x=5\n", "max_event_channels_x=5\nmax_event_channels = 63\n");
	check("#max_event_channels=5\n", "#max_event_channels=5\nmax_event_channels = 63\n");
	check("max_event_channels\n", "max_event_channels\nmax_event_channels = 63\n");
}

TEST(a_file_keeps_its_mode_and_a_link_stays_a_link)
{
	char folder[] = "/tmp/test_amend.XXXXXX", path[64], link_path[64];
	CLEANUP(free) char *text = NULL;
	struct stat status;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.cfg", folder);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	CHECK_EQ(textfile_replace(path, "name='a'\n", 9, 0600, -1, -1), 0);
	CHECK_EQ(symlink("a.cfg", link_path), 0);
	CHECK_EQ(amend_file(link_path, 63), 0);
	CHECK_EQ(textfile_read(&text, NULL, path), 0);
	CHECK_STR_EQ(text, "name='a'\nmax_event_channels = 63\n");
	CHECK_EQ(stat(path, &status), 0);
	CHECK_EQ(status.st_mode & 07777, 0600);
	CHECK_EQ(lstat(link_path, &status), 0);
	CHECK(S_ISLNK(status.st_mode));
	unlink(link_path);
	unlink(path);
	CHECK_EQ(rmdir(folder), 0); /* nothing temporary is left */
}

TEST(a_file_that_is_not_there_is_an_error)
{
	CHECK_EQ(amend_file("/nonexistent/a.cfg", 63), -ENOENT);
}
