/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are started for a domain (hotplug scripts, xl), a bounded number of them at a time,
 * each with a limit of time. */
#ifndef SCRIPTS_H
#define SCRIPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct loop;
struct scripts;

#define SCRIPTS_SAID_MAX 200

struct scripts_result {
	int error;    /* 0; -EIO: it ended with @status; -ETIMEDOUT: it was killed; -EPIPE: it was
			 ended by a signal; or why it could not be started */
	bool started; /* else it did nothing, or was killed before anybody could hear of its end */
	int status;   /* its exit status */
	const char *said; /* the last line of what it said, maybe empty; borrowed until done()
			     returns */
};

typedef void scripts_done_fn(void *ctx, const struct scripts_result *result);

struct scripts_request {
	const char *const *argv; /* ends with NULL; argv[0] is looked for in $PATH; copied */
	const char *const
		*env; /* "NAME=VALUE", added to our own; ends with NULL; copied; may be NULL */
	uint64_t timeout_ms;   /* from its start on, not from its place in the queue */
	bool dies_with_us;     /* if we are killed, it is killed */
	scripts_done_fn *done; /* called once, from the loop, never from within scripts_run() */
	void *ctx;
};

/**
 * scripts_new() - nothing is started yet
 * @out:   owned by the caller, scripts_free() before loop_free()
 * @n_max: how many may run at a time
 *
 * Return: 0 or -ENOMEM.
 */
int scripts_new(struct scripts **out, struct loop *loop, size_t n_max);

/** scripts_free() - what waits is not started any more, what runs is left alone; nobody hears of
 * either. */
void scripts_free(struct scripts *scripts);
DEFINE_CLEANUP(struct scripts *, scripts_free)

/**
 * scripts_run() - start a program, at once or when it is its turn
 *
 * It runs in a process group of its own, which is killed when its time is over, with /dev/null as
 * its input. Return: 0 or -ENOMEM.
 */
int scripts_run(struct scripts *scripts, const struct scripts_request *request);

#endif
