/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pool's figures, as it tells them (say.c), for people and for monitors. */
#ifndef POOL_FIGURES_H
#define POOL_FIGURES_H

#include <stdio.h>

/** figures_text() - a few lines. Return: 0, or -EPROTO (@status is not what a pool says). */
int figures_text(FILE *to, const char *status);

/** figures_metrics() - OpenMetrics, ending in "# EOF". Return: as above. */
int figures_metrics(FILE *to, const char *status);

#endif
