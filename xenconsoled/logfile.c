/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing is synchronous: a piece is in the file before the guest's ring moves on, so a daemon that
 * is killed loses nothing. Rotation happens between two lines where it can.
 */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lines.h"
#include "log.h"

#define FORMAT_SIZE 8192
#define RETRY_MS    1000
#define COMPLAIN_MS 60000
/* A log without line ends is cut anyway when it is this much too large. */
#define LINE_PATIENCE_BYTES (64u << 10)

/* The first words of a guest that gets its name at that moment. */
#define MOVED_MAX (8u << 10)

struct logfile {
	struct log *log; /* borrowed: see logfile_new() */
	struct logfile_policy policy;
	char *name; /* owned */
	int fd;	    /* -1: not open yet, or because of error; another attempt at retry_ms */
	int error;
	uint64_t size_bytes;
	bool is_new; /* it was empty when it was opened */
	uint64_t retry_ms;
	uint64_t lost_bytes;
	struct log_limit complaints;
	struct lines lines;
};

static void complain(struct logfile *logfile, const char *what, int error, uint64_t now_ms)
{
	uint32_t n_held_back;
	char text[256];

	if (!log_limit_pass(&logfile->complaints, now_ms, COMPLAIN_MS, &n_held_back))
		return;
	log_error(logfile->log, "%s/%s: %s: %s", logfile->policy.dir,
		  log_escape(text, sizeof(text), logfile->name, strlen(logfile->name)), what,
		  strerror(-error));
}

