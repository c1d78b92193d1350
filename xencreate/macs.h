/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of virtual network interfaces that no other on this host has. */
#ifndef MACS_H
#define MACS_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct log;
struct macs;
struct plan;
struct storeclient;

/**
 * macs_new() - begin to list the addresses that domain 0's backends have: once per batch
 * @out:  owned by the caller; only to be freed after @done
 * @done: called once, from the loop or from storeclient_free(); @error 0 or a negative errno
 *
 * Return: 0, -ENOMEM, -ENOTCONN.
 */
int macs_new(struct macs **out, struct storeclient *store, void (*done)(void *ctx, int error),
	     void *ctx);
void macs_free(struct macs *macs);
DEFINE_CLEANUP(struct macs *, macs_free)

/**
 * macs_assign() - give each vif of the plan its address
 * @taken: @n_taken addresses as numbers
 *
 * One that the config gives is taken as it is. Others begin with Xen's 00:16:3e; what follows is
 * made of the domain's UUID, so that a batch that is resumed gives the same ones.
 *
 * Return: 0, -ENOMEM, -EEXIST (the config's own is taken; said in @log).
 */
int macs_assign(const struct plan *plan, const uint64_t *taken, size_t n_taken, struct log *log);

/** macs_add() - one more that is taken. Return: 0 or -ENOMEM. */
int macs_add(struct macs *macs, uint64_t mac);
/** macs_taken() - what was listed, and added. */
const uint64_t *macs_taken(const struct macs *macs, size_t *n);

/** macs_number() - an address as a number */
uint64_t macs_number(const uint8_t mac[6]);

#endif
