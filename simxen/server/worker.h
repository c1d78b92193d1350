/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that answer calls, some pinned to each CPU. */
#ifndef WORKER_H
#define WORKER_H

struct server;

/** worker_count() - CPUs that this process may use. */
unsigned int worker_count(void);

/** worker_start() - start them on server->n_cpus CPUs. Return: 0 or a negative errno. */
int worker_start(struct server *server);

#endif
