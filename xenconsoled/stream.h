/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow of bytes between a guest's ring and its pty and log, and whose turn it is.
 *
 * A guest that prints little is served as soon as its port fires. One that has printed much in the
 * last moments waits in a queue, which is served in small slices, in turn, after everybody else:
 * however many guests flood, a quiet one waits for one slice at most. One that is over its rate
 * limit is left alone with its port masked until a clock says so; one whose output nobody reads and
 * that must not lose any, until somebody does.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>

#include "cleanup.h"

struct console;
struct server;
struct streams;

/**
 * streams_new() - the queues
 * @out: owned by the caller; streams_free() when all consoles are gone, before loop_free()
 *
 * Adds a turn hook, which must come before that of the ports.
 *
 * Return: 0 or -ENOMEM.
 */
int streams_new(struct streams **out, struct server *server);
void streams_free(struct streams *streams);
DEFINE_CLEANUP(struct streams *, streams_free)

/** stream_init() - set up the part of a console that belongs here; nothing can fail. */
void stream_init(struct console *console);
/** stream_deinit() - leave all queues and close the pty. */
void stream_deinit(struct console *console);

/** stream_on_tty_readable(), stream_on_tty_writable() - for the events of an open pty; @ctx: its
 * console */
void stream_on_tty_readable(int fd, short what, void *ctx);
void stream_on_tty_writable(int fd, short what, void *ctx);

/** stream_look() - as if its port had fired. */
void stream_look(struct console *console);

/** stream_last_drain() - take all that is left in the ring of a guest that is going away. */
void stream_last_drain(struct console *console);

#endif
