/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows a census as the command line asks: the one view, in the one format, to the one place. */
#ifndef SHOW_H
#define SHOW_H

#include <stdint.h>
#include <stdio.h>

struct census;
struct cmdline;
struct finding_list;
struct policy;
struct preflight;

/**
 * show_census() - print the view of @cmdline->mode to @to
 * @time_s: when the census was taken, in seconds since 1970
 *
 * Return: 0, -ESRCH (the one domain asked for is not there), -ENOMEM, -EIO.
 */
int show_census(FILE *to, const struct cmdline *cmdline, const struct census *census,
		const struct finding_list *findings, const struct policy *policy, int64_t time_s);

/** show_census_out() - the same to stdout or, replaced as a whole, to @cmdline->output. */
int show_census_out(const struct cmdline *cmdline, const struct census *census,
		    const struct finding_list *findings, const struct policy *policy,
		    int64_t time_s);

/** show_preflight_out() - the same of a forecast. */
int show_preflight_out(const struct cmdline *cmdline, const struct preflight *preflight);

/** show_domain() - the domain that @cmdline is about, by name or number; NULL: none such. */
const struct census_domain *show_domain(const struct cmdline *cmdline, const struct census *census);

#endif
