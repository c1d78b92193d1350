/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kept.c and kept_place.c share. */
#ifndef KEPT_PRIV_H
#define KEPT_PRIV_H

#include "kept.h"
#include "loop.h"

/* Terminals in one park: one message of it, when it is written anew. */
#define KEPT_PLACE_MAX 128
/* Parks; two descriptors of each are with the service manager (its FileDescriptorStoreMax). */
#define KEPT_PLACES_MAX 500
/* Domains whose terminals nobody has taken yet are found by number. */
#define KEPT_N_BUCKETS 1024

struct keeper;
struct park;

struct kept_place {
	struct park *park; /* owned */
	LIST_HEAD(, kept_tty) ttys;
	uint32_t n;
	bool is_untidy;
	LIST_ENTRY(kept_place) roomy;
	LIST_ENTRY(kept_place) untidy;
};

LIST_HEAD(kept_found_list, kept_found);

struct kept {
	struct loop *loop; /* borrowed, as the log */
	struct log *log;
	struct keeper *keeper;			    /* owned */
	struct ports *ports;			    /* borrowed: see kept_use_ports() */
	struct kept_place *places[KEPT_PLACES_MAX]; /* owned */
	uint32_t n_places;
	LIST_HEAD(, kept_place) roomy, untidy;
	struct kept_found_list found[KEPT_N_BUCKETS]; /* owned: nobody has taken them yet */
	struct loop_hook hook;
	bool has_handle; /* the last daemon's event channels live on: what labels say of ports is so
			  */
	bool is_left;
	bool has_complained;
};

/** kept_complain() - once: something cannot be kept */
void kept_complain(struct kept *kept, const char *what, int error);

/** kept_place_name() - under which an end of a place is with the service manager: "in", "out" */
void kept_place_name(char name[32], uint32_t number, const char *end);
/** kept_place_new() - make another one, or -ENOSPC, -ENOMEM, … */
int kept_place_new(struct kept *kept, struct kept_place **out);
/** kept_place_add() - the next one is around @park, owned from then on; 0 or -ENOMEM */
int kept_place_add(struct kept *kept, struct park *park, struct kept_place **out);

/** kept_place_enter(), kept_place_leave() - @entry is in its list, or not any more */
void kept_place_enter(struct kept_place *place, struct kept_tty *entry);
void kept_place_leave(struct kept *kept, struct kept_tty *entry);

/** kept_place_set_untidy() - what is in the park is not what is in the list any more */
void kept_place_set_untidy(struct kept *kept, struct kept_place *place);
/** kept_place_has_left() - so it is: one who is not in the list any more */
void kept_place_has_left(struct kept *kept, struct kept_place *place);
/** kept_place_tidy() - write the park anew; only one that is untidy */
void kept_place_tidy(struct kept *kept, struct kept_place *place);
/** kept_place_tidy_all() - all that are untidy; for a turn hook with struct kept as context */
void kept_place_tidy_all(void *kept);

#endif
