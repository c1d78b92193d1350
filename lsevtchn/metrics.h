/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census as OpenMetrics, for a node exporter's text collector. */
#ifndef METRICS_H
#define METRICS_H

#include <stdint.h>
#include <stdio.h>

struct census;
struct finding_list;

/**
 * metrics_print() - all families, ending in "# EOF"
 * @time_s: seconds since 1970, when the census was taken
 *
 * Source: the OpenMetrics text format 1.0; what it adds to the older Prometheus format are comments
 * to that.
 */
void metrics_print(FILE *to, const struct census *census, const struct finding_list *findings,
		   int64_t time_s);

#endif
