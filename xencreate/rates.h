/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long batches took on this host, so that the next one's time can be told beforehand. */
#ifndef RATES_H
#define RATES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RATES_PATH "/var/lib/xencreate/rates"
#define RATES_MAX  32

struct plan;

struct rate {
	char kind[8]; /* pv, pvh, or xl: handed over */
	uint64_t memory_mib;
	uint64_t n, took_us; /* so many domains in so much time */
};

struct rates {
	struct rate all[RATES_MAX]; /* the latest last */
	size_t n;
};

/** rates_read() - what a file of them says; lines that make no sense are left out. */
void rates_read(struct rates *rates, const char *text);
/** rates_write() - as text. */
void rates_write(const struct rates *rates, FILE *file);

/**
 * rates_note() - one more batch
 *
 * It takes the place of the last one of that kind and memory, unless that had ten times as many
 * domains: of a few, half the time is the program's start. The oldest goes when there is no room.
 */
void rates_note(struct rates *rates, const struct rate *rate);

/** rates_find() - of this kind, and of the memory that comes nearest; or NULL. */
const struct rate *rates_find(const struct rates *rates, const char *kind, uint64_t memory_mib);

/**
 * rates_explain() - say how long this plan will take
 * @path: the file of rates; without one it is not known
 */
void rates_explain(const struct plan *plan, const char *path, FILE *out);

/**
 * rates_expected_us() - as a number
 * Return: 0, if not all of its kinds of domains were timed.
 */
uint64_t rates_expected_us(const struct plan *plan, const char *path);

/**
 * rates_keep() - this plan was carried out in so much time
 *
 * Only what has one kind and one memory tells something. Return: 0, or what writing says.
 */
int rates_keep(const struct plan *plan, uint64_t took_us, const char *path);

#endif
