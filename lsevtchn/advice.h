/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator can do about a limit. */
#ifndef ADVICE_H
#define ADVICE_H

#include <stdint.h>

struct capacity_limit;

/**
 * advice_make() - one sentence, with the figure that would be enough if the batch does not fit
 * @text:      owned by the caller
 * @requested: what the batch asks for
 *
 * Return: 0 or -ENOMEM.
 */
int advice_make(char **text, const struct capacity_limit *limit, uint64_t requested);

#endif
