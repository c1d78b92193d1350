/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders that the first domain on a host brings and the last one should take away. */
#ifndef SWEEP_H
#define SWEEP_H

#include <stdint.h>

struct storeclient;
struct sweep;

/**
 * sweep_new() - remove the folders of backends, of each kind that we make, if they are empty
 * @out:           owned by the caller, who keeps it until @done
 * @console_domid: whose folder, for consoles
 * @done:          called once, from the loop, or from storeclient_free(); @error: 0, or
 * -ECONNRESET: free it, and begin again when the store is back
 *
 * In a transaction, so that a domain which somebody else is making at this moment loses nothing: if
 * there is one, the folders stay.
 *
 * Return: 0, -ENOMEM, -ENOTCONN.
 */
int sweep_new(struct sweep **out, struct storeclient *store, uint32_t console_domid,
	      void (*done)(void *ctx, int error), void *ctx);
void sweep_free(struct sweep *sweep);

#endif
