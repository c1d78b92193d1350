/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemons say. error: an operator must act; warning: a peer misbehaved (limit it, once per
 * cause); info: lifecycle; debug: per request.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_target {
	LOG_TARGET_STDERR = 1,
	LOG_TARGET_SYSLOG = 2,
	LOG_TARGET_OTHER = 4, /* log_set_other() */
};

struct log;
struct xentoollog_logger;

/**
 * log_new() - open a log
 * @out:     the new log; owned by the caller, log_free()
 * @ident:   program name put before each line; borrowed, must outlive the log
 * @level:   the most talkative level that is still written
 * @targets: set of enum log_target
 *
 * On stderr a line starts with "ident: level: "; if stderr is the journal's socket
 * (JOURNAL_STREAM), with the
 * "<n>" priority prefix of sd-daemon(3) instead.
 *
 * Return: 0 or -ENOMEM.
 */
int log_new(struct log **out, const char *ident, enum log_level level, unsigned int targets);
void log_free(struct log *log);
DEFINE_CLEANUP(struct log *, log_free)

void log_set_level(struct log *log, enum log_level level);
/** log_enabled() - would a line of @level be written? Saves the work of preparing one. */
bool log_enabled(const struct log *log, enum log_level level);
/** log_set_targets() - change where lines go, e.g. from stderr to syslog after the daemon has
 * forked. */
void log_set_targets(struct log *log, unsigned int targets);

/** log_set_other() - have lines written by @fn, with @priority of syslog(3); @level is its name */
typedef void log_other_fn(void *ctx, int priority, const char *level, const char *text);
void log_set_other(struct log *log, log_other_fn *fn, void *ctx);

void log_write(struct log *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_vwrite(struct log *log, enum log_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#define log_error(log, ...)   log_write(log, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_write(log, LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(log, ...)    log_write(log, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...)                                           \
	do {                                                          \
		if (log_enabled(log, LOG_LEVEL_DEBUG))                \
			log_write(log, LOG_LEVEL_DEBUG, __VA_ARGS__); \
	} while (0)

/*
 * One cause of a warning: lives in the object that causes it (zeroed at first), so that a hostile
 * peer fills no log.
 */
struct log_limit {
	uint64_t next_ms;
	uint32_t n_held_back;
};

/**
 * log_limit_pass() - may this cause be logged now?
 * @now_ms:      any monotonic clock
 * @every_ms:    at most one line per this time
 * @n_held_back: out: lines suppressed since the last one that passed
 */
bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t every_ms,
		    uint32_t *n_held_back);

/**
 * log_escape() - make foreign bytes harmless for a log line
 * @buf, @size: where the text goes, always NUL-terminated; cut with "..." if it does not fit (@size
 * at least 8)
 * @data, @len: the bytes; control, non-ASCII and backslash become \xNN
 *
 * Return: @buf.
 */
const char *log_escape(char *buf, size_t size, const void *data, size_t len);

/**
 * log_xtl() - the Xen libraries' logger that writes into @log
 *
 * Return: owned by @log and valid as long as it.
 * Source: xentoollog.h.
 */
struct xentoollog_logger *log_xtl(struct log *log);

#endif
