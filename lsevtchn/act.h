/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy wants done about domains that use more ports than its soft limit. */
#ifndef ACT_H
#define ACT_H

#include <stdbool.h>

struct census;
struct finding_list;
struct hyper;
struct log;
struct policy;
struct storeclient;

/**
 * act_on() - log, mark and pause the domains that have a FINDING_SOFT
 * @client:  where marks are made; NULL: none are
 * @dry_run: only log what would be done
 *
 * A mark is the node /libxl/DOMID/event-channels-over-soft, "IN-USE SOFT"; it goes away with the
 * domain, and is taken back once the domain is below the limit. Domains that are paused already are
 * left so.
 *
 * Return: 0, or the first failure; the other domains have been seen to.
 */
int act_on(const struct finding_list *findings, struct census *census, const struct policy *policy,
	   struct hyper *hyper, struct storeclient *client, struct log *log, bool dry_run);

#endif
