/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room in the journal. Some is held in reserve, so that the turn under way can be noted when the
 * file system is full: changes are refused from then on, removals as long as they find room.
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdint.h>

struct journal_gap;
struct persist;

/** room_gap() - what an entry may take without room_get() */
struct journal_gap *room_gap(const struct persist *persist);
/** room_get() - a put_sink's room, in the journal of @ctx, a persist */
void *room_get(void *ctx, uint32_t len);
/** room_make() - between turns: for the next one */
void room_make(struct persist *persist);
/** room_is_scarce() - refuse changes until room_make() has found some; logged once */
void room_is_scarce(struct persist *persist);

#endif
