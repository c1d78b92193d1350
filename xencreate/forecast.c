/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts lsevtchn's parts together: configurations, what the host has, the sum, the view. */
#include "forecast.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "lsevtchn/capacity.h"
#include "lsevtchn/census.h"
#include "lsevtchn/fitview.h"
#include "lsevtchn/guest.h"
#include "lsevtchn/hyper.h"
#include "lsevtchn/jsonout.h"
#include "lsevtchn/measure.h"
#include "lsevtchn/paint.h"
#include "lsevtchn/preflight.h"
#include "lsevtchn/survey.h"
#include "lsevtchn/xlcfg.h"

static_assert(FORECAST_RESERVED_PORTS == MEASURE_RESERVE_PORTS, "lsevtchn's default");

struct batch_of_guests {
	struct guest *guests; /* owned */
	size_t n;
};

static void guests_deinit(struct batch_of_guests *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		guest_deinit(&batch->guests[i]);
	free(batch->guests);
}

static int load_guests(struct batch_of_guests *batch, const struct forecast_options *options,
		       struct log *log)
{
	batch->guests = calloc(options->n_paths, sizeof(batch->guests[0]));
	if (!batch->guests)
		return -ENOMEM;
	for (; batch->n < options->n_paths; batch->n++) {
		CLEANUP(free) char *error = NULL;
		int r = xlcfg_load(&batch->guests[batch->n], options->paths[batch->n], NULL,
				   &error);

		if (r < 0) {
			log_error(log, "%s", error ? error : strerror(-r));
			return r;
		}
	}
	return 0;
}

static int measure(struct capacity *capacity, struct demand_facts *facts,
		   const struct batch_of_guests *batch, struct log *log)
{
	const struct survey_options survey = { 0 };
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	struct census census = { 0 };
	struct census_domain *self;
	int r = hyper_open(&hyper, log_xtl(log));

	if (r < 0)
		return r;
	r = survey_list(hyper, &census, &survey);
	self = census_find(&census, census.self);
	if (!r && self) {
		const struct scan_source source = hyper_source(hyper);

		r = census_scan_domain(self, &source);
	}
	if (!r) {
		census_link(&census);
		measure_facts(facts, &census);
		facts->monitor = false; /* nobody stays with a domain of ours */
		r = measure_capacity(capacity, hyper, &census, batch->guests, batch->n,
				     FORECAST_RESERVED_PORTS);
	}
	census_deinit(&census);
	return r;
}

static enum forecast_verdict verdict_of(const struct preflight *preflight)
{
	return preflight->verdict == PREFLIGHT_FITS	 ? FORECAST_FITS
	       : preflight->verdict == PREFLIGHT_REFUSED ? FORECAST_REFUSED
							 : FORECAST_UNKNOWN;
}

static uint32_t ports_of_dom0(const struct capacity *capacity)
{
	const struct capacity_limit *limit = capacity_get(capacity, DEMAND_PORTS, NULL);

	return limit && limit->certainty != CAPACITY_UNKNOWN && limit->limit <= UINT32_MAX
		       ? (uint32_t)limit->limit
		       : 0;
}

enum forecast_verdict forecast_run(const struct forecast_options *options, struct log *log)
{
	enum forecast_verdict verdict = FORECAST_UNKNOWN;
	struct batch_of_guests batch = { 0 };
	struct preflight preflight = { 0 };
	struct capacity capacity = { 0 };
	struct demand_facts facts;
	struct paint paint;
	int r = load_guests(&batch, options, log);

	if (!r)
		r = measure(&capacity, &facts, &batch, log);
	if (!r && options->n_ports)
		*options->n_ports = ports_of_dom0(&capacity);
	if (!r)
		r = preflight_run(&preflight, batch.guests, batch.n, options->n_copies, &capacity,
				  &facts, options->policy, true);
	if (!r)
		verdict = verdict_of(&preflight);
	if (!r && options->explain && options->json) {
		r = jsonout_preflight(stdout, &preflight);
	} else if (!r && (options->explain || verdict == FORECAST_REFUSED)) {
		paint_init(&paint, options->explain ? stdout : stderr, PAINT_AUTO);
		fitview_print(&paint, &preflight, options->explain);
	}
	if (r < 0)
		log_info(log, "there is no forecast: %s", strerror(-r));
	preflight_deinit(&preflight);
	capacity_deinit(&capacity);
	guests_deinit(&batch);
	return verdict;
}
