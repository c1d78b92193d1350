/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When requests leave for the store. While domains are being built, they wait for those of the next
 * ones: a daemon that is woken once for twenty domains costs half of one that is woken for each
 * (switches, wake-ups and reads, its own and the console daemon's), and on a domain 0 with one CPU
 * nobody builds meanwhile.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACE_BYTES (64 * 1024) /* so many leave at once: 20 domains without devices */
#define PACE_US	   250000      /* nothing waits longer */

/* Zeroed at first. */
struct pace {
	uint64_t since_us; /* since when requests have been waiting; 0: none are */
};

/**
 * pace_hold() - shall requests wait? Asked at the end of each turn.
 * @n_unsent: bytes of them
 * @busy:     domains are being built, so that more will come
 *
 * After false they leave before the next question.
 */
bool pace_hold(struct pace *pace, size_t n_unsent, bool busy, uint64_t now_us);

#endif
