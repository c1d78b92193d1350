/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Goes round all who know something of the domains of this host, and draws up the census. */
#ifndef SURVEY_H
#define SURVEY_H

#include <stdbool.h>

struct census;
struct hyper;

struct survey_options {
	bool names; /* ask the store */
	bool caps;  /* read saved configurations */
};

/**
 * survey_list() - all domains with their state, saved caps and interface evidence, without store
 * and tables
 *
 * Return: 0, -ENOMEM, or what the hypervisor says.
 */
int survey_list(struct hyper *hyper, struct census *census, const struct survey_options *options);

/**
 * survey_all() - survey_list(), then names and records from the store, then all tables
 * @store_error: out: 0, or why the store could not be asked; names and records are missing then
 *
 * Return: as survey_list(), or the first error of a table (the others have been read).
 */
int survey_all(struct hyper *hyper, struct census *census, const struct survey_options *options,
	       int *store_error);

#endif
