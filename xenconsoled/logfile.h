/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One log on disk: opened safely, formatted by lines.h, rotated when it has grown too large, and
 * patient with a full disk: what could not be written is counted, and tried again a second later.
 */
#ifndef LOGFILE_H
#define LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cleanup.h"

struct log;
struct logfile;

struct logfile_policy {
	const char *dir; /* borrowed: outlives the log file */
	bool stamp;
	bool replace_escape;
	uint64_t max_bytes; /* 0: never rotated */
	uint32_t n_kept;    /* rotated files: FILE.1 is the newest, FILE.<n_kept> the oldest */
};

/**
 * logfile_new() - a log that is opened by logfile_open() or with the first byte
 * @out:    owned by the caller
 * @log:    borrowed; problems are reported there, once per cause and minute
 * @policy: copied
 * @name:   file name within the folder, copied
 *
 * A file that exists is appended to. Symbolic links and anything but a plain file are refused.
 *
 * Return: 0 or -ENOMEM.
 */
int logfile_new(struct logfile **out, struct log *log, const struct logfile_policy *policy,
		const char *name);
void logfile_free(struct logfile *logfile);
DEFINE_CLEANUP(struct logfile *, logfile_free)

/**
 * logfile_open() - have it open, or try again later
 * @now_ms: any monotonic clock, the same for all calls
 *
 * One that is open, or could not be opened, is left alone. logfile_error() tells how it went.
 */
void logfile_open(struct logfile *logfile, uint64_t now_ms);

/** logfile_write() - append a piece of console output; never fails, see logfile_lost_bytes(). */
void logfile_write(struct logfile *logfile, const char *data, size_t len, uint64_t now_ms);

/**
 * logfile_error() - why is it not open?
 *
 * Return: 0 if it is or nobody has tried, else a negative errno: -EMFILE or -ENFILE are ours to
 * mend, others the disk's.
 */
int logfile_error(const struct logfile *logfile);

/**
 * logfile_reopen() - open the file by its name again, because somebody has moved the old one
 *
 * While no descriptor is left for it, the old one stays in use.
 */
void logfile_reopen(struct logfile *logfile, uint64_t now_ms);

/**
 * logfile_rename() - go on in a file of another name
 *
 * Return: 0 or -ENOMEM.
 */
int logfile_rename(struct logfile *logfile, const char *name, uint64_t now_ms);

/**
 * logfile_move() - the same for a domain that is only now getting its name: what it has said so far
 * (if that is not much, and the file was empty before) comes along, and the old file goes
 *
 * Return: 0 or -ENOMEM.
 */
int logfile_move(struct logfile *logfile, const char *name, uint64_t now_ms);

const char *logfile_name(const struct logfile *logfile);
/** logfile_lost_bytes() - console output that could not be written. */
uint64_t logfile_lost_bytes(const struct logfile *logfile);

#endif
