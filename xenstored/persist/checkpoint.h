/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking an image while the daemon works: a chunk after each turn. What changes behind the cursor
 * is in the journal that began with the image; what changes before it is seen when it gets there.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "persist/image.h"

struct checkpoint;
struct conn;
struct node;
struct persist;

/**
 * checkpoint_new() - begin; the journal has just been switched
 *
 * Return: 0, -ENOMEM, -ENOSPC, or what hinders tdb.
 */
int checkpoint_new(struct checkpoint **out, struct persist *persist);
/** checkpoint_free() - give it up, or forget it when it is done */
void checkpoint_free(struct checkpoint *checkpoint);
DEFINE_CLEANUP(struct checkpoint *, checkpoint_free)

/**
 * checkpoint_step() - write the next chunk; between turns
 *
 * Return: 1 (there is more), 0 (the image is complete and in place), -ENOSPC, ….
 */
int checkpoint_step(struct checkpoint *checkpoint);

/** checkpoint_bytes() - size of the image so far */
uint64_t checkpoint_bytes(const struct checkpoint *checkpoint);

/** checkpoint_removing() - @top goes, with everything below it */
void checkpoint_removing(struct checkpoint *checkpoint, const struct node *top);
/** checkpoint_forgetting() - @conn goes */
void checkpoint_forgetting(struct checkpoint *checkpoint, const struct conn *conn);

#endif
