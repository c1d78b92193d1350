/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where client sockets wait while there is no daemon: a pair of sockets, both ends of which the
 * service manager keeps, holds messages with the clients' descriptors and numbers. What is to be
 * kept is written to the back before it is taken from the front, so each client is in it at every
 * moment.
 */
#ifndef PARK_H
#define PARK_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct park;

/** park_new() - make a pair, both ends of which are ours; 0 or what the system calls say */
int park_new(struct park **out);
/** park_adopt() - take the pair that park_fds() told; the descriptors are owned from now on */
int park_adopt(struct park **out, const int *fds);
/** park_free() - close our copies */
void park_free(struct park *park);
DEFINE_CLEANUP(struct park *, park_free)

/** park_fds() - the two ends, borrowed */
void park_fds(const struct park *park, int *fds);

/** park_count() - after park_adopt(), if the queue is left as it is: how many are in it */
void park_count(struct park *park, uint32_t n_here);

/**
 * park_add() - have @fd kept under number @id
 *
 * Return: 0, -EAGAIN (no room; park_tidy() may make some), or what sendmsg() says.
 */
int park_add(struct park *park, int fd, uint64_t id);

/**
 * park_recover() - get all that is in it
 * @found: called for each; owns @fd; returns the number to keep it under from now on, or 0 (and has
 *	   closed it): not wanted. The same number may come twice, with the same socket
 *
 * Return: 0 or what the system calls say.
 */
int park_recover(struct park *park, uint64_t (*found)(void *ctx, int fd, uint64_t id), void *ctx);

/** park_left() - one of those in it is gone */
void park_left(struct park *park);
/** park_is_untidy() - is most of what is in it gone, or could it take less room? */
bool park_is_untidy(const struct park *park);
/**
 * park_tidy() - write it anew, with as many in a message as there may be
 * @next: gives one after another: its number, or 0 at the end, and its descriptor, borrowed
 *
 * Return: 0, or what sendmsg() says: everybody is in it still.
 */
int park_tidy(struct park *park, uint64_t (*next)(void *ctx, int *fd), void *ctx);

#endif
