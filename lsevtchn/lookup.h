/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, types and records of caps, from the store: for all domains in one round trip, on the event
 * loop, so that a store that does not answer delays nobody for long.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <stdbool.h>

#include "cleanup.h"

struct census;
struct lookup;
struct storeclient;

/**
 * lookup_start() - ask the store about the domains of @census that it has not been asked about yet
 * @out:    owned by the caller; freed before @client and @census
 * @client: connected; borrowed
 * @done:   called once from the loop when all has been answered; @error is 0, or -ECONNRESET if the
 * store went away meanwhile (what came before is in @census)
 *
 * Return: 0, -ENOMEM, -ENOTCONN.
 */
int lookup_start(struct lookup **out, struct storeclient *client, struct census *census,
		 void (*done)(void *ctx, int error), void *ctx);

/** lookup_is_done() - has all been answered? */
bool lookup_is_done(const struct lookup *lookup);

/** lookup_free() - forget about what has not been answered yet: it does not reach the census any
 * more. */
void lookup_free(struct lookup *lookup);
DEFINE_CLEANUP(struct lookup *, lookup_free)

/**
 * lookup_now() - the same without a loop of one's own
 * @timeout_ms: for all of it
 *
 * Return: 0, -ETIMEDOUT, -ENOMEM, or why the store cannot be reached.
 */
int lookup_now(struct census *census, unsigned int timeout_ms);

#endif
