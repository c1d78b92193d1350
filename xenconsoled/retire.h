/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clean end: the store must not name ptys that are about to go away, because their paths may soon
 * be somebody else's.
 */
#ifndef RETIRE_H
#define RETIRE_H

struct server;

/**
 * retire_begin() - empty the tty nodes that name our ptys, then stop the loop
 *
 * Nodes that are gone, or name something else by now, are left alone. Whatever the store does, the
 * loop stops within RETIRE_PATIENCE_MS.
 */
void retire_begin(struct server *server);

#define RETIRE_PATIENCE_MS 2000

#endif
