/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes many domains at once goes first. */
#ifndef POOL_YIELD_H
#define POOL_YIELD_H

#include <stdbool.h>

/** yield_is_asked() - is a batch under way? By the journals in @folder, which its process holds. */
bool yield_is_asked(const char *folder);

#endif
