/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is parked has an end only when the park lets go of it, and a park lets go by
 * being written anew. So there are many small ones: what an end costs does not depend on how many
 * terminals there are, and ends of one turn share the work.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper.h"
#include "kept_priv.h"
#include "log.h"
#include "park.h"

void kept_complain(struct kept *kept, const char *what, int error)
{
	if (!kept->has_complained)
		log_warning(kept->log, "terminals will not survive this daemon: %s: %s", what,
			    strerror(-error));
	kept->has_complained = true;
}

void kept_place_enter(struct kept_place *place, struct kept_tty *entry)
{
	entry->place = place;
	LIST_INSERT_HEAD(&place->ttys, entry, same_place);
	if (++place->n == KEPT_PLACE_MAX)
		LIST_REMOVE(place, roomy);
}

void kept_place_leave(struct kept *kept, struct kept_tty *entry)
{
	struct kept_place *place = entry->place;

	LIST_REMOVE(entry, same_place);
	entry->place = NULL;
	if (place->n-- == KEPT_PLACE_MAX)
		LIST_INSERT_HEAD(&kept->roomy, place, roomy);
}

static bool next_in_place(void *ctx, int *fd, void *label)
{
	struct kept_tty **at = ctx, *entry = *at;

	if (!entry)
		return false;
	*at = LIST_NEXT(entry, same_place);
	*fd = entry->master;
	memcpy(label, &entry->label, sizeof(entry->label));
	return true;
}

void kept_place_tidy(struct kept *kept, struct kept_place *place)
{
	struct kept_tty *first = LIST_FIRST(&place->ttys);
	int r = park_tidy(place->park, next_in_place, &first);

	if (r < 0)
		kept_complain(kept, "a place for them cannot be tidied", r);
	place->is_untidy = false;
	LIST_REMOVE(place, untidy);
}

void kept_place_tidy_all(void *ctx)
{
	struct kept *kept = ctx;
	struct kept_place *place;

	while ((place = LIST_FIRST(&kept->untidy)))
		kept_place_tidy(kept, place);
}

void kept_place_set_untidy(struct kept *kept, struct kept_place *place)
{
	if (place->is_untidy || kept->is_left)
		return;
	place->is_untidy = true;
	LIST_INSERT_HEAD(&kept->untidy, place, untidy);
}

void kept_place_has_left(struct kept *kept, struct kept_place *place)
{
	park_left(place->park);
	kept_place_set_untidy(kept, place);
}

void kept_place_name(char name[32], uint32_t number, const char *end)
{
	snprintf(name, 32, "ttys-%u-%s", number, end);
}

int kept_place_add(struct kept *kept, struct park *park, struct kept_place **out)
{
	struct kept_place *place = calloc(1, sizeof(*place));

	if (!place) {
		park_free(park);
		return -ENOMEM;
	}
	place->park = park;
	kept->places[kept->n_places++] = place;
	LIST_INSERT_HEAD(&kept->roomy, place, roomy);
	*out = place;
	return 0;
}

int kept_place_new(struct kept *kept, struct kept_place **out)
{
	uint32_t number = kept->n_places;
	struct park *park;
	char name[32];
	int fds[2], r;

	if (number == KEPT_PLACES_MAX)
		return -ENOSPC;
	r = park_new(&park, sizeof(struct kept_label));
	if (r == 0)
		r = kept_place_add(kept, park, out);
	if (r < 0)
		return r;
	park_fds(park, fds);
	kept_place_name(name, number, "in");
	keeper_store(kept->keeper, name, fds[0]);
	kept_place_name(name, number, "out");
	keeper_store(kept->keeper, name, fds[1]);
	return 0;
}
