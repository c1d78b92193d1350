/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of dom0: a listening unix socket and its clients, all of them privileged. */
#ifndef SOCKET_H
#define SOCKET_H

#include "cleanup.h"

struct listener;
struct server;

/**
 * listener_new() - begin to accept clients
 * @path: removed first, unless somebody is serving it
 *
 * Return: 0, -EADDRINUSE (somebody serves it), -ENOMEM, or what the socket calls say.
 */
int listener_new(struct listener **out, struct server *server, const char *path);
/** listener_free() - remove the socket and drop all clients */
void listener_free(struct listener *listener);
DEFINE_CLEANUP(struct listener *, listener_free)

#endif
