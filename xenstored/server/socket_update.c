/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live update and programs: their sockets go from process image to process image. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "park.h"
#include "persist/persist.h"
#include "protocol/conn.h"
#include "server/handover.h"
#include "server/server.h"
#include "server/socket.h"
#include "server/socket_priv.h"
#include "server/takeover.h"

int listener_fd(const struct listener *listener)
{
	return listener->acceptable.fd;
}

void listener_each_conn(struct listener *listener, void (*fn)(void *ctx, struct conn *conn),
			void *ctx)
{
	struct socket_client *sc;

	LIST_FOREACH (sc, &listener->clients, all)
		fn(ctx, &sc->client.conn);
}

static void count_program(void *ctx, struct conn *conn)
{
	struct protocol_programs *programs = ctx;

	programs->n++;
	programs->queue_bytes += conn->out.n_bytes;
}

void socket_programs(void *ctx, struct protocol_programs *programs)
{
	const struct server *server = ctx;

	listener_each_conn(server->listener, count_program, programs);
	if (server->read_only)
		listener_each_conn(server->read_only, count_program, programs);
}

static void check_stall(void *ctx, struct conn *conn)
{
	(void)ctx;
	conn_check_stall(conn);
}

void listener_check_stalls(struct listener *listener)
{
	listener_each_conn(listener, check_stall, NULL);
}

void listener_hand_over(struct listener *listener, struct handover *handover)
{
	const struct socket_client *sc;

	LIST_FOREACH (sc, &listener->clients, all) {
		struct stream_conn head = { .is_socket = true, .fd = sc->lfd.fd };

		handover_client(handover, &sc->client.conn, &head, 0, 0);
	}
}

static void let_inherit(int fd, bool inherit, bool foreign)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFD, inherit ? 0 : FD_CLOEXEC);
	if (foreign && flags >= 0)
		fcntl(fd, F_SETFL, inherit ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void listener_inherit(struct listener *listener, bool inherit, bool foreign)
{
	const struct socket_client *sc;

	let_inherit(listener->acceptable.fd, inherit, foreign);
	LIST_FOREACH (sc, &listener->clients, all)
		let_inherit(sc->lfd.fd, inherit, foreign);
}

int socket_check(int fd, bool listens)
{
	int is_listening = 0;
	socklen_t size = sizeof(is_listening);

	if (fd <= STDERR_FILENO)
		return -EBADF;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) < 0)
		return -errno;
	if (is_listening != listens)
		return -ENOTCONN;
	let_inherit(fd, false, true);
	return 0;
}

int listener_take_client(struct listener *listener, const struct stream_conn *in, struct conn **out)
{
	struct socket_client *sc;
	int r = socket_check(in->fd, false);

	*out = NULL;
	if (r < 0) {
		log_warning(listener->server->log, "live update: descriptor %d is no client: %s",
			    in->fd, strerror(-r));
		return 0;
	}
	r = socket_add(listener, in->fd, &sc);
	if (r < 0)
		return r;
	server_ready(&sc->client);
	*out = &sc->client.conn;
	return 0;
}

void listener_keep_client(struct listener *listener, struct conn *conn, uint64_t id)
{
	struct server *server = listener->server;
	struct socket_client *sc = (struct socket_client *)conn;
	bool is_parked = id;

	if (!server->park || !server->persist)
		return;
	id = persist_adopt_client(server->persist, conn, id, 0);
	if (!is_parked && park_add(server->park, sc->lfd.fd, &id) < 0)
		persist_remove_client(server->persist, conn);
}

int listener_keep(struct listener *listener)
{
	if (listener->server->keeper)
		keeper_store(listener->server->keeper, "listener", listener->acceptable.fd);
	return socket_park_begin(listener);
}

int socket_park_take(struct listener *listener, const int *fds, uint32_t n_here)
{
	struct server *server = listener->server;
	int r;

	if (!server->keeper || !server->persist) {
		close(fds[0]);
		close(fds[1]);
		return 0;
	}
	r = park_adopt(&server->park, fds, SOCKET_LABEL_BYTES);
	if (r == 0)
		park_count(server->park, n_here);
	return r;
}
