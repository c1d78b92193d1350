/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is parked has an end only when the park lets go of it, and a park lets go by
 * being written anew. So there are many small ones: what an end costs does not depend on how many
 * terminals there are, and ends of one turn share the work.
 */
#include "kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "park.h"

/* Terminals in one park: one message of it, when it is written anew. */
#define PLACE_MAX 128
/* Parks; two descriptors of each are with the service manager (its FileDescriptorStoreMax). */
#define PLACES_MAX 512
/* Domains whose terminals nobody has taken yet are found by number. */
#define N_BUCKETS 1024

LIST_HEAD(tty_list, kept_tty);

struct kept_place {
	struct park *park; /* owned */
	struct tty_list ttys;
	uint32_t n;
	bool has_left; /* one that is in the park still */
	LIST_ENTRY(kept_place) roomy;
	LIST_ENTRY(kept_place) untidy;
};

/* One that nobody has taken yet. */
struct found {
	struct kept_tty tty; /* its master is owned */
	LIST_ENTRY(found) same_bucket;
};
LIST_HEAD(found_list, found);

struct kept {
	struct loop *loop; /* borrowed, as the log */
	struct log *log;
	struct keeper *keeper;		       /* owned */
	struct kept_place *places[PLACES_MAX]; /* owned */
	uint32_t n_places;
	LIST_HEAD(, kept_place) roomy, untidy;
	struct found_list found[N_BUCKETS]; /* owned */
	struct loop_hook hook;
	bool is_left;
	bool has_complained;
};

static struct found_list *bucket_of(const struct kept *kept, uint32_t domid)
{
	return (struct found_list *)&kept->found[domid % N_BUCKETS];
}

static void complain(struct kept *kept, const char *what, int error)
{
	if (!kept->has_complained)
		log_warning(kept->log, "terminals will not survive this daemon: %s: %s", what,
			    strerror(-error));
	kept->has_complained = true;
}

/* --- places --- */

static void enter(struct kept_place *place, struct kept_tty *entry)
{
	entry->place = place;
	LIST_INSERT_HEAD(&place->ttys, entry, same_place);
	if (++place->n == PLACE_MAX)
		LIST_REMOVE(place, roomy);
}

