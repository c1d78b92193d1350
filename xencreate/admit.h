/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May the plan's domains be made beside those that the host has? */
#ifndef ADMIT_H
#define ADMIT_H

struct admit;
struct handles;
struct journal;
struct plan;

/**
 * admit_new() - list the host, once per batch; refuse names and UUIDs that are there already,
 * choose the vifs' addresses
 * @out:  owned by the caller; only to be freed after @done
 * @host: connected
 * @plan: borrowed; the addresses are put in
 * @journal: borrowed, or NULL; where the addresses are noted
 * @done: called once, from the loop or when the connection ends; @error 0, -EEXIST, or a negative
 * errno: said in the log
 *
 * Return: 0, -ENOMEM, -ENOTCONN, or what the hypervisor says.
 */
int admit_new(struct admit **out, struct handles *host, struct plan *plan, struct journal *journal,
	      void (*done)(void *ctx, int error), void *ctx);
void admit_free(struct admit *admit);

#endif
