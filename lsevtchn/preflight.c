/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch repeats its configurations in turns, so how many domains a limit lets through is a
 * division and a walk over one round, whatever the number of copies.
 */
#include "preflight.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "cap.h"
#include "guest.h"

#define GRANTS_A_FRAME 512 /* version 1: 8 bytes an entry */

__attribute__((format(printf, 3, 4))) static int add_text(char ***texts, size_t *n, const char *fmt,
							  ...)
{
	char **more = reallocarray(*texts, *n + 1, sizeof(**texts));
	va_list ap;
	int len;

	if (!more)
		return -ENOMEM;
	*texts = more;
	va_start(ap, fmt);
	len = vasprintf(&more[*n], fmt, ap);
	va_end(ap);
	if (len < 0)
		return -ENOMEM;
	++*n;
	return 0;
}

/* What a limit that is each domain's own says to it. */
static int check_own(struct preflight_guest *guest, const struct capacity *capacity,
		     enum demand_resource resource, bool certain)
{
	const struct capacity_limit *limit = capacity_get(capacity, resource, NULL);
	uint64_t sum = demand_sum(&guest->demand, resource, NULL);

	if (!limit || limit->certainty == CAPACITY_UNKNOWN || sum <= limit->limit)
		return 0;
	if (certain)
		return add_text(&guest->refusals, &guest->n_refusals,
				"needs %" PRIu64 " %s; %" PRIu64 " are allowed (%s)", sum,
				demand_name(resource), limit->limit, limit->source);
	return add_text(&guest->warnings, &guest->n_warnings,
			"may need %" PRIu64 " %s; %" PRIu64 " are allowed (%s)", sum,
			demand_name(resource), limit->limit, limit->source);
}

static int check_grants(struct preflight_guest *guest, const struct capacity *capacity)
{
	const struct capacity_limit *limit = capacity_get(capacity, DEMAND_GUEST_GRANTS, NULL);
	uint64_t sum = demand_sum(&guest->demand, DEMAND_GUEST_GRANTS, NULL);
	int64_t frames = guest->guest->max_grant_frames;

	if (frames < 0)
		return check_own(guest, capacity, DEMAND_GUEST_GRANTS, false);
	if (limit && limit->certainty != CAPACITY_UNKNOWN &&
	    (uint64_t)frames * GRANTS_A_FRAME > limit->limit &&
	    add_text(&guest->refusals, &guest->n_refusals,
		     "max_grant_frames = %" PRId64 " is above the host's (%s)", frames,
		     limit->source) < 0)
		return -ENOMEM;
	if (sum <= (uint64_t)frames * GRANTS_A_FRAME)
		return 0;
	return add_text(&guest->warnings, &guest->n_warnings,
			"may need %" PRIu64 " grants; max_grant_frames = %" PRId64
			" allows %" PRIu64,
			sum, frames, (uint64_t)frames * GRANTS_A_FRAME);
}

/* A cap that is too small is not noticed at creation: the domain comes up without store or console.
 */
static int check_cap(struct preflight_guest *guest, const struct policy_rule *rule, bool enforced)
{
	uint64_t needed = demand_sum(&guest->demand, DEMAND_GUEST_PORTS, NULL);
	uint64_t usual = needed + demand_sum(&guest->demand, DEMAND_GUEST_USUAL, NULL);
	uint32_t asked = guest->guest->asked_cap;

	guest->policy_cap = policy_cap(rule, asked);
	guest->cap = enforced ? guest->policy_cap : asked ? asked : CAP_DEFAULT;
	if (guest->cap > rule->hard &&
	    add_text(&guest->refusals, &guest->n_refusals,
		     "max_event_channels %s%" PRIu32 "%s; the policy allows %" PRIu32 " (line %u)",
		     asked ? "= " : "is not given, so it would be ", guest->cap,
		     asked ? "" : " by default", rule->hard, rule->hard_line) < 0)
		return -ENOMEM;
	if (needed > guest->cap)
		return add_text(&guest->refusals, &guest->n_refusals,
				"needs %" PRIu64 " event channels of its own; its cap is %" PRIu32,
				needed, guest->cap);
	if (usual > guest->cap)
		return add_text(&guest->warnings, &guest->n_warnings,
				"a Linux of this size takes about %" PRIu64
				" event channels of its own; its cap is %" PRIu32,
				usual, guest->cap);
	return 0;
}

static int check_guest(struct preflight_guest *guest, const struct capacity *capacity,
		       const struct demand_facts *facts, const struct policy *policy, bool enforced)
{
	const struct policy_subject subject = {
		.name = guest->guest->name,
		.type = guest->guest->type,
		.driver_domain = guest->guest->driver_domain,
	};
	const struct policy_rule rule = policy_rule(policy, &subject);
	int r = demand_make(&guest->demand, guest->guest, facts);

	if (r == 0)
		r = check_cap(guest, &rule, enforced);
	if (r == 0)
		r = check_grants(guest, capacity);
	if (r == 0)
		r = check_own(guest, capacity, DEMAND_GUEST_NODES, false);
	if (r == 0)
		r = check_own(guest, capacity, DEMAND_GUEST_WATCHES, false);
	return r;
}

static struct preflight_row *find_row(struct preflight *preflight, enum demand_resource resource,
				      const char *where)
{
	for (size_t i = 0; i < preflight->n_rows; i++) {
		struct preflight_row *row = &preflight->rows[i];

		if (row->resource == resource &&
		    (row->where && where ? strcmp(row->where, where) == 0 : row->where == where))
			return row;
	}
	return NULL;
}

