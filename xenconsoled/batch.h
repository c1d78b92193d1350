/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of several guests, mapped with one call. A daemon that takes up thousands of consoles at
 * its start has most of them behind it sooner that way. A call undoes all that one call has mapped:
 * so when a guest of a batch goes away, those that stay get a mapping of their own first, and a
 * batch lives no longer than the turn in which the first of it has left.
 */
#ifndef BATCH_H
#define BATCH_H

#include "cleanup.h"

struct batches;
struct console;
struct server;
struct xencons_interface;

/* Few, because one guest whose page cannot be mapped spoils it for all in its batch. */
#define BATCH_MAX 16

/**
 * batches_new() - none yet
 * @out: owned by the caller; batches_free() when all consoles are gone, before loop_free()
 *
 * Adds a turn hook, which must come after that of the domains.
 *
 * Return: 0 or -ENOMEM.
 */
int batches_new(struct batches **out, struct server *server);
void batches_free(struct batches *batches);
DEFINE_CLEANUP(struct batches *, batches_free)

/**
 * batch_page() - the page of @console, if it is one of a batch
 *
 * Until the server is ready, and if the console is one that the last daemon has served, a batch is
 * made of it and of others of that kind that will be asked for soon.
 *
 * Return: borrowed until batch_leave(); NULL: map it alone.
 */
struct xencons_interface *batch_page(struct console *console);

/** batch_leave() - @console needs no page any more; one without a batch is left alone. */
void batch_leave(struct console *console);

#endif
