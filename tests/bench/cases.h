/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of cases. */
#ifndef CASES_H
#define CASES_H

struct load_case;

/** cases_get() - the case with this name, or NULL. */
const struct load_case *cases_get(const char *name);

/** cases_print() - one line of JSON per case, for the driver. */
void cases_print(void);

#endif
