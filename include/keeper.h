/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager as a keeper of descriptors: what it is given, it hands to the next process of
 * this service, however the last one ended. Names are few; clients are parked (park.h).
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>

#include "cleanup.h"

struct keeper;
struct log;

/**
 * keeper_new() - take what was kept from the environment
 * @out: NULL if there is no service manager
 *
 * Return: 0 or -ENOMEM. Source: sd_listen_fds(3), sd_pid_notify_with_fds(3).
 */
int keeper_new(struct keeper **out, struct log *log);
/** keeper_free() - closes what nobody has taken */
void keeper_free(struct keeper *keeper);
DEFINE_CLEANUP(struct keeper *, keeper_free)

/** keeper_take() - the descriptor that was kept under @name, the newest if several; yours now; or
 * -1.
 * @keeper may be NULL. */
int keeper_take(struct keeper *keeper, const char *name);
/**
 * keeper_take_pair() - two that are of use only together
 * @fds: out: as keeper_take()
 *
 * Return: false if not both are there: a daemon ended between the two calls of keeper_store(). The
 * one that is there is let go. @keeper may be NULL.
 */
bool keeper_take_pair(struct keeper *keeper, const char *first, const char *second, int fds[2]);
/** keeper_store() - have a copy of @fd kept under @name; failures are logged and mean that it is
 * not */
void keeper_store(struct keeper *keeper, const char *name, int fd);

/** keeper_remove() - have nothing kept under @name any more */
void keeper_remove(struct keeper *keeper, const char *name);

#endif
