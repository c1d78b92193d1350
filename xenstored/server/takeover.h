/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The new program of a live update (handover.h), started with -U: it reads the stream, and only
 * when all is there again as it was does it answer anybody, remove the stream, and let what was
 * kept before be replaced.
 */
#ifndef TAKEOVER_H
#define TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "persist/idmap.h"
#include "update/restore.h"

struct conn;
struct domains;
struct listener;
struct log;
struct options;
struct server;
struct takeover;

/**
 * takeover_new() - read and check the stream
 *
 * Return: 0, or what hinders it, which has been logged.
 */
int takeover_new(struct takeover **out, const struct options *options, struct log *log);
void takeover_free(struct takeover *takeover);
DEFINE_CLEANUP(struct takeover *, takeover_free)

/** takeover_restore() - what the stream says, for those who need only that */
const struct restore *takeover_restore(const struct takeover *takeover);
/** takeover_is_last() - can nobody else have the store if we fail? The one before is not ours, or
 * has given it back already */
bool takeover_is_last(const struct takeover *takeover);

/**
 * takeover_try() - for --config-test: could this stream be taken over?
 *
 * Return: exit status; the reason is on standard error.
 */
int takeover_try(const struct options *options);

/**
 * takeover_give_back() - this program cannot go on: have the one before it do so
 * @why: is answered to whoever wanted the update
 *
 * Before any inherited descriptor is closed. Returns only if that is not possible: the one before
 * is not ours, or it was that which has just given back.
 */
void takeover_give_back(const struct options *options, struct log *log, const char *why);

/** takeover_state_dir() - where the state is built: beside the folder in which it will be */
void takeover_state_dir(const struct options *options, char *buf, uint32_t size);

/**
 * takeover_clients() - once there are domains and a listener: all connections, and what is theirs
 *
 * Return: 0, or what hinders it, which has been logged.
 */
int takeover_clients(struct takeover *takeover, struct server *server);
/** takeover_finish() - from here on it is this daemon's store; 0 or what hinders it */
int takeover_finish(struct takeover *takeover, struct server *server);

/* For each kind of client. */

/** domains_arrive() - know the domains; 0, -EBADMSG, -ENOMEM, or what listing them says */
int domains_arrive(struct domains *domains, const struct restore *restore);
/**
 * domains_take_ring() - serve a ring again
 * @own: NULL: not known
 * @out: NULL: its page or port is not there any more
 * @out_at: out: index at which its output goes on
 *
 * Return: 0, -ENOMEM, -EBADMSG (twice).
 */
int domains_take_ring(struct domains *domains, const struct stream_conn *in,
		      const struct stream_own_client *own, struct conn **out, uint32_t *out_at);
/** domains_settle() - all connections are there: targets, and what is to be kept */
int domains_settle(struct domains *domains, const struct restore *restore);

/** socket_check() - is @fd a socket of this kind? It becomes one that does not block. 0 or -errno
 */
int socket_check(int fd, bool listens);
/** listener_take_client() - serve it; @out: NULL: it is not there any more. 0 or -ENOMEM */
int listener_take_client(struct listener *listener, const struct stream_conn *in,
			 struct conn **out);
/** listener_keep_client() - it outlives the daemon from now on; @id: as it did before, or 0 */
void listener_keep_client(struct listener *listener, struct conn *conn, uint64_t id);
/** listener_keep() - have the manager keep it and a new place to park; 0 or what socket calls say
 */
int listener_keep(struct listener *listener);
/** socket_park_take() - the place where sockets are parked, with @n_here in it; 0 or -ENOMEM */
int socket_park_take(struct listener *listener, const int *fds, uint32_t n_here);

#endif
