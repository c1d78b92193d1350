/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reserve is restored between turns; within one, half of it is for changes. */
#include "persist/room.h"

#include <stdbool.h>

#include "log.h"
#include "persist/journal.h"
#include "persist/persist_priv.h"
#include "protocol/protocol.h"

#define RESERVE (256u * 1024)
/* How often room is looked for. */
#define LOOK_MS 250

struct journal_gap *room_gap(const struct persist *persist)
{
	return journal_gap(persist->journal, RESERVE / 2);
}

void room_is_scarce(struct persist *persist)
{
	if (!persist->is_tight)
		log_error(persist->log,
			  "%s: no room to save the state: changes are refused until there is",
			  persist->dir);
	persist->is_tight = persist->protocol->is_full = true;
}

void *room_get(void *ctx, uint32_t len)
{
	struct persist *persist = ctx;
	struct journal *journal = persist->journal;

	if (journal_spare(journal) < RESERVE / 2 + len &&
	    (persist->is_tight || journal_reserve(journal, RESERVE / 2 + len) < 0)) {
		room_is_scarce(persist);
		persist->protocol->is_stuck |= journal_spare(journal) < RESERVE / 4 + len;
	}
	return journal_room(journal, len);
}

/*
 * An image gives some back when it is complete. Before that a new journal's reserve is no reason to
 * go on as if nothing were: it is for removals, that make the image small.
 */
void room_make(struct persist *persist)
{
	struct journal *journal = persist->journal;

	if (journal_spare(journal) >= RESERVE && !persist->is_tight)
		return;
	if (persist->is_tight && persist_now_ms(persist) < persist->room_at_ms)
		return;
	if (journal_reserve(journal, RESERVE) < 0) {
		room_is_scarce(persist);
		persist->room_at_ms = persist_now_ms(persist) + LOOK_MS;
	} else if (persist->is_tight && !persist->is_broken &&
		   journal_state(journal)->number == persist->image_number) {
		persist->is_tight = persist->protocol->is_full = false;
		log_info(persist->log, "%s: there is room again", persist->dir);
	}
	persist->protocol->is_stuck = persist->is_broken || journal_spare(journal) < RESERVE / 4;
}
