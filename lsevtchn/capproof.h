/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proves that a new domain has the cap that it was to get: all ports up to it can be had, the next
 * is refused, and all are given back. Nothing else can tell, as the hypervisor does not say what a
 * cap is.
 */
#ifndef CAPPROOF_H
#define CAPPROOF_H

#include <stdint.h>

/* The most ports that are taken at once. */
#define CAPPROOF_BATCH 256u

/* Who takes ports for another domain. */
struct capproof_taker {
	/*
	 * Take @n ports (≤ CAPPROOF_BATCH) of @domid; each of @ports is its number, or a negative
	 * errno. Need not try all: the return value says how many (≥ 1), or is a negative errno.
	 */
	int (*take)(void *ctx, uint32_t domid, uint32_t n, int64_t *ports);
	/* Close all ports of @domid. Return: 0 or a negative errno. */
	int (*give_back)(void *ctx, uint32_t domid);
	void *ctx;
};

/**
 * capproof_run() - prove the cap of @domid
 * @domid:   new, paused by its creator, without any port: before store and console get theirs, for
 * all are closed in the end
 * @cap:     that it was created with; above what the 2-level interface gives, which a new domain
 * speaks, only that much can be proven
 * @highest: out: the highest port that it got
 *
 * Its table stays as large as it has grown: a page of the hypervisor's for each 64 ports, until the
 * domain goes.
 *
 * Return: 0; -EPROTO (the cap is another: see @highest); or what taking or giving back says.
 * Source: xen/event_channel.h, EVTCHNOP_alloc_unbound, EVTCHNOP_reset; the limit is refused with
 * ENOSPC.
 */
int capproof_run(const struct capproof_taker *taker, uint32_t domid, uint32_t cap,
		 uint32_t *highest);

#endif
