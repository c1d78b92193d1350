/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fitview.h"

#include <inttypes.h>

#include "capacity.h"
#include "guest.h"
#include "paint.h"
#include "preflight.h"

#define NAME_WIDTH 34

static void print_verdict(const struct paint *paint, const struct preflight *preflight)
{
	static const struct {
		const char *words;
		enum paint_colour colour;
	} verdicts[] = {
		[PREFLIGHT_FITS] = { "fits", PAINT_GREEN },
		[PREFLIGHT_REFUSED] = { "does not fit", PAINT_RED },
		[PREFLIGHT_UNKNOWN] = { "cannot be said", PAINT_YELLOW },
	};

	fprintf(paint->to, "%" PRIu64 " domain%s: ", preflight->n_requested,
		preflight->n_requested == 1 ? "" : "s");
	paint_on(paint, PAINT_BOLD);
	paint_on(paint, verdicts[preflight->verdict].colour);
	fputs(verdicts[preflight->verdict].words, paint->to);
	paint_off(paint);
	fputs("\n\n", paint->to);
}

static void print_place(const struct paint *paint, const struct preflight_row *row)
{
	int n = fprintf(paint->to, "  %s", demand_name(row->resource));

	if (row->where)
		n += fprintf(paint->to, " (%s)", row->where);
	else if (row->resource == DEMAND_PORTS)
		n += fprintf(paint->to, " of domain 0");
	fprintf(paint->to, "%*s", n < NAME_WIDTH ? NAME_WIDTH - n : 1, "");
}

static void print_fit(const struct paint *paint, const struct preflight *preflight,
		      const struct preflight_row *row)
{
	bool short_of = preflight->n_requested > row->n_fit;

	if (row->advisory)
		paint_on(paint, short_of ? PAINT_YELLOW : PAINT_DIM);
	else
		paint_on(paint, short_of ? PAINT_RED : PAINT_GREEN);
	fprintf(paint->to, " %10" PRIu64, row->n_fit);
	paint_off(paint);
	if (row->n_fit_maybe != row->n_fit)
		fprintf(paint->to, "  or %" PRIu64, row->n_fit_maybe);
	if (row == preflight->binding)
		fputs("  <- met first", paint->to);
	else if (row->advisory && short_of)
		fputs("  (slow under load, no obstacle)", paint->to);
	fputc('\n', paint->to);
}

static void print_rows(const struct paint *paint, const struct preflight *preflight)
{
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to, "  %-*s %10s %10s %10s %10s %10s %10s\n", NAME_WIDTH - 2, "limit",
		"asked for", "of", "in use", "promised", "reserve", "would fit");
	paint_off(paint);
	for (size_t i = 0; i < preflight->n_rows; i++) {
		const struct preflight_row *row = &preflight->rows[i];

		if (row->advisory && preflight->n_requested <= row->n_fit)
			continue;
		print_place(paint, row);
		fprintf(paint->to, " %10" PRIu64, row->requested);
		if (!row->limit) {
			fputs("  not judged\n", paint->to);
			continue;
		}
		if (row->limit->certainty == CAPACITY_UNKNOWN) {
			paint_on(paint, PAINT_YELLOW);
			fprintf(paint->to, "  unknown: %s\n", row->limit->source);
			paint_off(paint);
			continue;
		}
		fprintf(paint->to, " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64,
			row->limit->limit, row->limit->used, row->limit->pending,
			row->limit->reserve);
		print_fit(paint, preflight, row);
	}
	fputc('\n', paint->to);
}

