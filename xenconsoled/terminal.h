/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A console's pty, from its opening to its end. */
#ifndef TERMINAL_H
#define TERMINAL_H

struct console;

/** terminal_init() - set up the part of a console that belongs here; nothing can fail. */
void terminal_init(struct console *console);

/**
 * terminal_open() - make sure the console has a pty
 * @published: the one that the store names; it is taken if the last daemon has left it to us
 *
 * Return: 0, -EAGAIN (one broke a moment ago: try later), or as tty_open(). The console works
 * without one, into its log and backlog.
 */
int terminal_open(struct console *console, const char *published);

/**
 * terminal_complete() - also take what is typed, and see who is there
 *
 * To be called for each console some time after server_is_ready(): until then one that was taken
 * from the last daemon is served as far as the guest's output goes, which is what cannot wait; its
 * first byte completes it, too.
 */
void terminal_complete(struct console *console);

/** terminal_close() - hang up on its clients; one that is not open is left alone. */
void terminal_close(struct console *console);

/** terminal_give_up() - it is broken (errno says how): its clients get a new one, whose path the
 * next look at the store publishes. */
void terminal_give_up(struct console *console);

#endif
