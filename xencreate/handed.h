/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others have to do: domains with devices that need a device model, or with settings that only
 * xl understands. */
#ifndef HANDED_H
#define HANDED_H

#include <stdint.h>

#include "scripts.h"

struct plan_domain;

/**
 * handed_create() - have xl make a domain and leave it paused
 * @done: what xl said is in the result
 *
 * Name, UUID and the limit on event channels are the plan's. Return: 0 or -ENOMEM.
 * Source: xl(1), "create".
 */
int handed_create(struct scripts *scripts, const struct plan_domain *plan, scripts_done_fn *done,
		  void *ctx);

/** handed_destroy() - have xl destroy one. Return: as above. */
int handed_destroy(struct scripts *scripts, uint32_t domid, scripts_done_fn *done, void *ctx);

#endif
