/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time begins anew whenever they are let go, not only in a turn without any: while domains are
 * built, each turn adds one's tree.
 */
#include "pace.h"

bool pace_hold(struct pace *pace, size_t n_unsent, bool busy, uint64_t now_us)
{
	bool hold;

	if (!pace->since_us)
		pace->since_us = now_us;
	hold = n_unsent && busy && n_unsent < PACE_BYTES && now_us < pace->since_us + PACE_US;
	if (!hold)
		pace->since_us = 0;
	return hold;
}
