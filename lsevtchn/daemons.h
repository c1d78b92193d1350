/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes serve store and consoles of this host. Their names alone do not tell: a machine
 * may run several simulated hosts, and daemons of each. */
#ifndef DAEMONS_H
#define DAEMONS_H

#include <stdbool.h>
#include <sys/types.h>

struct daemons_process {
	pid_t pid;
	const char *name; /* "xenstored", "oxenstored", "xenconsoled"; static */
};

/**
 * daemons_store() - who serves the store: the other end of its socket, else whom a pid file names,
 * else, where its socket answers, the only process that is called so
 *
 * Return: 0, -ESRCH (nobody, or the store lives in a domain of its own), -ENOTUNIQ (several are
 * called so and nothing says which).
 */
int daemons_store(struct daemons_process *process);

/** daemons_console() - who serves the consoles: as daemons_store(), by the pid files. */
int daemons_console(struct daemons_process *process);

/** daemons_is_stock() - is it one that comes with Xen itself? Return: false also if nobody can
 * tell. */
bool daemons_is_stock(const struct daemons_process *process);

/**
 * daemons_named() - whom a pid file names
 * @names: ends with NULL; what the process may be called
 *
 * Return: 0, -ESRCH (no such file, or no such process of one of these names).
 */
int daemons_named(struct daemons_process *process, const char *path, const char *const *names);

/** daemons_peer() - who listens on a socket; as daemons_named(), or -ECONNREFUSED: nobody listens.
 */
int daemons_peer(struct daemons_process *process, const char *path, const char *const *names);

#endif
