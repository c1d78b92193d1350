/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs on a real file system: appended to, rotated without losing a line, never led astray. */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "unit.h"

struct bench {
	char dir[64];
	struct log *log;
	struct logfile_policy policy;
};

static void set_up(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	strcpy(bench->dir, "/tmp/test_logfile.XXXXXX");
	CHECK(mkdtemp(bench->dir));
	CHECK_EQ(log_new(&bench->log, "test", LOG_LEVEL_ERROR, 0), 0);
	bench->policy = (struct logfile_policy){ .dir = bench->dir };
}

static void tear_down(struct bench *bench)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", bench->dir);
	CHECK_EQ(system(command), 0);
	log_free(bench->log);
}

static char *path_in(const struct bench *bench, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", bench->dir, name);
	return path;
}

static int open_log(const struct bench *bench, struct logfile **out, const char *name,
		    uint64_t now_ms)
{
	int r = logfile_new(out, bench->log, &bench->policy, name);

	if (r == 0)
		logfile_open(*out, now_ms);
	return r;
}

/* The file's content, or NULL; freed by the caller. */
static char *content_of(const struct bench *bench, const char *name)
{
	FILE *file = fopen(path_in(bench, name), "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0 && text)
		text[0] = '\0';
	fclose(file);
	return text;
}

#define CHECK_FILE(bench, name, wanted)                \
	do {                                           \
		char *text_ = content_of(bench, name); \
		CHECK(text_);                          \
		CHECK_STR_EQ(text_, wanted);           \
		free(text_);                           \
	} while (0)

static void put(struct logfile *logfile, const char *text)
{
	logfile_write(logfile, text, strlen(text), 1);
}

TEST(an_old_log_is_continued)
{
	struct logfile *logfile;
	struct bench bench;

	set_up(&bench);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
		put(logfile, "a line\n");
		logfile_free(logfile);
	}
	CHECK_FILE(&bench, "g.log", "a line\na line\n");
	tear_down(&bench);
}

TEST(a_log_that_is_not_opened_is_with_its_first_byte)
{
	CLEANUP(logfile_free) struct logfile *logfile = NULL;
	struct bench bench;
	struct stat st;

	set_up(&bench);
	CHECK_EQ(logfile_new(&logfile, bench.log, &bench.policy, "g.log"), 0);
	CHECK_EQ(stat(path_in(&bench, "g.log"), &st), -1);
	CHECK_EQ(logfile_error(logfile), 0);
	logfile_write(logfile, "one", 3, 1);
	logfile_open(logfile, 2);
	logfile_write(logfile, "two", 3, 3);
	CHECK_EQ(stat(path_in(&bench, "g.log"), &st), 0);
	CHECK_EQ(st.st_size, 6);
	CHECK_EQ(logfile_lost_bytes(logfile), 0);
	tear_down(&bench);
}

