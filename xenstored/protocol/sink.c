/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One write() per line, so that a reader never sees half of one. */
#include "protocol/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

struct sink {
	char *path; /* owned; NULL: syslog */
	int facility;
	int fd; /* -1: not open */
	bool is_plain;
	uint32_t n_written;
	uint32_t n_files, n_lines, n_chars;
};

static const struct {
	const char *name;
	int number;
} facilities[] = {
	{ "auth", LOG_AUTH },	  { "authpriv", LOG_AUTHPRIV }, { "cron", LOG_CRON },
	{ "daemon", LOG_DAEMON }, { "ftp", LOG_FTP },		{ "kern", LOG_KERN },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },	{ "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },	{ "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },	{ "lpr", LOG_LPR },
	{ "mail", LOG_MAIL },	  { "news", LOG_NEWS },		{ "syslog", LOG_SYSLOG },
	{ "user", LOG_USER },	  { "uucp", LOG_UUCP },
};

static const char syslog_prefix[] = "syslog:";

static bool is_syslog(const char *to)
{
	return strncmp(to, syslog_prefix, sizeof(syslog_prefix) - 1) == 0;
}

/* Returns -1 for one that there is not. */
static int facility_of(const char *to)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcasecmp(facilities[i].name, to + sizeof(syslog_prefix) - 1) == 0)
			return facilities[i].number;
	return -1;
}

bool sink_is_known(const char *to)
{
	return is_syslog(to) ? facility_of(to) >= 0 : *to;
}

/* How many lines are there already, up to those that fill it: a daemon that is started again and
 * again would never have written so many itself. */
static uint32_t count_lines(const struct sink *sink)
{
	CLEANUP(close_fd) int fd = open(sink->path, O_RDONLY | O_CLOEXEC);
	char buf[16384];
	uint32_t n_lines = 0;
	ssize_t n;

	while (fd >= 0 && n_lines < sink->n_lines && (n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			n_lines += buf[i] == '\n';
	return n_lines;
}

static int open_file(struct sink *sink, int flags)
{
	struct stat st;
	int fd = open(sink->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | flags,
		      0640);

	if (fd < 0)
		return -errno;
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = fd;
	sink->is_plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	sink->n_written = sink->is_plain && !(flags & O_TRUNC) ? count_lines(sink) : 0;
	return 0;
}

int sink_new(struct sink **out, const struct sink_options *options)
{
	CLEANUP(sink_free) struct sink *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink)
		return -ENOMEM;
	sink->fd = -1;
	sink->n_files = options->n_files;
	sink->n_lines = options->n_lines;
	sink->n_chars = options->n_chars;
	if (is_syslog(options->to)) {
		sink->facility = facility_of(options->to);
		if (sink->facility < 0)
			return -EINVAL;
	} else {
		sink->path = strdup(options->to);
		if (!sink->path)
			return -ENOMEM;
		r = sink->n_files ? open_file(sink, 0) : 0;
		if (r < 0)
			return r;
	}
	*out = STEAL(sink);
	return 0;
}

void sink_free(struct sink *sink)
{
	if (!sink)
		return;
	if (sink->fd >= 0)
		close(sink->fd);
	free(sink->path);
	free(sink);
}

bool sink_is_syslog(const struct sink *sink)
{
	return !sink->path;
}

int sink_reopen(struct sink *sink)
{
	return sink->path && sink->n_files ? open_file(sink, 0) : 0;
}

/* FILE becomes FILE.1, and so on; the oldest goes. */
static void rotate(struct sink *sink)
{
	size_t size = strlen(sink->path) + 16;
	CLEANUP(free) char *from = malloc(size), *to = malloc(size);

	if (!from || !to)
		return;
	for (uint32_t n = sink->n_files; n-- > 1;) {
		snprintf(to, size, "%s.%u", sink->path, n);
		snprintf(from, size, n > 1 ? "%s.%u" : "%s", sink->path, n - 1);
		if (rename(from, to) < 0 && errno != ENOENT)
			break;
	}
	/* Without a new one, the old one grows on. */
	if (open_file(sink, O_TRUNC) < 0)
		sink->n_written = 0;
}

void sink_put(struct sink *sink, int priority, const char *line, size_t len)
{
	struct iovec iov[3] = { { (char *)line, len }, { (char *)"..", 0 }, { (char *)"\n", 1 } };

	if (sink->n_chars > 3 && len > sink->n_chars - 1) {
		iov[0].iov_len = sink->n_chars - 3;
		iov[1].iov_len = 2;
	}
	if (!sink->path) {
		syslog(sink->facility | priority, "%.*s%s", (int)iov[0].iov_len, line,
		       iov[1].iov_len ? ".." : "");
		return;
	}
	/* A full disk loses lines; the store goes on. */
	if (sink->fd < 0 || writev(sink->fd, iov, 3) < 0)
		return;
	if (++sink->n_written >= sink->n_lines && sink->n_lines && sink->is_plain)
		rotate(sink);
}

const char *sink_date(char *buf)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, SINK_DATE_SIZE, "%Y%m%dT%H:%M:%S", &tm);
	snprintf(buf + n, SINK_DATE_SIZE - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
	return buf;
}
