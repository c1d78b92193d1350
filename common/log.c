/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines to stderr, syslog or elsewhere. A line is formatted once into a bounded buffer and
 * written by one call, so that lines of several processes do not mix.
 */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <xentoollog.h>

#define LOG_LINE_MAX 1024

struct log {
	const char *ident; /* borrowed: see log_new() */
	enum log_level level;
	unsigned int targets;
	bool journal;
	log_other_fn *other; /* NULL: nobody */
	void *other_ctx;     /* borrowed */
	struct log_xtl {
		xentoollog_logger vtable; /* first: the libraries hand back a pointer to it */
		struct log *log;	  /* borrowed: the log that embeds us */
	} xtl;
};

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

static enum log_level level_of_xtl(xentoollog_level level)
{
	if (level >= XTL_ERROR)
		return LOG_LEVEL_ERROR;
	if (level >= XTL_WARN)
		return LOG_LEVEL_WARNING;
	return LOG_LEVEL_DEBUG;
}

__attribute__((format(printf, 5, 0))) static void forward_message(struct xentoollog_logger *logger,
								  xentoollog_level level,
								  int errnoval, const char *context,
								  const char *format, va_list al)
{
	struct log *log = ((struct log_xtl *)logger)->log;
	enum log_level ours = level_of_xtl(level);
	char text[LOG_LINE_MAX];

	if (!log_enabled(log, ours))
		return;
	vsnprintf(text, sizeof(text), format, al);
	if (errnoval > 0)
		log_write(log, ours, "%s: %s: %s", context ? context : "xen", text,
			  strerror(errnoval));
	else
		log_write(log, ours, "%s: %s", context ? context : "xen", text);
}

static void ignore_progress(struct xentoollog_logger *logger, const char *context,
			    const char *doing_what, int percent, unsigned long done,
			    unsigned long total)
{
	(void)logger, (void)context, (void)doing_what, (void)percent, (void)done, (void)total;
}

static void destroy_nothing(struct xentoollog_logger *logger)
{
	(void)logger; /* embedded in the log, which frees it */
}

int log_new(struct log **out, const char *ident, enum log_level level, unsigned int targets)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return -ENOMEM;
	log->ident = ident;
	log->level = level;
	log->journal = getenv("JOURNAL_STREAM") != NULL;
	log->xtl.log = log;
	log->xtl.vtable.vmessage = forward_message;
	log->xtl.vtable.progress = ignore_progress;
	log->xtl.vtable.destroy = destroy_nothing;
	log_set_targets(log, targets);
	*out = log;
	return 0;
}

void log_free(struct log *log)
{
	if (!log)
		return;
	if (log->targets & LOG_TARGET_SYSLOG)
		closelog();
	free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
	log->level = level;
}

bool log_enabled(const struct log *log, enum log_level level)
{
	return level <= log->level;
}

void log_set_targets(struct log *log, unsigned int targets)
{
	if ((targets & LOG_TARGET_SYSLOG) && !(log->targets & LOG_TARGET_SYSLOG))
		openlog(log->ident, LOG_PID, LOG_DAEMON);
	log->targets = targets;
}

void log_set_other(struct log *log, log_other_fn *fn, void *ctx)
{
	log->other = fn;
	log->other_ctx = ctx;
}

static void write_stderr(const struct log *log, enum log_level level, const char *text)
{
	char prefix[64];
	struct iovec iov[3];

	if (log->journal)
		snprintf(prefix, sizeof(prefix), "<%d>", levels[level].priority);
	else
		snprintf(prefix, sizeof(prefix), "%s: %s: ", log->ident, levels[level].name);
	iov[0] = (struct iovec){ prefix, strlen(prefix) };
	iov[1] = (struct iovec){ (char *)text, strlen(text) };
	iov[2] = (struct iovec){ "\n", 1 };
	if (writev(STDERR_FILENO, iov, 3) < 0)
		return; /* nowhere left to say so */
}

void log_vwrite(struct log *log, enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];

	if (!log_enabled(log, level))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (log->targets & LOG_TARGET_STDERR)
		write_stderr(log, level, text);
	if (log->targets & LOG_TARGET_SYSLOG)
		syslog(levels[level].priority, "%s", text);
	if ((log->targets & LOG_TARGET_OTHER) && log->other)
		log->other(log->other_ctx, levels[level].priority, levels[level].name, text);
}

void log_write(struct log *log, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(log, level, fmt, ap);
	va_end(ap);
}

bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t every_ms,
		    uint32_t *n_held_back)
{
	if (now_ms < limit->next_ms) {
		limit->n_held_back++;
		return false;
	}
	*n_held_back = limit->n_held_back;
	limit->n_held_back = 0;
	limit->next_ms = now_ms + every_ms;
	return true;
}

static size_t escaped_width(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\' ? 1 : 4;
}

const char *log_escape(char *buf, size_t size, const void *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *in = data;
	size_t need = 0, n = 0, room;
	bool cut;

	for (size_t i = 0; i < len && need < size; i++)
		need += escaped_width(in[i]);
	cut = need >= size;
	room = cut ? size - sizeof("...") : size - 1;
	for (size_t i = 0; i < len && n + escaped_width(in[i]) <= room; i++) {
		if (escaped_width(in[i]) == 1) {
			buf[n++] = (char)in[i];
			continue;
		}
		buf[n++] = '\\';
		buf[n++] = 'x';
		buf[n++] = hex[in[i] >> 4];
		buf[n++] = hex[in[i] & 15];
	}
	strcpy(buf + n, cut ? "..." : "");
	return buf;
}

struct xentoollog_logger *log_xtl(struct log *log)
{
	return &log->xtl.vtable;
}
