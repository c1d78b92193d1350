/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Would this batch of domains start? The whole batch is laid against every limit at once; what
 * cannot be known counts against it, and is named.
 *
 * The answer is a forecast: others create and destroy domains too.
 */
#ifndef PREFLIGHT_H
#define PREFLIGHT_H

#include "capacity.h"
#include "demand.h"
#include "policy.h"

struct guest;

enum preflight_verdict {
	PREFLIGHT_FITS,
	PREFLIGHT_REFUSED,
	PREFLIGHT_UNKNOWN, /* it may fit; what would have to be known is in the rows */
};

#define PREFLIGHT_UNLIMITED UINT64_MAX

/* One limit and what the batch does to it. */
struct preflight_row {
	const struct capacity_limit *limit; /* borrowed from the capacity; NULL: not judged */
	enum demand_resource resource;
	const char *where; /* borrowed from a demand */
	bool advisory;	   /* shown, but refuses nothing: going beyond costs speed, not a start */
	uint64_t requested;
	uint64_t n_fit; /* domains of the batch, repeated for ever, that fit; PREFLIGHT_UNLIMITED if
			   unknown */
	uint64_t n_fit_maybe; /* the same if what is assumed is wrong in our favour */
	char *advice;	      /* owned; what to change if this one stands in the way */
};

/* One configuration. */
struct preflight_guest {
	const struct guest *guest; /* borrowed */
	struct demand demand;
	uint32_t cap;	     /* that it would be created with */
	uint32_t policy_cap; /* that the policy asks for */
	char **refusals;     /* owned: why it cannot start at all */
	size_t n_refusals;
	char **warnings; /* owned */
	size_t n_warnings;
};

struct preflight {
	enum preflight_verdict verdict;
	uint64_t n_requested; /* domains */
	uint64_t n_fit;	      /* that would fit, by all rows that are known */
	const struct preflight_row
		*binding; /* borrowed from rows: the limit that is met first; NULL: none is known */
	struct preflight_guest *guests; /* owned; as many as configurations */
	size_t n_guests;
	struct preflight_row *rows; /* owned */
	size_t n_rows;
};

/**
 * preflight_run() - lay a batch against the limits
 * @preflight: overwritten; preflight_deinit()
 * @guests:    @n_guests configurations; borrowed until preflight_deinit()
 * @n_copies:  of each; they are taken in turns: first one of each, then the second of each, …
 * @capacity:  borrowed until preflight_deinit()
 * @policy:    or NULL
 * @enforced:  the creator sets the cap that the policy asks for (as xencreate does), so a
 * configuration that asks for another is not refused
 *
 * Return: 0 or -ENOMEM.
 */
int preflight_run(struct preflight *preflight, const struct guest *guests, size_t n_guests,
		  uint64_t n_copies, const struct capacity *capacity,
		  const struct demand_facts *facts, const struct policy *policy, bool enforced);
void preflight_deinit(struct preflight *preflight);

/** preflight_verdict_name() - "fits", "refused", "unknown". */
const char *preflight_verdict_name(enum preflight_verdict verdict);

#endif