TEST(others_may_not_read_a_log)
{
	struct logfile *logfile;
	struct bench bench;
	struct stat st;

	set_up(&bench);
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	CHECK_EQ(stat(path_in(&bench, "g.log"), &st), 0);
	CHECK_EQ(st.st_mode & 0137, 0);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_moved_log_goes_on_in_a_new_file_after_reopening)
{
	struct logfile *logfile;
	struct bench bench;
	char old[PATH_MAX];

	set_up(&bench);
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	put(logfile, "one\n");
	strcpy(old, path_in(&bench, "g.log.moved"));
	CHECK_EQ(rename(path_in(&bench, "g.log"), old), 0);
	put(logfile, "two\n");
	logfile_reopen(logfile, 1);
	put(logfile, "three\n");
	CHECK_FILE(&bench, "g.log.moved", "one\ntwo\n");
	CHECK_FILE(&bench, "g.log", "three\n");
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(rotation_keeps_every_line_and_so_many_files)
{
	char expected[256] = "", line[16], name[16];
	struct logfile *logfile;
	struct bench bench;

	set_up(&bench);
	bench.policy.max_bytes = 50;
	bench.policy.n_kept = 3;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	for (int i = 0; i < 27; i++) {
		snprintf(line, sizeof(line), "line %04d\n", i);
		put(logfile, line);
	}
	/* Five lines of ten bytes fill a file: 25 in files 1 to 3 and two dropped ones, 2 in the
	 * open one. */
	CHECK_FILE(&bench, "g.log", "line 0025\nline 0026\n");
	for (int file = 1; file <= 3; file++) {
		expected[0] = '\0';
		for (int i = 25 - 5 * file; i < 30 - 5 * file; i++)
			snprintf(expected + strlen(expected), 16, "line %04d\n", i);
		snprintf(name, sizeof(name), "g.log.%d", file);
		CHECK_FILE(&bench, name, expected);
	}
	CHECK(!content_of(&bench, "g.log.4"));
	CHECK_EQ(logfile_lost_bytes(logfile), 0);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_line_is_not_cut_by_rotation)
{
	struct logfile *logfile;
	struct bench bench;

	set_up(&bench);
	bench.policy.max_bytes = 10;
	bench.policy.n_kept = 1;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	put(logfile, "a line that is ");
	put(logfile, "longer than the cap\n");
	put(logfile, "x");
	CHECK_FILE(&bench, "g.log.1", "a line that is longer than the cap\n");
	CHECK_FILE(&bench, "g.log", "x");
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_log_without_line_ends_is_rotated_all_the_same)
{
	struct logfile *logfile;
	struct bench bench;
	char data[1024];
	struct stat st;

	set_up(&bench);
	bench.policy.max_bytes = 1024;
	bench.policy.n_kept = 1;
	memset(data, 'x', sizeof(data));
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	for (int i = 0; i < 200; i++)
		logfile_write(logfile, data, sizeof(data), 1);
	CHECK_EQ(stat(path_in(&bench, "g.log.1"), &st), 0);
	CHECK(st.st_size <= 70 * 1024);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(with_no_rotated_files_kept_the_old_one_goes)
{
	struct logfile *logfile;
	struct bench bench;

	set_up(&bench);
	bench.policy.max_bytes = 5;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	put(logfile, "12345\n");
	put(logfile, "6\n");
	CHECK_FILE(&bench, "g.log", "6\n");
	CHECK(!content_of(&bench, "g.log.1"));
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_file_that_somebody_else_has_moved_is_not_rotated_over_theirs)
{
	struct logfile *logfile;
	struct bench bench;
	char moved[PATH_MAX];

	set_up(&bench);
	bench.policy.max_bytes = 8;
	bench.policy.n_kept = 2;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	put(logfile, "one\n");
	strcpy(moved, path_in(&bench, "g.log.1"));
	CHECK_EQ(rename(path_in(&bench, "g.log"), moved), 0);
	put(logfile, "two\n");
	put(logfile, "three\n");
	CHECK_FILE(&bench, "g.log.1", "one\ntwo\n");
	CHECK_FILE(&bench, "g.log", "three\n");
	CHECK(!content_of(&bench, "g.log.2"));
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(links_and_fifos_are_refused)
{
	struct logfile *logfile;
	struct bench bench;
	char target[PATH_MAX];

	set_up(&bench);
	strcpy(target, path_in(&bench, "victim"));
	CHECK_EQ(symlink(target, path_in(&bench, "link.log")), 0);
	CHECK_EQ(mkfifo(path_in(&bench, "fifo.log"), 0600), 0);
	CHECK_EQ(open_log(&bench, &logfile, "link.log", 1), 0);
	put(logfile, "secret\n");
	CHECK_EQ(logfile_lost_bytes(logfile), 7);
	CHECK(!content_of(&bench, "victim"));
	logfile_free(logfile);
	CHECK_EQ(open_log(&bench, &logfile, "fifo.log", 1), 0);
	put(logfile, "secret\n");
	CHECK_EQ(logfile_lost_bytes(logfile), 7);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_folder_that_comes_late_is_found_a_second_later)
{
	struct logfile *logfile;
	struct bench bench;
	char dir[PATH_MAX];

	set_up(&bench);
	strcpy(dir, path_in(&bench, "late"));
	bench.policy.dir = dir;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1000), 0);
	logfile_write(logfile, "lost\n", 5, 1500);
	CHECK_EQ(mkdir(dir, 0700), 0);
	logfile_write(logfile, "lost\n", 5, 1900);
	logfile_write(logfile, "kept\n", 5, 2000);
	CHECK_EQ(logfile_lost_bytes(logfile), 10);
	CHECK_FILE(&bench, "late/g.log", "kept\n");
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_full_disk_loses_what_it_must_and_says_how_much)
{
	struct rlimit old, small = { 100, RLIM_INFINITY };
	struct logfile *logfile;
	struct bench bench;
	char data[64];

	set_up(&bench);
	memset(data, 'x', sizeof(data));
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1000), 0);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	logfile_write(logfile, data, sizeof(data), 1000);
	logfile_write(logfile, data, sizeof(data), 1001);
	logfile_write(logfile, data, sizeof(data), 1002);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_EQ(logfile_lost_bytes(logfile), 28 + 64);
	logfile_write(logfile, "back\n", 5, 3000);
	CHECK_EQ(logfile_lost_bytes(logfile), 28 + 64);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(without_a_descriptor_the_old_file_stays_in_use)
{
	struct rlimit old, none;
	struct logfile *logfile, *second;
	struct bench bench;
	char moved[PATH_MAX];

	set_up(&bench);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	CHECK_EQ(logfile_error(logfile), 0);
	strcpy(moved, path_in(&bench, "g.log.1"));
	CHECK_EQ(rename(path_in(&bench, "g.log"), moved), 0);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	logfile_reopen(logfile, 1);
	put(logfile, "one\n");
	CHECK_EQ(open_log(&bench, &second, "second.log", 1), 0);
	CHECK_EQ(logfile_error(second), -EMFILE);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	logfile_reopen(logfile, 1);
	put(logfile, "two\n");
	CHECK_FILE(&bench, "g.log.1", "one\n");
	CHECK_FILE(&bench, "g.log", "two\n");
	CHECK_EQ(logfile_lost_bytes(logfile), 0);
	logfile_free(second);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_renamed_domain_goes_on_in_its_own_file)
{
	struct logfile *logfile;
	struct bench bench;

	set_up(&bench);
	CHECK_EQ(open_log(&bench, &logfile, "old.log", 1), 0);
	put(logfile, "one\n");
	CHECK_EQ(logfile_rename(logfile, "new.log", 1), 0);
	put(logfile, "two\n");
	CHECK_FILE(&bench, "old.log", "one\n");
	CHECK_FILE(&bench, "new.log", "two\n");
	CHECK_STR_EQ(logfile_name(logfile), "new.log");
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_domain_that_is_named_late_takes_its_first_words_along)
{
	struct logfile *logfile, *second;
	struct bench bench;

	set_up(&bench);
	CHECK_EQ(logfile_new(&logfile, bench.log, &bench.policy, "pool.log"), 0);
	put(logfile, "one\n");
	CHECK_EQ(logfile_move(logfile, "web.log", 1), 0);
	put(logfile, "two\n");
	CHECK_FILE(&bench, "web.log", "one\ntwo\n");
	CHECK_EQ(access(path_in(&bench, "pool.log"), F_OK), -1);
	/* Behind what a former domain of that name has said; but nothing of that comes along. */
	CHECK_EQ(logfile_new(&second, bench.log, &bench.policy, "pool.log"), 0);
	put(second, "three\n");
	CHECK_EQ(logfile_move(second, "web.log", 1), 0);
	CHECK_FILE(&bench, "web.log", "one\ntwo\nthree\n");
	CHECK_EQ(logfile_move(second, "other.log", 1), 0);
	CHECK_FILE(&bench, "web.log", "one\ntwo\nthree\n");
	CHECK_FILE(&bench, "other.log", "");
	logfile_free(second);
	logfile_free(logfile);
	tear_down(&bench);
}

TEST(a_stamped_log_says_when_it_was_opened)
{
	struct logfile *logfile;
	struct bench bench;
	char *text;

	set_up(&bench);
	bench.policy.stamp = true;
	CHECK_EQ(open_log(&bench, &logfile, "g.log", 1), 0);
	put(logfile, "x\n");
	text = content_of(&bench, "g.log");
	CHECK_EQ(text[0], '[');
	CHECK_STR_EQ(strchr(text, ']'), strstr(text, "] Logfile Opened\n["));
	CHECK_STR_EQ(strrchr(text, ']'), "] x\n");
	free(text);
	logfile_free(logfile);
	tear_down(&bench);
}
