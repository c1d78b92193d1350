/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same as JSON for programs; the schema is in doc/lsevtchn.schema.json. */
#ifndef JSONOUT_H
#define JSONOUT_H

#include <stdint.h>
#include <stdio.h>

struct census;
struct census_domain;
struct finding_list;
struct policy;
struct preflight;

/**
 * jsonout_census() - print the census and its findings as one JSON object and a newline
 * @only:   this domain, with its ports, or NULL: all, without
 * @policy: or NULL: adds what it says of each domain
 * @time_s: seconds since 1970, when it was taken
 *
 * Return: 0, -ENOMEM, or -EIO if @to does not take it.
 */
int jsonout_census(FILE *to, const struct census *census, const struct census_domain *only,
		   const struct finding_list *findings, const struct policy *policy,
		   int64_t time_s);

/** jsonout_preflight() - print a forecast, always with its explanation. Return: as
 * jsonout_census(). */
int jsonout_preflight(FILE *to, const struct preflight *preflight);

#endif
