/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console output in the systemd journal: one entry per line, with the domain's name and number as
 * fields. The daemon never waits for the journal: what it does not take at once is lost and
 * counted. Whoever must not lose a line has the log on disk.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct journal;
struct journal_source;

/* A line longer than this becomes several entries. */
#define JOURNAL_LINE_MAX 2048

/** Where journald listens: sd-journal's native protocol. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/**
 * journal_new() - a way to the journal
 * @out:  owned by the caller, freed after all its sources
 * @path: of its socket; borrowed for the journal's life. It may come, go and come again.
 *
 * Return: 0, -ENOMEM, -ENAMETOOLONG, or what socket() says.
 */
int journal_new(struct journal **out, const char *path);
void journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free)

/**
 * journal_source_new() - one stream of lines
 * @out:        owned by the caller
 * @identifier: what journalctl -t asks for, copied
 * @domid:      negative: of no domain
 *
 * Return: 0 or -ENOMEM.
 */
int journal_source_new(struct journal_source **out, struct journal *journal, const char *identifier,
		       int64_t domid);
/** journal_source_free() - what is left of a line without its end is sent. */
void journal_source_free(struct journal_source *source);
DEFINE_CLEANUP(struct journal_source *, journal_source_free)

/**
 * journal_source_name() - the domain's name is known, or has changed
 * @name: copied; NULL: none
 *
 * Return: 0 or -ENOMEM, then the former name stays.
 */
int journal_source_name(struct journal_source *source, const char *name);

/** journal_write() - a piece of output; never fails, see journal_lost_bytes(). */
void journal_write(struct journal_source *source, const char *data, size_t len);

/** journal_lost_bytes() - output that the journal did not take. */
uint64_t journal_lost_bytes(const struct journal_source *source);

#endif
