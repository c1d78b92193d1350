/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syslog() is ours here: what it is given is kept. */
#undef _FORTIFY_SOURCE
#include "protocol/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "unit.h"

static char logged[200];

static void __attribute__((format(printf, 2, 0))) keep(int priority, const char *fmt, va_list ap)
{
	char text[160];

	vsnprintf(text, sizeof(text), fmt, ap);
	snprintf(logged, sizeof(logged), "%d %s", priority, text);
}

#undef syslog
void syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(priority, fmt, ap);
	va_end(ap);
}

/* What glibc makes of it where a distribution builds with _FORTIFY_SOURCE. */
void __syslog_chk(int priority, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	keep(priority, fmt, ap);
	va_end(ap);
}

static char dir[] = "/tmp/test_sink.XXXXXX";
static char path[64];

static void begin(void)
{
	strcpy(dir, "/tmp/test_sink.XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
}

static const char *name_of(int n)
{
	static char name[80];

	snprintf(name, sizeof(name), n ? "%s.%d" : "%s", path, n);
	return name;
}

static void end(void)
{
	for (int n = 0; n < 10; n++)
		unlink(name_of(n));
	CHECK_EQ(rmdir(dir), 0);
}

/* What is in the @n-th youngest file; "" if it is not there. */
static const char *content(int n)
{
	static char text[200];
	int fd = open(name_of(n), O_RDONLY);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void put(struct sink *sink, const char *line)
{
	sink_put(sink, LOG_INFO, line, strlen(line));
}

TEST(a_file_is_rotated_when_it_has_so_many_lines)
{
	struct sink_options options = { .n_files = 3, .n_lines = 2 };
	static const char *const lines[] = { "a", "b", "c", "d", "e", "f", "g" };
	struct sink *sink;

	begin();
	options.to = path;
	CHECK_EQ(sink_new(&sink, &options), 0);
	for (size_t i = 0; i < 7; i++)
		put(sink, lines[i]);
	CHECK_STR_EQ(content(0), "g\n");
	CHECK_STR_EQ(content(1), "e\nf\n");
	CHECK_STR_EQ(content(2), "c\nd\n");
	CHECK_STR_EQ(content(3), "");
	sink_free(sink);
	end();
}

TEST(one_file_alone_begins_anew)
{
	struct sink_options options = { .n_files = 1, .n_lines = 2 };
	struct sink *sink;

	begin();
	options.to = path;
	CHECK_EQ(sink_new(&sink, &options), 0);
	put(sink, "a");
	put(sink, "b");
	put(sink, "c");
	CHECK_STR_EQ(content(0), "c\n");
	CHECK_STR_EQ(content(1), "");
	sink_free(sink);
	end();
}

TEST(what_is_there_goes_on)
{
	struct sink_options options = { .n_files = 2, .n_lines = 100 };
	struct sink *sink;

	begin();
	options.to = path;
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sink_new(&sink, &options), 0);
		put(sink, i ? "b" : "a");
		sink_free(sink);
	}
	CHECK_STR_EQ(content(0), "a\nb\n");
	end();
}

/* Or one that is started again and again would grow for ever. */
TEST(lines_that_are_there_count)
{
	struct sink_options options = { .n_files = 2, .n_lines = 3 };
	struct sink *sink;

	begin();
	options.to = path;
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(sink_new(&sink, &options), 0);
		put(sink, i % 2 ? "b" : "a");
		sink_free(sink);
	}
	CHECK_STR_EQ(content(1), "a\nb\na\n");
	CHECK_STR_EQ(content(0), "b\n");
	end();
}

TEST(a_file_that_was_moved_away_is_begun_anew)
{
	struct sink_options options = { .n_files = 2, .n_lines = 100 };
	struct sink *sink;

	begin();
	options.to = path;
	CHECK_EQ(sink_new(&sink, &options), 0);
	put(sink, "a");
	CHECK_EQ(rename(path, name_of(5)), 0);
	put(sink, "b");
	CHECK_EQ(sink_reopen(sink), 0);
	put(sink, "c");
	CHECK_STR_EQ(content(5), "a\nb\n");
	CHECK_STR_EQ(content(0), "c\n");
	sink_free(sink);
	end();
}

TEST(a_long_line_is_cut_and_says_so)
{
	struct sink_options options = { .n_files = 2, .n_lines = 100, .n_chars = 10 };
	struct sink *sink;

	begin();
	options.to = path;
	CHECK_EQ(sink_new(&sink, &options), 0);
	put(sink, "123456789");
	put(sink, "1234567890");
	CHECK_STR_EQ(content(0), "123456789\n1234567..\n");
	sink_free(sink);
	end();
}

/* A daemon that renames a device takes it away from the whole host. */
TEST(what_is_no_plain_file_is_never_renamed)
{
	struct sink_options options = { .n_files = 3, .n_lines = 1 };
	struct sink *sink;
	struct stat st;
	int fd;

	begin();
	options.to = path;
	CHECK_EQ(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_EQ(sink_new(&sink, &options), 0);
	put(sink, "a");
	put(sink, "b");
	CHECK_EQ(stat(path, &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_STR_EQ(content(1), "");
	sink_free(sink);
	close(fd);
	end();
}

TEST(no_files_is_no_log)
{
	struct sink_options options = { .n_files = 0, .n_lines = 1 };
	struct sink *sink;

	begin();
	options.to = path;
	CHECK_EQ(sink_new(&sink, &options), 0);
	put(sink, "a");
	CHECK_EQ(sink_reopen(sink), 0);
	CHECK_EQ(access(path, F_OK), -1);
	sink_free(sink);
	end();
}

TEST(syslog_gets_the_facility_that_was_named)
{
	struct sink_options options = { .to = "syslog:local3", .n_chars = 8 };
	struct sink *sink;
	char wanted[40];

	CHECK_EQ(sink_new(&sink, &options), 0);
	CHECK(sink_is_syslog(sink));
	put(sink, "hello");
	snprintf(wanted, sizeof(wanted), "%d hello", LOG_LOCAL3 | LOG_INFO);
	CHECK_STR_EQ(logged, wanted);
	put(sink, "hello %s %n");
	snprintf(wanted, sizeof(wanted), "%d hello..", LOG_LOCAL3 | LOG_INFO);
	CHECK_STR_EQ(logged, wanted);
	CHECK_EQ(sink_reopen(sink), 0);
	sink_free(sink);
}

TEST(a_facility_that_there_is_not_is_no_destination)
{
	struct sink_options options = { .to = "syslog:nothing" };
	struct sink *sink;

	CHECK(!sink_is_known("syslog:nothing"));
	CHECK(!sink_is_known(""));
	CHECK(sink_is_known("syslog:Daemon"));
	CHECK(sink_is_known("/var/log/x"));
	CHECK_EQ(sink_new(&sink, &options), -EINVAL);
}

TEST(a_file_that_cannot_be_made_is_an_error)
{
	struct sink_options options = { .to = "/none/such/folder/log", .n_files = 1 };
	struct sink *sink;

	CHECK_EQ(sink_new(&sink, &options), -ENOENT);
}

TEST(a_date_is_as_oxenstored_writes_it)
{
	char date[SINK_DATE_SIZE];

	CHECK_EQ(strlen(sink_date(date)), strlen("20261120T12:00:00.000Z"));
	CHECK_EQ(date[8], 'T');
	CHECK_EQ(date[21], 'Z');
}
