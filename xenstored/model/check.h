/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the store what it should be? Counts everything anew; for an operator who asks, and for tests.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>

struct store;

/**
 * check_store() - walk the whole store and compare with what is kept of it
 * @report: told about each thing that is wrong
 *
 * Return: how many there are.
 */
uint32_t check_store(const struct store *store, void (*report)(void *ctx, const char *what),
		     void *ctx);

#endif
