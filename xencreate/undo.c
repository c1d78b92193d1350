/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stack with at most one entry of each kind. */
#include "undo.h"

#include <assert.h>
#include <string.h>

void undo_push(struct undo *undo, enum undo_kind kind)
{
	for (unsigned int i = 0; i < undo->n; i++)
		assert(undo->kinds[i] != kind);
	undo->kinds[undo->n++] = kind;
}

bool undo_next(const struct undo *undo, enum undo_kind *kind)
{
	if (!undo->n)
		return false;
	*kind = undo->kinds[undo->n - 1];
	return true;
}

bool undo_pop(struct undo *undo, enum undo_kind *kind)
{
	if (!undo_next(undo, kind))
		return false;
	undo->n--;
	return true;
}

void undo_drop(struct undo *undo, enum undo_kind kind)
{
	for (unsigned int i = 0; i < undo->n; i++) {
		if (undo->kinds[i] != kind)
			continue;
		undo->n--;
		memmove(undo->kinds + i, undo->kinds + i + 1,
			(undo->n - i) * sizeof(undo->kinds[0]));
		return;
	}
}
