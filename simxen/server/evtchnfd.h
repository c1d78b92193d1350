/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event-channel handles: the other end of the sockets that clients read ports from. */
#ifndef EVTCHNFD_H
#define EVTCHNFD_H

#include <stdint.h>

struct evtchndev_handle;
struct evtchnfd;
struct server;

/**
 * evtchnfd_open() - a new handle
 * @client_fd: out: the end to pass to the client; owned by the caller
 * @number:    out: its number
 *
 * Return: 0 or a negative errno. In the loop's thread, locked.
 */
int evtchnfd_open(struct server *server, int *client_fd, uint32_t *number);

/** evtchnfd_get() - the handle of that number with all that it has written so far carried out, or
 * NULL. */
struct evtchndev_handle *evtchnfd_get(struct server *server, uint32_t number);

/**
 * evtchnfd_check() - if all descriptors of that handle are closed, close its ports now
 *
 * Otherwise that happens when the loop sees it, a moment later; the kernel does it at once.
 */
void evtchnfd_check(struct server *server, uint32_t number);

/** evtchnfd_deliver() - write what fired to the sockets; before the lock goes. */
void evtchnfd_deliver(struct server *server);

/** evtchnfd_arm() - watch for room in full sockets; in the loop's thread, locked. */
void evtchnfd_arm(struct server *server);

void evtchnfd_close_all(struct server *server);

#endif
