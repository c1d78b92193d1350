/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "guestcfg.h"
#include "log.h"
#include "plan.h"
#include "unit.h"

#define UUID_A "00000000-0000-4000-8000-00000000000a"
#define UUID_B "00000000-0000-4000-8000-00000000000b"
#define HEAD \
	"xencreate-journal 1\nwait ready\npaused 0\nready data/ready\nconfig /etc/xen/a b.cfg\n"
#define PLAN HEAD "domain 0 1023 " UUID_A " web-1\ndomain 0 40 " UUID_B " web 2\ngo\n"

TEST(a_plan_and_its_progress_are_read_back)
{
	struct journal_story story;

	CHECK_EQ(journal_read(&story, PLAN "begun 1 17\nbegun 0 16\ndone 1\n"), 0);
	CHECK_EQ(story.wait, JOB_WAIT_READY);
	CHECK(!story.paused);
	CHECK_STR_EQ(story.ready_node, "data/ready");
	CHECK_EQ(story.n_configs, 1);
	CHECK_STR_EQ(story.config_paths[0], "/etc/xen/a b.cfg");
	CHECK_EQ(story.n_entries, 2);
	CHECK_STR_EQ(story.entries[1].name, "web 2");
	CHECK_EQ(story.entries[1].cap, 40);
	CHECK_EQ(story.entries[1].domid, 17);
	CHECK_EQ(story.entries[1].progress, JOURNAL_DONE);
	CHECK_EQ(story.entries[0].progress, JOURNAL_BEGUN);
	CHECK_EQ(story.entries[0].uuid[15], 0xa);
	journal_story_deinit(&story);
}

TEST(a_half_written_line_is_left_out)
{
	struct journal_story story;

	CHECK_EQ(journal_read(&story, PLAN "begun 0 16\ndone 0"), 0);
	CHECK_EQ(story.entries[0].progress, JOURNAL_BEGUN);
	journal_story_deinit(&story);
}

TEST(a_plan_that_was_not_written_to_its_end_has_not_begun)
{
	struct journal_story story;

	CHECK_EQ(journal_read(&story, ""), -ENODATA);
	CHECK_EQ(journal_read(&story, HEAD "domain 0 1023 " UUID_A " web-"), -ENODATA);
	CHECK_EQ(journal_read(&story, HEAD "domain 0 1023 " UUID_A " web-1\n"), -ENODATA);
}

TEST(a_domain_that_was_made_again_counts_by_its_last_record)
{
	struct journal_story story;

	CHECK_EQ(journal_read(&story, PLAN "begun 0 16\nbegun 0 18\n"), 0);
	CHECK_EQ(story.entries[0].domid, 18);
	CHECK_EQ(story.entries[1].progress, JOURNAL_PLANNED);
	journal_story_deinit(&story);
	CHECK_EQ(journal_read(&story, PLAN "begun 0 16\nundone 0\n"), 0);
	CHECK_EQ(story.entries[0].progress, JOURNAL_UNDONE);
	journal_story_deinit(&story);
}

TEST(what_is_no_journal_is_refused)
{
	struct journal_story story;

	CHECK_EQ(journal_read(&story, "xencreate-journal 1\ngo\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, "xencreate-journal 2\nwait ready\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, PLAN "begun 2 16\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, PLAN "begun 0\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, PLAN "forgot 0\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, HEAD "domain 1 1023 " UUID_A " web\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, HEAD "domain 0 1023 " UUID_A " ../web\n"), -EINVAL);
	CHECK_EQ(journal_read(&story, HEAD "domain 0 1023 nonsense web\n"), -EINVAL);
}

TEST(a_journal_is_written_locked_listed_and_removed)
{
	char folder[] = "/tmp/xencreate-test-XXXXXX";
	struct guestcfg web = { .name = (char *)"web", .path = (char *)"/web.cfg" };
	struct guestcfg *configs[] = { &web };
	struct batch_options options = { .wait = JOB_WAIT_STORE,
					 .paused = true,
					 .ready_node = "data/x" };
	CLEANUP(log_free) struct log *log = NULL;
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct journal *journal, *other;
	struct journal_story story;
	char **paths;
	size_t n;

	CHECK(mkdtemp(folder));
	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	CHECK_EQ(plan_new(&plan, configs, 1, 3, NULL, 1, log), 0);
	CHECK_EQ(journal_new(&journal, folder, plan, configs, 1, &options), 0);
	journal_begun(journal, 2, 7);
	journal_done(journal, 2);
	journal_begun(journal, 0, 8);
	journal_undone(journal, 0);
	CHECK_EQ(journal_error(journal), 0);
	CHECK_EQ(journal_load(&story, journal), 0);
	CHECK_EQ(story.wait, JOB_WAIT_STORE);
	CHECK(story.paused);
	CHECK_EQ(story.n_entries, 3);
	CHECK_STR_EQ(story.entries[1].name, "web-2");
	CHECK_EQ(story.entries[2].progress, JOURNAL_DONE);
	CHECK_EQ(story.entries[2].domid, 7);
	CHECK_EQ(story.entries[0].progress, JOURNAL_UNDONE);
	journal_story_deinit(&story);
	CHECK_EQ(journal_list(&paths, &n, folder), 0);
	CHECK_EQ(n, 1);
	CHECK_EQ(journal_open(&other, paths[0]), -EBUSY);
	journal_free(journal);
	CHECK_EQ(journal_open(&other, paths[0]), 0);
	journal_remove(other);
	journal_free(other);
	CHECK_EQ(rmdir(folder), 0);
	free(paths[0]);
	free(paths);
	CHECK_EQ(journal_list(&paths, &n, folder), 0);
	CHECK_EQ(n, 0);
	free(paths);
}

TEST(what_follows_a_half_written_line_is_no_part_of_it)
{
	char path[] = "/tmp/xencreate-test-XXXXXX";
	int fd = mkstemp(path);
	struct journal *journal;
	struct journal_story story;

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, PLAN "begun 0 16\ndon", strlen(PLAN "begun 0 16\ndon")),
		 strlen(PLAN "begun 0 16\ndon"));
	close(fd);
	CHECK_EQ(journal_open(&journal, path), 0);
	CHECK_EQ(journal_load(&story, journal), 0);
	CHECK_EQ(story.entries[0].progress, JOURNAL_BEGUN);
	journal_story_deinit(&story);
	/* The next process goes on in the same file, and is killed, too. */
	journal_undone(journal, 0);
	CHECK_EQ(journal_load(&story, journal), 0);
	CHECK_EQ(story.entries[0].progress, JOURNAL_UNDONE);
	journal_story_deinit(&story);
	journal_remove(journal);
	journal_free(journal);
}

/* Wherever it was cut: what had begun is known, and what was not written is not. */
TEST(a_journal_may_end_anywhere)
{
	static const char text[] = PLAN
		"mac 00:16:3e:00:00:07\nbegun 0 16\nbegun 1 17\ndone 0\nundone 1\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		char *cut = strndup(text, len);
		struct journal_story story;
		int r = journal_read(&story, cut);

		CHECK(r == 0 || r == -ENODATA);
		CHECK_EQ(r == 0, len >= strlen(PLAN));
		if (!r) {
			CHECK_EQ(story.n_entries, 2);
			CHECK_EQ(story.entries[1].progress == JOURNAL_UNDONE,
				 len + 1 == sizeof(text));
			journal_story_deinit(&story);
		}
		free(cut);
	}
}