static void leave(struct kept *kept, struct kept_tty *entry)
{
	struct kept_place *place = entry->place;

	LIST_REMOVE(entry, same_place);
	entry->place = NULL;
	if (place->n-- == PLACE_MAX)
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

static void tidy(struct kept *kept, struct kept_place *place)
{
	struct kept_tty *first = LIST_FIRST(&place->ttys);
	int r = park_tidy(place->park, next_in_place, &first);

	if (r < 0)
		complain(kept, "a place for them cannot be tidied", r);
	place->has_left = false;
	LIST_REMOVE(place, untidy);
}

static void tidy_all(void *ctx)
{
	struct kept *kept = ctx;
	struct kept_place *place;

	while ((place = LIST_FIRST(&kept->untidy)))
		tidy(kept, place);
}

/* One of this place is not to be kept any more, and it is not in its list. */
static void has_left(struct kept *kept, struct kept_place *place)
{
	park_left(place->park);
	if (place->has_left || kept->is_left)
		return;
	place->has_left = true;
	LIST_INSERT_HEAD(&kept->untidy, place, untidy);
}

static void place_name(char name[32], uint32_t number, const char *end)
{
	snprintf(name, 32, "ttys-%u-%s", number, end);
}

/* Owns @park. */
static int add_place(struct kept *kept, struct park *park, struct kept_place **out)
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

static int new_place(struct kept *kept, struct kept_place **out)
{
	uint32_t number = kept->n_places;
	struct park *park;
	char name[32];
	int fds[2], r;

	if (number == PLACES_MAX)
		return -ENOSPC;
	r = park_new(&park, sizeof(struct kept_label));
	if (r == 0)
		r = add_place(kept, park, out);
	if (r < 0)
		return r;
	park_fds(park, fds);
	place_name(name, number, "in");
	keeper_store(kept->keeper, name, fds[0]);
	place_name(name, number, "out");
	keeper_store(kept->keeper, name, fds[1]);
	return 0;
}

/* --- what the last daemon has left --- */

struct finding {
	struct kept *kept;
	struct kept_place *place;
};

/* A killed move leaves some twice. */
static bool is_known(const struct kept *kept, const struct kept_label *label)
{
	const struct found *found;

	LIST_FOREACH (found, bucket_of(kept, label->domid), same_bucket)
		if (found->tty.label.tty.number == label->tty.number)
			return true;
	return false;
}

static bool on_parked(void *ctx, int fd, void *text)
{
	struct finding *finding = ctx;
	struct kept *kept = finding->kept;
	struct found *found = calloc(1, sizeof(*found));
	struct kept_label label;
	uint32_t number;

	memcpy(&label, text, sizeof(label));
	if (!found || tty_number(fd, &number) < 0 || number != label.tty.number ||
	    is_known(kept, &label)) {
		free(found);
		close(fd);
		return false;
	}
	found->tty.label = label;
	found->tty.master = fd;
	enter(finding->place, &found->tty);
	LIST_INSERT_HEAD(bucket_of(kept, label.domid), found, same_bucket);
	return true;
}

/* Takes over the next place. Return: 0, -ENOENT (there is none), or what hinders it. */
static int inherit_place(struct kept *kept)
{
	struct finding finding = { .kept = kept };
	uint32_t number = kept->n_places;
	struct park *park;
	char in[32], out[32];
	int fds[2], r;

	if (number == PLACES_MAX)
		return -ENOENT;
	place_name(in, number, "in");
	place_name(out, number, "out");
	fds[0] = keeper_take(kept->keeper, in);
	fds[1] = keeper_take(kept->keeper, out);
	if (fds[0] < 0 || fds[1] < 0) {
		/* The last daemon ended while it made the place: nothing is in it. */
		if (fds[0] >= 0) {
			close(fds[0]);
			keeper_remove(kept->keeper, in);
		}
		return -ENOENT;
	}
	r = park_adopt(&park, fds, sizeof(struct kept_label));
	if (r == 0)
		r = add_place(kept, park, &finding.place);
	if (r < 0)
		return r;
	r = park_recover(park, on_parked, &finding);
	if (r < 0)
		complain(kept, "some are lost already", r);
	return 0;
}

/* Lets go of one that nobody has taken; its place will, too. */
static void discard(struct kept *kept, struct found *found)
{
	struct kept_place *place = found->tty.place;

	leave(kept, &found->tty);
	has_left(kept, place);
	close(found->tty.master);
	LIST_REMOVE(found, same_bucket);
	free(found);
}

bool kept_has(const struct kept *kept, uint32_t domid)
{
	const struct found *found;

	if (!kept)
		return false;
	LIST_FOREACH (found, bucket_of(kept, domid), same_bucket)
		if (found->tty.label.domid == domid)
			return true;
	return false;
}

static struct found *find(const struct kept *kept, const struct kept_label *label)
{
	struct found *found;

	LIST_FOREACH (found, bucket_of(kept, label->domid), same_bucket)
		if (found->tty.label.domid == label->domid && found->tty.label.kind == label->kind)
			return found;
	return NULL;
}

bool kept_take(struct kept *kept, const struct kept_label *label, const char *path, struct tty *tty,
	       struct kept_tty *entry, bool *has_client)
{
	struct found *found = kept ? find(kept, label) : NULL;

	if (!found)
		return false;
	if (memcmp(found->tty.label.handle, label->handle, sizeof(label->handle)) != 0 ||
	    tty_adopt(tty, found->tty.master, &found->tty.label.tty, path, has_client) < 0) {
		discard(kept, found);
		return false;
	}
	*entry = (struct kept_tty){ .label = found->tty.label, .master = tty->master };
	LIST_INSERT_AFTER(&found->tty, entry, same_place);
	entry->place = found->tty.place;
	LIST_REMOVE(&found->tty, same_place);
	LIST_REMOVE(found, same_bucket);
	free(found);
	return true;
}

static void forget(struct kept *kept, struct found_list *bucket,
		   bool (*exists)(void *ctx, uint32_t domid), void *ctx)
{
	struct found *found, *next;

	for (found = LIST_FIRST(bucket); found; found = next) {
		next = LIST_NEXT(found, same_bucket);
		if (!exists(ctx, found->tty.label.domid))
			discard(kept, found);
	}
}

static bool is_another(void *ctx, uint32_t domid)
{
	return domid != *(const uint32_t *)ctx;
}

void kept_forget(struct kept *kept, uint32_t domid)
{
	if (kept)
		forget(kept, bucket_of(kept, domid), is_another, &domid);
}

void kept_forget_unless(struct kept *kept, bool (*exists)(void *ctx, uint32_t domid), void *ctx)
{
	for (uint32_t i = 0; kept && i < N_BUCKETS; i++)
		forget(kept, &kept->found[i], exists, ctx);
}

/* --- coming and going --- */

void kept_add(struct kept *kept, struct kept_tty *entry, const struct kept_label *label,
	      const struct tty *tty)
{
	struct kept_place *place;
	int r = 0;

	if (!kept)
		return;
	*entry = (struct kept_tty){ .label = *label, .master = tty->master };
	place = LIST_FIRST(&kept->roomy);
	if (!place)
		r = new_place(kept, &place);
	if (r == 0)
		r = tty_identify(tty, &entry->label.tty);
	if (r == 0)
		r = park_add(place->park, entry->master, &entry->label);
	if (r == -EAGAIN && place->has_left) {
		tidy(kept, place);
		r = park_add(place->park, entry->master, &entry->label);
	}
	if (r < 0)
		complain(kept, "one cannot be kept", r);
	else
		enter(place, entry);
}

void kept_remove(struct kept *kept, struct kept_tty *entry)
{
	struct kept_place *place = entry->place;

	if (!place)
		return;
	leave(kept, entry);
	has_left(kept, place);
}

void kept_leave(struct kept *kept)
{
	if (kept)
		kept->is_left = true;
}

int kept_new(struct kept **out, struct loop *loop, struct log *log)
{
	CLEANUP(kept_free) struct kept *kept = calloc(1, sizeof(*kept));
	int r;

	*out = NULL;
	if (!kept)
		return -ENOMEM;
	kept->log = log;
	r = keeper_new(&kept->keeper, log);
	if (r < 0 || !kept->keeper)
		return r;
	kept->loop = loop;
	kept->hook = (struct loop_hook){ .fn = tidy_all, .ctx = kept };
	loop_turn_hook(loop, &kept->hook);
	while ((r = inherit_place(kept)) == 0)
		;
	if (r != -ENOENT)
		return r;
	*out = STEAL(kept);
	return 0;
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	tidy_all(kept);
	for (uint32_t i = 0; i < N_BUCKETS; i++) {
		struct found *found;

		while ((found = LIST_FIRST(&kept->found[i]))) {
			LIST_REMOVE(found, same_bucket);
			close(found->tty.master);
			free(found);
		}
	}
	for (uint32_t i = 0; i < kept->n_places; i++) {
		park_free(kept->places[i]->park);
		free(kept->places[i]);
	}
	if (kept->hook.fn)
		loop_turn_unhook(kept->loop, &kept->hook);
	keeper_free(kept->keeper);
	free(kept);
}
