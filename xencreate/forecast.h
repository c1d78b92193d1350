/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Would the batch fit on this host? Asked before it is begun; the arithmetic is that of lsevtchn
 * --preflight. */
#ifndef FORECAST_H
#define FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log;
struct policy;

#define FORECAST_RESERVED_PORTS 16 /* of domain 0's are left free, as lsevtchn does */

enum forecast_verdict {
	FORECAST_FITS,
	FORECAST_REFUSED, /* it does not; said */
	FORECAST_UNKNOWN, /* something could not be looked at, or cannot be known */
};

struct forecast_options {
	char *const *paths; /* of the configs: borrowed */
	size_t n_paths;
	unsigned int n_copies;
	const struct policy *policy; /* or NULL */
	bool explain;		     /* say what the limits are even if all is well */
	bool json;		     /* and as one object */
	uint32_t *n_ports;	     /* out: that domain 0 may have, 0 if not known; or NULL */
};

/**
 * forecast_run() - lay the batch against the limits of this host
 *
 * It takes one look at the host and at domain 0's table of event channels, not at those of all
 * domains.
 */
enum forecast_verdict forecast_run(const struct forecast_options *options, struct log *log);

#endif
