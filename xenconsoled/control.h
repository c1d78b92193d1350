/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket in the run-time folder that root may ask for figures: one line in ("text" or
 * "openmetrics"), the report out, end.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "cleanup.h"

struct control;
struct server;

/**
 * control_new() - listen
 * @out: owned by the caller; control_free() before the domains
 *
 * An old socket of that name is replaced: the lock file says that nobody uses it.
 *
 * Return: 0, -ENOMEM, -ENAMETOOLONG, or what bind() says.
 */
int control_new(struct control **out, struct server *server);
void control_free(struct control *control);
DEFINE_CLEANUP(struct control *, control_free)

/**
 * control_ask() - the other side: print the answer of the daemon of @run_dir on standard output
 *
 * Return: 0, -ECONNREFUSED or -ENOENT (no daemon there), -EPIPE (it ended in the middle).
 */
int control_ask(const char *run_dir, const char *question);

#endif