static void print_binding(const struct paint *paint, const struct preflight *preflight)
{
	const struct preflight_row *row = preflight->binding;

	if (!row) {
		fputs("No limit is known.\n", paint->to);
		return;
	}
	fprintf(paint->to, "%" PRIu64 " would fit", preflight->n_fit);
	if (preflight->n_fit > preflight->n_requested)
		fprintf(paint->to, ", %" PRIu64 " more than asked for",
			preflight->n_fit - preflight->n_requested);
	fprintf(paint->to, ". First in the way: %s", demand_name(row->resource));
	if (row->where)
		fprintf(paint->to, " of %s", row->where);
	fprintf(paint->to, ".\n");
	fprintf(paint->to, "To have more: %s.\n", row->advice);
	for (size_t i = 0; i < preflight->n_rows; i++) {
		const struct preflight_row *other = &preflight->rows[i];

		if (other == row || preflight->n_requested <= other->n_fit || !other->advice ||
		    other->advisory)
			continue;
		fprintf(paint->to, "And for %s: %s.\n", demand_name(other->resource),
			other->advice);
	}
}

static void print_guests(const struct paint *paint, const struct preflight *preflight)
{
	for (size_t i = 0; i < preflight->n_guests; i++) {
		const struct preflight_guest *guest = &preflight->guests[i];

		for (size_t j = 0; j < guest->n_refusals; j++) {
			paint_on(paint, PAINT_RED);
			fprintf(paint->to, "%s: cannot start: %s\n", guest->guest->source,
				guest->refusals[j]);
			paint_off(paint);
		}
		for (size_t j = 0; j < guest->n_warnings; j++) {
			paint_on(paint, PAINT_YELLOW);
			fprintf(paint->to, "%s: %s\n", guest->guest->source, guest->warnings[j]);
			paint_off(paint);
		}
	}
}

static void explain_guest(const struct paint *paint, const struct preflight_guest *guest)
{
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to, "\n%s: one %s domain costs\n", guest->guest->source,
		domtype_name(guest->guest->type));
	paint_off(paint);
	for (unsigned int resource = 0; resource < DEMAND_N; resource++) {
		for (size_t i = 0; i < guest->demand.n_items; i++) {
			const struct demand_item *item = &guest->demand.items[i];

			if (item->resource != resource)
				continue;
			fprintf(paint->to, "  %-32s %10" PRIu64 "  %s", demand_name(resource),
				item->amount, item->why);
			if (item->where)
				fprintf(paint->to, " (%s)", item->where);
			fputc('\n', paint->to);
		}
	}
}

static void explain_row(const struct paint *paint, const struct preflight *preflight,
			const struct preflight_row *row)
{
	const struct capacity_limit *limit = row->limit;
	uint64_t round = 0;

	if (!limit || limit->certainty == CAPACITY_UNKNOWN)
		return;
	for (size_t i = 0; i < preflight->n_guests; i++)
		round += demand_sum(&preflight->guests[i].demand, row->resource, row->where);
	print_place(paint, row);
	fprintf(paint->to, " (%" PRIu64 " - %" PRIu64 " in use", limit->limit, limit->used);
	if (limit->pending)
		fprintf(paint->to, " - %" PRIu64 " promised", limit->pending);
	if (limit->reserve)
		fprintf(paint->to, " - %" PRIu64 " reserve", limit->reserve);
	fprintf(paint->to, ") / %" PRIu64, round);
	if (preflight->n_guests > 1)
		fprintf(paint->to, " a round of %zu", preflight->n_guests);
	fprintf(paint->to, ": %" PRIu64 "   [%s: %s]\n", row->n_fit,
		capacity_certainty_name(limit->certainty), limit->source);
}

void fitview_print(const struct paint *paint, const struct preflight *preflight, bool explain)
{
	print_verdict(paint, preflight);
	print_rows(paint, preflight);
	if (preflight->n_requested)
		print_binding(paint, preflight);
	print_guests(paint, preflight);
	if (!explain)
		return;
	for (size_t i = 0; i < preflight->n_guests; i++)
		explain_guest(paint, &preflight->guests[i]);
	paint_on(paint, PAINT_BOLD);
	fputs("\nhow many would fit\n", paint->to);
	paint_off(paint);
	for (size_t i = 0; i < preflight->n_rows; i++)
		explain_row(paint, preflight, &preflight->rows[i]);
}
