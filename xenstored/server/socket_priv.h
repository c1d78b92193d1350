/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What socket.c and socket_park.c share. */
#ifndef SOCKET_PRIV_H
#define SOCKET_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <sys/un.h>

#include "log.h"
#include "loop.h"
#include "server/server.h"

/* The most pieces that one write takes. */
#define SOCKET_IOV_MAX 64

struct socket_client {
	struct client client; /* first: the server hands back pointers to it */
	LIST_ENTRY(socket_client) all;
	struct loop_fd lfd;
};

struct listener {
	struct server *server; /* borrowed: owns us */
	struct loop_fd acceptable;
	struct log_limit complaint;
	struct loop_timer pause;	    /* running: no descriptors are left for new clients */
	LIST_HEAD(, socket_client) clients; /* owned */
	struct sockaddr_un address;
	uint32_t n_files_max; /* that may be open */
	bool is_crowded;      /* the last client has come near that */
	bool is_bound;
	bool is_read_only; /* its clients only ask, and end with us */
};

/** socket_add() - serve @fd, which is owned from then on; 0 or -ENOMEM */
int socket_add(struct listener *listener, int fd, struct socket_client **out);
/** socket_is_spare() - is this one of the last descriptors, which are not for clients? */
bool socket_is_spare(const struct listener *listener, int fd);
/** socket_drop() - cut the connection now and free it after the turn */
void socket_drop(struct socket_client *sc);

/* Clients whose connection outlives us: their record has an id, which is their label in the park.
 */
#define SOCKET_LABEL_BYTES sizeof(uint64_t)

/** socket_park_begin() - find those that were parked, or make a place to park; 0 or what hinders it
 */
int socket_park_begin(struct listener *listener);
/** socket_park_keep() - park a new client; without a place its connection ends with us */
void socket_park_keep(struct socket_client *sc);
/** socket_park_leave() - it goes: the copy that is parked must not keep it connected */
void socket_park_leave(struct socket_client *sc);
/** socket_park_tidy() - let go of the copies of those who have left, if they are many */
void socket_park_tidy(struct listener *listener);
/** socket_park_read() - as read() of at most SERVER_READ_MAX; the bytes survive us */
ssize_t socket_park_read(struct socket_client *sc, char *buf);
/** socket_park_write() - as writev() of what waits; how far it got survives us */
ssize_t socket_park_write(struct socket_client *sc);

#endif
