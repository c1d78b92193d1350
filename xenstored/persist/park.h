/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where client sockets wait while there is no daemon: a pair of sockets, both ends of which the
 * service manager keeps, holds a message with each client's descriptor and number. The queue is
 * read and written anew by moving one message at a time from its front to its back, so that each
 * client is in it at every moment.
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

/** park_add() - have @fd kept under number @id; 0, -EAGAIN (no room), or what sendmsg() says */
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
/** park_is_untidy() - is most of what is in it gone? */
bool park_is_untidy(const struct park *park);
/**
 * park_tidy() - let go of what is gone
 * @get: descriptor of a number that is still wanted, borrowed; or -1
 */
int park_tidy(struct park *park, int (*get)(void *ctx, uint64_t id), void *ctx);

#endif
