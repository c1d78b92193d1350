/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forecast as text for people. */
#ifndef FITVIEW_H
#define FITVIEW_H

#include <stdbool.h>

struct paint;
struct preflight;

/**
 * fitview_print() - the answer, the limits, what binds first and what to do about it
 * @explain: also what each domain costs and how the figures come about
 */
void fitview_print(const struct paint *paint, const struct preflight *preflight, bool explain);

#endif
