/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making all domains of a plan, a bounded number of them at a time. */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "place.h"
#include "proof.h"

struct guestcfg;
struct handles;
struct plan;

struct batch_options {
	unsigned int n_workers;
	size_t max_in_flight;
	size_t max_scripts; /* hotplug scripts, and xl, at a time */
	enum job_wait wait;
	bool paused;
	enum proof_which prove;
	struct place place;
	const char *ready_node; /* borrowed, like all strings here */
	uint64_t timeout_ms;	/* for a console and for a guest, each */
	uint32_t n_ports;	/* that domain 0 may have; 0: not known */
	bool json, progress, quiet;
	struct journal *journal; /* or NULL; where the batch's progress is noted */
	const char *timings_path;
};

enum batch_outcome {
	BATCH_ALL,     /* every domain was made */
	BATCH_SOME,    /* some were not; nothing is left of those, or the report says of which */
	BATCH_REFUSED, /* nothing was begun */
};

/**
 * batch_hold_signals() - SIGINT and SIGTERM wait until batch_run() hears them
 *
 * For whoever begins a journal: killed before, he would leave it to nobody.
 */
void batch_hold_signals(bool hold);

/**
 * batch_run() - make the domains, report, return
 * @host:    not connected yet; its loop runs until the batch is over
 * @configs: of the plan, with their images; borrowed
 *
 * When it is over and nothing is left half made, the journal's file is removed: recover_leave().
 *
 * SIGINT and SIGTERM: what is on its way is taken back, what was made stays. A second one ends at
 * once.
 */
enum batch_outcome batch_run(struct handles *host, struct plan *plan,
			     struct guestcfg *const *configs, const struct batch_options *options);

#endif
