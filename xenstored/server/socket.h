/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of dom0: a listening unix socket and its clients, all of them privileged. There may be a
 * second one for those who only ask; neither it nor its clients outlive the process.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include "cleanup.h"

struct conn;
struct protocol_programs;
struct listener;
struct server;

/**
 * listener_new() - begin to accept clients
 * @path: removed first, unless somebody is serving it
 *
 * Return: 0, -EADDRINUSE (somebody serves it), -ENOMEM, or what the socket calls say.
 */
int listener_new(struct listener **out, struct server *server, const char *path);
/**
 * listener_new_from() - the same with a socket that listens, which is owned from then on
 */
int listener_new_from(struct listener **out, struct server *server, const char *path, int fd);
/** listener_new_read_only() - the same for clients that only ask; its group may use it */
int listener_new_read_only(struct listener **out, struct server *server, const char *path);
/** listener_fd() - the listening socket; borrowed */
int listener_fd(const struct listener *listener);
/** listener_each_conn() - call @fn for each client */
void listener_each_conn(struct listener *listener, void (*fn)(void *ctx, struct conn *conn),
			void *ctx);
/** socket_programs() - the host's (protocol.h), for the server @ctx */
void socket_programs(void *ctx, struct protocol_programs *programs);
/** listener_check_stalls() - let those go on who may */
void listener_check_stalls(struct listener *listener);

/** listener_free() - remove the socket and drop all clients */
void listener_free(struct listener *listener);
DEFINE_CLEANUP(struct listener *, listener_free)

#endif
