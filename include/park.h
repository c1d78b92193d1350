/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where descriptors wait while there is no daemon: a pair of sockets, both ends of which the
 * service manager keeps (keeper.h), holds messages with the descriptors and a label for each. What
 * is to be kept is written to the back before it is taken from the front, so each descriptor is in
 * it at every moment.
 */
#ifndef PARK_H
#define PARK_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct park;

/* A label has as many bytes at most; those of one place all have the same size. */
#define PARK_LABEL_MAX 40

/** park_new() - make a pair, both ends of which are ours; 0 or what the system calls say */
int park_new(struct park **out, uint32_t label_bytes);
/** park_adopt() - take the pair that park_fds() told; the descriptors are owned from now on */
int park_adopt(struct park **out, const int *fds, uint32_t label_bytes);
/** park_free() - close our copies */
void park_free(struct park *park);
DEFINE_CLEANUP(struct park *, park_free)

/** park_fds() - the two ends, borrowed */
void park_fds(const struct park *park, int *fds);

/** park_count() - after park_adopt(), if the queue is left as it is: how many are in it */
void park_count(struct park *park, uint32_t n_here);

/**
 * park_add() - have @fd kept with this label
 *
 * Return: 0, -EAGAIN (no room; park_tidy() may make some), or what sendmsg() says: -ETOOMANYREFS
 * (more than RLIMIT_NOFILE are in sockets of this user).
 */
int park_add(struct park *park, int fd, const void *label);

/**
 * park_recover() - get all that is in it
 * @found: called for each; owns @fd; may change @label, with which it is kept from now on, or
 *	   returns false (and has closed it): not wanted. The same may come twice
 *
 * Return: 0, -EMFILE (those for which no more files may be open were let go), or what the system
 * calls say.
 */
int park_recover(struct park *park, bool (*found)(void *ctx, int fd, void *label), void *ctx);

/** park_left() - one of those in it is gone */
void park_left(struct park *park);
/** park_is_untidy() - is most of what is in it gone, or could it take less room? */
bool park_is_untidy(const struct park *park);
/**
 * park_tidy() - write it anew, with as many in a message as there may be
 * @next: gives one after another: its descriptor, borrowed, and its label; false at the end
 *
 * Return: 0, or what sendmsg() says: everybody is in it still.
 */
int park_tidy(struct park *park, bool (*next)(void *ctx, int *fd, void *label), void *ctx);

#endif
