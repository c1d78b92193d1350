/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few requests to the store by a program that has no event loop of its own, with a limit of time.
 */
#ifndef STOREONCE_H
#define STOREONCE_H

struct storeclient;

/**
 * storeonce_run() - connect, call @start, and wait until all requests it made are answered
 * @start: makes its requests; a negative errno ends it all
 *
 * Return: 0, -ETIMEDOUT, -ENOMEM, what @start says, or why the store cannot be reached.
 */
int storeonce_run(int (*start)(void *ctx, struct storeclient *client), void *ctx,
		  unsigned int timeout_ms);

#endif
