/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a domain has done so far; for people, never for decisions. */
#ifndef STATS_H
#define STATS_H

#include <stdint.h>

struct stats {
	uint64_t n_requests;
	uint64_t n_errors;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t n_events;	  /* queued for it */
	uint64_t n_events_merged; /* dropped because the same one was waiting */
	uint64_t n_events_lost;	  /* dropped for lack of room or left unread for too long */
	uint64_t n_commits;
	uint64_t n_conflicts;
	uint64_t processing_ns;	  /* that it caused, sending included */
	uint64_t n_soft_warnings; /* times that its memory passed the soft limit */
	uint64_t n_stalls; /* times that its requests had to wait for its answers to be read */
};

#endif
