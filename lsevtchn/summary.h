/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table added up, as text for people. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdio.h>

struct scan;
struct tally;

/** summary_kinds() - how many ports of each kind, with the VIRQs named. */
void summary_kinds(FILE *to, const struct scan *scan, const struct tally *tally);

/**
 * summary_peers() - how many ports go to each other domain, most first
 * @tally: its peers are sorted for the purpose and left in that order
 */
void summary_peers(FILE *to, struct tally *tally);

#endif
