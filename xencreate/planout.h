/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --dry-run says beside the forecast. */
#ifndef PLANOUT_H
#define PLANOUT_H

#include <stdbool.h>

struct plan;

/** planout_print() - which domains would be made, on standard output */
void planout_print(const struct plan *plan, bool json);

/** planout_expected() - how long that would take. @rates_path: as for rates_explain() */
void planout_expected(const struct plan *plan, const char *rates_path, bool json);

#endif