static int path_of(const struct logfile *logfile, uint32_t number, char path[PATH_MAX])
{
	int n;

	if (number)
		n = snprintf(path, PATH_MAX, "%s/%s.%u", logfile->policy.dir, logfile->name,
			     number);
	else
		n = snprintf(path, PATH_MAX, "%s/%s", logfile->policy.dir, logfile->name);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void close_file(struct logfile *logfile)
{
	if (logfile->fd >= 0)
		close(logfile->fd);
	logfile->fd = -1;
}

static int try_open(struct logfile *logfile)
{
	CLEANUP(close_fd) int fd = -1;
	char path[PATH_MAX];
	struct stat st;
	int r = path_of(logfile, 0, path);

	if (r < 0)
		return r;
	/* Not blocking: a FIFO in the way must not stop the daemon. */
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	logfile->size_bytes = (uint64_t)st.st_size;
	logfile->is_new = !st.st_size;
	close_file(logfile);
	logfile->fd = STEAL_FD(fd);
	return 0;
}

/* @n_left: out, on an error: bytes that were not written. */
static int write_all(struct logfile *logfile, const char *data, size_t len, size_t *n_left)
{
	while (len) {
		ssize_t n = write(logfile->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*n_left = len;
			return -errno;
		}
		data += n;
		len -= (size_t)n;
		logfile->size_bytes += (uint64_t)n;
	}
	return 0;
}

/* Gives up for a while: each attempt on a full disk costs system calls that bring nothing. */
static void pause_writing(struct logfile *logfile, const char *what, int error, uint64_t now_ms)
{
	complain(logfile, what, error, now_ms);
	close_file(logfile);
	logfile->error = error;
	logfile->retry_ms = now_ms + RETRY_MS;
}

static void open_file(struct logfile *logfile, uint64_t now_ms)
{
	static const char greeting[] = "Logfile Opened\n";
	char text[LINES_OUT_MIN + sizeof(greeting)];
	size_t n, n_left;
	int r = try_open(logfile);

	if ((r == -EMFILE || r == -ENFILE) && logfile->fd >= 0) {
		complain(logfile, "cannot open this log anew", r, now_ms);
		return;
	}
	if (r < 0) {
		pause_writing(logfile, "cannot open this log", r, now_ms);
		return;
	}
	logfile->error = 0;
	if (!logfile->policy.stamp)
		return;
	logfile->lines.inside_line = false;
	lines_format(&logfile->lines, time(NULL), greeting, strlen(greeting), text, sizeof(text),
		     &n);
	r = write_all(logfile, text, n, &n_left);
	if (r < 0)
		pause_writing(logfile, "cannot write to this log", r, now_ms);
}

int logfile_new(struct logfile **out, struct log *log, const struct logfile_policy *policy,
		const char *name)
{
	CLEANUP(logfile_free) struct logfile *logfile = calloc(1, sizeof(*logfile));

	if (!logfile)
		return -ENOMEM;
	logfile->log = log;
	logfile->policy = *policy;
	logfile->fd = -1;
	lines_init(&logfile->lines, policy->stamp, policy->replace_escape);
	logfile->name = strdup(name);
	if (!logfile->name)
		return -ENOMEM;
	*out = STEAL(logfile);
	return 0;
}

void logfile_open(struct logfile *logfile, uint64_t now_ms)
{
	if (logfile->fd < 0 && !logfile->error)
		open_file(logfile, now_ms);
}

void logfile_free(struct logfile *logfile)
{
	if (!logfile)
		return;
	close_file(logfile);
	free(logfile->name);
	free(logfile);
}

void logfile_reopen(struct logfile *logfile, uint64_t now_ms)
{
	open_file(logfile, now_ms);
}

int logfile_error(const struct logfile *logfile)
{
	return logfile->error;
}

/* Is the file that we hold still the one of its name? If not, somebody else rotates it. */
static bool still_named(const struct logfile *logfile, const char *path)
{
	struct stat ours, named;

	return fstat(logfile->fd, &ours) == 0 && lstat(path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* What the file has, if it is all this domain's and not much. Return: -1 if it is not. */
static ssize_t read_early(const struct logfile *logfile, const char *path, char text[MOVED_MAX])
{
	CLEANUP(close_fd) int fd = -1;
	ssize_t n;

	if (!logfile->is_new || logfile->size_bytes > MOVED_MAX || logfile->fd < 0 ||
	    !still_named(logfile, path))
		return -1;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, MOVED_MAX);
	return n == (ssize_t)logfile->size_bytes ? n : -1;
}

int logfile_move(struct logfile *logfile, const char *name, uint64_t now_ms)
{
	bool inside_line = logfile->lines.inside_line;
	char text[MOVED_MAX], old[PATH_MAX];
	size_t n_left = 0;
	ssize_t n = path_of(logfile, 0, old) < 0 ? -1 : read_early(logfile, old, text);
	int r = logfile_rename(logfile, name, now_ms);

	/* Without a descriptor for the new one the old one goes on. */
	if (r < 0 || n < 0 || logfile->fd < 0 || still_named(logfile, old))
		return r;
	if (write_all(logfile, text, (size_t)n, &n_left) < 0)
		return 0; /* then it stays where it is */
	logfile->lines.inside_line = inside_line;
	unlink(old);
	return 0;
}

int logfile_rename(struct logfile *logfile, const char *name, uint64_t now_ms)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(logfile->name);
	logfile->name = copy;
	logfile_reopen(logfile, now_ms);
	return 0;
}

static int shift_files(const struct logfile *logfile)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (uint32_t i = logfile->policy.n_kept; i > 0; i--) {
		int r = path_of(logfile, i - 1, from);

		if (r == 0)
			r = path_of(logfile, i, to);
		if (r < 0)
			return r;
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int rotate(struct logfile *logfile, uint64_t now_ms)
{
	char path[PATH_MAX];
	int r = path_of(logfile, 0, path);

	if (r < 0)
		return r;
	if (still_named(logfile, path)) {
		if (!logfile->policy.n_kept && unlink(path) < 0)
			return -errno;
		r = shift_files(logfile);
		if (r < 0)
			return r;
	}
	logfile_reopen(logfile, now_ms);
	return 0;
}

static void rotate_if_due(struct logfile *logfile, char last, uint64_t now_ms)
{
	uint64_t max = logfile->policy.max_bytes;
	int r;

	if (!max || logfile->fd < 0 || logfile->size_bytes < max)
		return;
	if (last != '\n' && logfile->size_bytes - max < LINE_PATIENCE_BYTES)
		return;
	r = rotate(logfile, now_ms);
	if (r < 0) {
		complain(logfile, "cannot rotate this log", r, now_ms);
		logfile->size_bytes = 0; /* try again after as much more, not after each line */
	}
}

static int write_formatted(struct logfile *logfile, const char *data, size_t len, size_t *n_left)
{
	char text[FORMAT_SIZE];
	time_t now = time(NULL);
	size_t n, n_text_left;
	int r;

	while (len) {
		size_t done = lines_format(&logfile->lines, now, data, len, text, sizeof(text), &n);

		r = write_all(logfile, text, n, &n_text_left);
		if (r < 0) {
			*n_left = len; /* of the input: stamps make the text longer than it */
			return r;
		}
		data += done;
		len -= done;
	}
	return 0;
}

void logfile_write(struct logfile *logfile, const char *data, size_t len, uint64_t now_ms)
{
	size_t n_left;
	int r;

	if (!len)
		return;
	if (logfile->fd < 0 && now_ms >= logfile->retry_ms)
		open_file(logfile, now_ms);
	if (logfile->fd < 0) {
		logfile->lost_bytes += len;
		return;
	}
	if (lines_raw(&logfile->lines))
		r = write_all(logfile, data, len, &n_left);
	else
		r = write_formatted(logfile, data, len, &n_left);
	if (r < 0) {
		logfile->lost_bytes += n_left;
		pause_writing(logfile, "cannot write to this log", r, now_ms);
		return;
	}
	rotate_if_due(logfile, data[len - 1], now_ms);
}

const char *logfile_name(const struct logfile *logfile)
{
	return logfile->name;
}

uint64_t logfile_lost_bytes(const struct logfile *logfile)
{
	return logfile->lost_bytes;
}
