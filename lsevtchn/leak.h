/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports that are held for nothing: towards domains that are gone, connected on one side only,
 * waiting for ever.
 *
 * Tables are read one after the other while domains come and go, so a suspicion is asked about once
 * more before it is reported.
 */
#ifndef LEAK_H
#define LEAK_H

#include "finding.h"
#include "scan.h"

struct census;
struct leak_ages;

/**
 * leak_find() - look through the tables of @census
 * @list:   findings are added
 * @source: asked again about whatever looks wrong
 * @ages:   since when ports have been waiting, or NULL: then none is known to be forgotten
 * @now_ms, @forgotten_ms: a port that has waited so long is a finding; one that has not is a notice
 *
 * Return: 0 or -ENOMEM.
 */
int leak_find(struct finding_list *list, const struct census *census,
	      const struct scan_source *source, const struct leak_ages *ages, uint64_t now_ms,
	      uint64_t forgotten_ms);

/**
 * leak_ages_new() - a memory of when each waiting port was first seen waiting
 * @out: owned by the caller
 */
int leak_ages_new(struct leak_ages **out);
void leak_ages_free(struct leak_ages *ages);
DEFINE_CLEANUP(struct leak_ages *, leak_ages_free)

/** leak_ages_update() - bring it up to date with @census. Return: 0 or -ENOMEM (it is as before).
 */
int leak_ages_update(struct leak_ages *ages, const struct census *census, uint64_t now_ms);

#endif
