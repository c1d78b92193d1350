/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host that is not there, for planning: "dom0=2l-32,base=75". */
#ifndef ASSUME_H
#define ASSUME_H

#include "capacity.h"

/**
 * assume_parse() - make limits and facts from a list of assumptions
 * @capacity: filled; what is not assumed and has no limit that is the same on every host is not in
 * it
 * @facts:    overwritten
 * @error:    out, on -EINVAL: the reason, owned by the caller
 *
 * Keys: see assume_key().
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int assume_parse(struct capacity *capacity, struct demand_facts *facts, const char *text,
		 char **error);

/**
 * assume_key() - the @i-th key, for help texts
 * @value:   the form of its value
 * @meaning: with the default in brackets
 *
 * Return: its name, or NULL behind the last. All static text.
 */
const char *assume_key(size_t i, const char **value, const char **meaning);

#endif
