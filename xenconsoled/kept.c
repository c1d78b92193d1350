/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the last daemon has left is found by domain until its console takes it, or nobody does.
 * Where terminals are parked is kept_place.c's.
 */
#include "kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "kept_priv.h"
#include "log.h"
#include "loop.h"
#include "park.h"
#include "ports.h"

#define EVTCHN_NAME "evtchn"

/* One that nobody has taken yet. */
struct kept_found {
	struct kept_tty tty; /* its master is owned */
	bool port_taken;
	LIST_ENTRY(kept_found) same_bucket;
};

static struct kept_found_list *bucket_of(const struct kept *kept, uint32_t domid)
{
	return (struct kept_found_list *)&kept->found[domid % KEPT_N_BUCKETS];
}

/* --- what the last daemon has left --- */

struct finding {
	struct kept *kept;
	struct kept_place *place;
};

/* A killed move leaves some twice. */
static bool is_known(const struct kept *kept, const struct kept_label *label)
{
	const struct kept_found *found;

	LIST_FOREACH (found, bucket_of(kept, label->domid), same_bucket)
		if (found->tty.label.tty.number == label->tty.number)
			return true;
	return false;
}

static bool on_parked(void *ctx, int fd, void *text)
{
	struct finding *finding = ctx;
	struct kept *kept = finding->kept;
	struct kept_found *found = calloc(1, sizeof(*found));
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
	kept_place_enter(finding->place, &found->tty);
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

	if (number == KEPT_PLACES_MAX)
		return -ENOENT;
	kept_place_name(in, number, "in");
	kept_place_name(out, number, "out");
	/* Of one that the last daemon had not made to its end, nothing is in it. */
	if (!keeper_take_pair(kept->keeper, in, out, fds))
		return -ENOENT;
	r = park_adopt(&park, fds, sizeof(struct kept_label));
	if (r == 0)
		r = kept_place_add(kept, park, &finding.place);
	if (r < 0)
		return r;
	r = park_recover(park, on_parked, &finding);
	if (r < 0)
		kept_complain(kept, "some are lost already", r);
	return 0;
}

static bool ignore(struct port *port)
{
	(void)port;
	return false;
}

/* Closes a port that the last daemon has bound, unless it is somebody's by now. */
static void close_port(struct kept *kept, uint32_t local)
{
	struct port port = { .ready = ignore };

	if (kept->has_handle && local && ports_adopt(kept->ports, &port, local) == 0)
		ports_unbind(kept->ports, &port);
}

/* Lets go of one that nobody has taken; its place will, too. */
static void discard(struct kept *kept, struct kept_found *found)
{
	struct kept_place *place = found->tty.place;

	if (!found->port_taken)
		close_port(kept, found->tty.label.local_port);
	kept_place_leave(kept, &found->tty);
	kept_place_has_left(kept, place);
	close(found->tty.master);
	LIST_REMOVE(found, same_bucket);
	free(found);
}

bool kept_has(const struct kept *kept, uint32_t domid)
{
	const struct kept_found *found;

	if (!kept)
		return false;
	LIST_FOREACH (found, bucket_of(kept, domid), same_bucket)
		if (found->tty.label.domid == domid)
			return true;
	return false;
}

static bool is_of(const struct kept_found *found, const struct kept_label *label)
{
	return found->tty.label.domid == label->domid && found->tty.label.kind == label->kind;
}

/* What a domain that had the number before has left, or was about to, is another's. */
static bool is_mine(const struct kept_found *found, const struct kept_label *label)
{
	return is_of(found, label) &&
	       memcmp(found->tty.label.handle, label->handle, sizeof(label->handle)) == 0;
}

static struct kept_found *find(const struct kept *kept, const struct kept_label *label)
{
	struct kept_found *found;

	LIST_FOREACH (found, bucket_of(kept, label->domid), same_bucket)
		if (is_mine(found, label))
			return found;
	return NULL;
}

