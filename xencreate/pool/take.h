/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other side of a pool's socket: takes domains from it, asks and tells it. Needs only the C
 * library. */
#ifndef POOL_TAKE_H
#define POOL_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct take_options {
	const char *pool; /* its name, or "auto": any that serves the config; borrowed, like all
			     strings */
	const char *socket_path; /* NULL: the usual one */
	const char *config_path; /* NULL: whatever the pool has */
	const char *pattern;	 /* NULL: the config's name, with "-%d" if there is more than one */
	const char *wait;	 /* "store", "console" or "ready" */
	unsigned int first, n;
	uint64_t timeout_ms;
	bool paused;
	bool json, quiet;
};

enum take_outcome {
	TAKE_ALL,
	TAKE_SOME,    /* some were not given; what is said goes for each */
	TAKE_REFUSED, /* none was begun */
	TAKE_NOBODY,  /* "auto": there is no pool that serves this config */
};

/**
 * take_run() - take domains, report, return
 *
 * SIGINT and SIGTERM: what was not given yet is taken back by the pool, what was given stays. A
 * second one ends at once. If the pool dies, its ledger says what was given.
 */
enum take_outcome take_run(const struct take_options *options);

/**
 * take_ask() - say one line to a pool, and get one back
 * @answer: out: owned by the caller, without its end of line
 *
 * Return: 0, -ENOENT or -ECONNREFUSED (there is no such pool), -EPIPE (it ended in the middle),
 * -ENOMEM, -ENAMETOOLONG.
 */
int take_ask(const char *pool, const char *socket_path, const char *line, char **answer);

#endif
