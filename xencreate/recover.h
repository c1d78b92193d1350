/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After a batch was killed: what it left half made goes, and the rest is made or not. */
#ifndef RECOVER_H
#define RECOVER_H

#include <stdbool.h>

#include "batch.h"

struct journal;
struct log;

/**
 * recover_leave() - at the end of a batch: its journal goes if there is nothing to go on with
 * @journal:    or NULL
 * @n_left:     domains of which something is left
 * @incomplete: not all were made
 */
void recover_leave(struct journal *journal, size_t n_left, bool incomplete, struct log *log);

/**
 * recover_run() - go through the journals that dead batches left in JOURNAL_FOLDER
 * @resume:  make what was not made yet, and what was half made, as the journal says
 * @all:     without @resume: also remove the domains that were done
 * @options: limits and reporting apply
 *
 * Pools that have ended and left domains lose them, too, unless @resume.
 *
 * Domains are known by their UUID and never by their number alone. A journal that has been dealt
 * with is removed. A batch that is alive is left alone.
 */
enum batch_outcome recover_run(bool resume, bool all, const struct batch_options *options,
			       struct log *log);

#endif