static void discard_others(struct kept *kept, const struct kept_label *label)
{
	struct kept_found *found, *next;

	for (found = LIST_FIRST(bucket_of(kept, label->domid)); found; found = next) {
		next = LIST_NEXT(found, same_bucket);
		if (is_of(found, label) && !is_mine(found, label))
			discard(kept, found);
	}
}

uint32_t kept_port(struct kept *kept, const struct kept_label *label, uint32_t remote)
{
	struct kept_found *found = kept && kept->has_handle ? find(kept, label) : NULL;
	struct kept_label *has;

	if (!found || found->port_taken)
		return 0;
	has = &found->tty.label;
	if (has->remote_port != remote) {
		close_port(kept, has->local_port);
		has->local_port = has->remote_port = 0;
		kept_place_set_untidy(kept, found->tty.place);
	}
	found->port_taken = true;
	return has->local_port;
}

bool kept_take(struct kept *kept, const struct kept_label *label, const char *path, struct tty *tty,
	       struct kept_tty *entry)
{
	struct kept_found *found;

	if (!kept)
		return false;
	discard_others(kept, label);
	found = find(kept, label);
	if (!found)
		return false;
	if (tty_adopt(tty, found->tty.master, &found->tty.label.tty, path) < 0) {
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

static void forget(struct kept *kept, struct kept_found_list *bucket,
		   bool (*exists)(void *ctx, uint32_t domid), void *ctx)
{
	struct kept_found *found, *next;

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
	if (kept && !kept->is_left)
		forget(kept, bucket_of(kept, domid), is_another, &domid);
}

void kept_forget_unless(struct kept *kept, bool (*exists)(void *ctx, uint32_t domid), void *ctx)
{
	for (uint32_t i = 0; kept && i < KEPT_N_BUCKETS; i++)
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
		r = kept_place_new(kept, &place);
	if (r == 0)
		r = tty_identify(tty, &entry->label.tty);
	if (r == 0)
		r = park_add(place->park, entry->master, &entry->label);
	if (r == -EAGAIN && place->is_untidy) {
		kept_place_tidy(kept, place);
		r = park_add(place->park, entry->master, &entry->label);
	}
	if (r < 0) {
		kept_complain(kept, "one cannot be kept", r);
		return;
	}
	kept_place_enter(place, entry);
	/* One message instead of as many as there are in it: the next daemon starts sooner. */
	if (place->n == KEPT_PLACE_MAX)
		kept_place_set_untidy(kept, place);
}

void kept_note_port(struct kept *kept, struct kept_tty *entry, uint32_t local, uint32_t remote)
{
	if (!entry->place ||
	    (entry->label.local_port == local && entry->label.remote_port == remote))
		return;
	entry->label.local_port = local;
	entry->label.remote_port = remote;
	kept_place_set_untidy(kept, entry->place);
}

void kept_flush(struct kept *kept, struct kept_tty *entry)
{
	if (entry->place && entry->place->is_untidy)
		kept_place_tidy(kept, entry->place);
}

void kept_remove(struct kept *kept, struct kept_tty *entry)
{
	struct kept_place *place = entry->place;

	if (!place)
		return;
	kept_place_leave(kept, entry);
	kept_place_has_left(kept, place);
}

int kept_evtchn(struct kept *kept)
{
	int fd = kept ? keeper_take(kept->keeper, EVTCHN_NAME) : -1;

	if (fd >= 0)
		kept->has_handle = true;
	return fd;
}

void kept_drop_evtchn(struct kept *kept)
{
	if (kept)
		keeper_remove(kept->keeper, EVTCHN_NAME);
}

void kept_use_ports(struct kept *kept, struct ports *ports, bool store)
{
	if (!kept)
		return;
	kept->ports = ports;
	if (store)
		keeper_store(kept->keeper, EVTCHN_NAME, ports_fd(ports));
}

void kept_leave(struct kept *kept)
{
	if (!kept)
		return;
	kept_place_tidy_all(kept);
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
	kept->hook = (struct loop_hook){ .fn = kept_place_tidy_all, .ctx = kept };
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
	kept_place_tidy_all(kept);
	for (uint32_t i = 0; i < KEPT_N_BUCKETS; i++) {
		struct kept_found *found;

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
