/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts a program with some arguments beside the daemon, and says how that ended. */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>

#include "cleanup.h"

struct loop;
struct trial;

#define TRIAL_SECONDS 10

/**
 * trial_fn - the program has ended
 * @ok:   with status 0
 * @text: what it said, NUL-terminated; or why it did not come to that
 *
 * The trial may be freed here.
 */
typedef void trial_fn(void *ctx, bool ok, const char *text);

/** trial_new() - start it; 0, -ENOMEM, or what the system calls say */
int trial_new(struct trial **out, struct loop *loop, const char *program, char **argv, trial_fn *fn,
	      void *ctx);
/** trial_free() - ends it if it has not ended */
void trial_free(struct trial *trial);
DEFINE_CLEANUP(struct trial *, trial_free)

#endif