/* One row for each resource and place that some configuration asks for. */
static int make_rows(struct preflight *preflight)
{
	for (unsigned int resource = 0; resource < DEMAND_N_SHARED; resource++) {
		for (size_t i = 0; i < preflight->n_guests; i++) {
			const struct demand *demand = &preflight->guests[i].demand;

			for (size_t j = 0; j < demand->n_items; j++) {
				const struct demand_item *item = &demand->items[j];
				struct preflight_row *rows;

				if (item->resource != resource ||
				    find_row(preflight, resource, item->where))
					continue;
				rows = reallocarray(preflight->rows, preflight->n_rows + 1,
						    sizeof(*rows));
				if (!rows)
					return -ENOMEM;
				preflight->rows = rows;
				rows[preflight->n_rows++] =
					(struct preflight_row){ .resource = resource,
								.where = item->where };
			}
		}
	}
	return 0;
}

/* How many domains, taken in turns, @left is enough for. */
static uint64_t n_that_fit(const struct preflight *preflight, const struct preflight_row *row,
			   uint64_t left)
{
	uint64_t round = 0, n;

	for (size_t i = 0; i < preflight->n_guests; i++)
		round += demand_sum(&preflight->guests[i].demand, row->resource, row->where);
	n = left / round * preflight->n_guests;
	left %= round;
	for (size_t i = 0; i < preflight->n_guests; i++, n++) {
		uint64_t amount =
			demand_sum(&preflight->guests[i].demand, row->resource, row->where);

		if (amount > left)
			return n;
		left -= amount;
	}
	return n;
}

static int judge_row(struct preflight *preflight, struct preflight_row *row,
		     const struct capacity *capacity, uint64_t n_copies)
{
	row->advisory = row->resource == DEMAND_MAPTRACK_BUSY;
	row->limit = capacity_get(capacity, row->resource, row->where);
	row->n_fit = row->n_fit_maybe = PREFLIGHT_UNLIMITED;
	for (size_t i = 0; i < preflight->n_guests; i++)
		row->requested += n_copies * demand_sum(&preflight->guests[i].demand, row->resource,
							row->where);
	if (!row->limit || row->limit->certainty == CAPACITY_UNKNOWN)
		return 0;
	row->n_fit = n_that_fit(preflight, row, capacity_left(row->limit, row->limit->limit));
	row->n_fit_maybe = n_that_fit(preflight, row, capacity_left(row->limit, row->limit->maybe));
	return advice_make(&row->advice, row->limit, row->requested);
}

static void judge_all(struct preflight *preflight)
{
	bool refused = false, unknown = false;

	preflight->n_fit = PREFLIGHT_UNLIMITED;
	for (size_t i = 0; i < preflight->n_rows; i++) {
		const struct preflight_row *row = &preflight->rows[i];

		if (row->advisory)
			continue;
		if (row->limit && row->limit->certainty == CAPACITY_UNKNOWN)
			unknown = true;
		if (preflight->n_requested > row->n_fit_maybe)
			refused = true;
		else if (preflight->n_requested > row->n_fit)
			unknown = true;
		if (row->n_fit < preflight->n_fit) {
			preflight->n_fit = row->n_fit;
			preflight->binding = row;
		}
	}
	for (size_t i = 0; i < preflight->n_guests; i++)
		refused = refused || preflight->guests[i].n_refusals;
	preflight->verdict = refused   ? PREFLIGHT_REFUSED
			     : unknown ? PREFLIGHT_UNKNOWN
				       : PREFLIGHT_FITS;
}

int preflight_run(struct preflight *preflight, const struct guest *guests, size_t n_guests,
		  uint64_t n_copies, const struct capacity *capacity,
		  const struct demand_facts *facts, const struct policy *policy, bool enforced)
{
	int r = 0;

	memset(preflight, 0, sizeof(*preflight));
	preflight->guests = calloc(n_guests ? n_guests : 1, sizeof(*preflight->guests));
	if (!preflight->guests)
		return -ENOMEM;
	preflight->n_guests = n_guests;
	preflight->n_requested = n_guests * n_copies;
	for (size_t i = 0; i < n_guests && r == 0; i++) {
		preflight->guests[i].guest = &guests[i];
		r = check_guest(&preflight->guests[i], capacity, facts, policy, enforced);
	}
	if (r == 0)
		r = make_rows(preflight);
	for (size_t i = 0; i < preflight->n_rows && r == 0; i++)
		r = judge_row(preflight, &preflight->rows[i], capacity, n_copies);
	if (r < 0) {
		preflight_deinit(preflight);
		return r;
	}
	judge_all(preflight);
	return 0;
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void preflight_deinit(struct preflight *preflight)
{
	for (size_t i = 0; i < preflight->n_guests; i++) {
		struct preflight_guest *guest = &preflight->guests[i];

		demand_deinit(&guest->demand);
		free_texts(guest->refusals, guest->n_refusals);
		free_texts(guest->warnings, guest->n_warnings);
	}
	for (size_t i = 0; i < preflight->n_rows; i++)
		free(preflight->rows[i].advice);
	free(preflight->guests);
	free(preflight->rows);
	memset(preflight, 0, sizeof(*preflight));
}

const char *preflight_verdict_name(enum preflight_verdict verdict)
{
	static const char *const names[] = {
		[PREFLIGHT_FITS] = "fits",
		[PREFLIGHT_REFUSED] = "refused",
		[PREFLIGHT_UNKNOWN] = "unknown",
	};

	return names[verdict];
}
