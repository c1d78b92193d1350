/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would have to be taken back, in which order: each finished stage adds its part, undoing
 * takes the last first. */
#ifndef UNDO_H
#define UNDO_H

#include <stdbool.h>

enum undo_kind {
	UNDO_DOMAIN,   /* destroy the domain: ports, memory, grants go with it */
	UNDO_USERDATA, /* remove libxl's file about it */
	UNDO_DEVICES,  /* take its devices down */
	UNDO_TREE,     /* remove its nodes */
	UNDO_WATCHES,  /* take our watches on its nodes back */
	N_UNDO_KINDS,
};

/* Zeroed at first. */
struct undo {
	enum undo_kind kinds[N_UNDO_KINDS];
	unsigned int n;
};

/** undo_push() - from now on @kind has to be undone; once per kind, again only after it was popped.
 */
void undo_push(struct undo *undo, enum undo_kind kind);

/** undo_pop() - the next thing to undo, or false when nothing is left. */
bool undo_pop(struct undo *undo, enum undo_kind *kind);

/** undo_next() - what undo_pop() would give. */
bool undo_next(const struct undo *undo, enum undo_kind *kind);

/** undo_drop() - @kind is gone by other means. */
void undo_drop(struct undo *undo, enum undo_kind kind);

#endif
