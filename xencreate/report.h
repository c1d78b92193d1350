/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people and programs are told about a batch: progress, events, timings, summary. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "stage.h"

struct report;

struct report_options {
	const char *doing;	  /* "created" or "destroyed": borrowed */
	bool json;		  /* one object per line on stdout */
	bool progress;		  /* a line on stderr that is drawn again and again */
	bool quiet;		  /* no summary */
	const char *timings_path; /* or NULL */
	size_t n_wanted;
	uint64_t start_us; /* CLOCK_MONOTONIC, like all times here */
};

/* One domain's way. */
struct report_domain {
	const char *name;
	const char *uuid; /* or NULL */
	uint32_t domid;	  /* 0: it never had one */
	uint64_t start_us, end_us;
	uint64_t stage_us[N_STAGES]; /* time spent in each; 0 for those that were left out */
	bool clean;		     /* of one that failed: nothing of it is left */
	const char *error;	     /* NULL: all well */
};

/**
 * report_new() - begin
 * Return: 0, -ENOMEM, or what opening the timings file says.
 */
int report_new(struct report **out, const struct report_options *options);
void report_free(struct report *report);
DEFINE_CLEANUP(struct report *, report_free)

/** report_domain() - a domain is done, well or badly. NULL for @report: nobody is told; as with the
 * next. */
void report_domain(struct report *report, const struct report_domain *domain);
/** report_stage() - a domain has finished a stage; written with --json only. */
void report_stage(struct report *report, const char *name, uint32_t domid, enum stage stage,
		  uint64_t took_us, uint64_t now_us);
/** report_slower() - fewer domains may be in flight from now on, because of one of the daemons. */
void report_slower(struct report *report, size_t limit, const char *why, uint64_t now_us);
/** report_held() - no domain is begun for the want of this; "": that is over. An event when it
 * begins. */
void report_held(struct report *report, const char *what);
/** report_tick() - draw the progress, if it is time; @n_in_flight domains are on their way. */
void report_tick(struct report *report, uint64_t now_us, size_t n_in_flight);
/** report_flush() - events leave for stdout: once per turn, not one by one. */
void report_flush(const struct report *report);
/** report_end() - the summary. */
void report_end(struct report *report, uint64_t now_us);

#endif
