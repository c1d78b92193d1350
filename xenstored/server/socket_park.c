/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients whose connection outlives us: a service manager keeps a place in which their sockets are
 * parked (park.h), and what moves through them is noted where it survives
 * (persist/inflight.h).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "park.h"
#include "persist/idmap.h"
#include "persist/inflight.h"
#include "persist/persist.h"
#include "persist/saved.h"
#include "server/socket_priv.h"

ssize_t socket_park_read(struct socket_client *sc, char *buf)
{
	struct client *client = &sc->client;
	struct persist *persist = client_server(client)->persist;
	char *data;
	ssize_t n = inflight_receive(persist_inflight(persist), client->conn.record.id, sc->lfd.fd,
				     &data, SERVER_READ_MAX);

	if (n > 0)
		memcpy(buf, data, (size_t)n);
	if (n >= 0)
		return n;
	/* No more room in this turn: epoll will say so again. */
	errno = n == -ENOBUFS ? EAGAIN : (int)-n;
	return -1;
}

ssize_t socket_park_write(struct socket_client *sc)
{
	struct conn *conn = &sc->client.conn;
	struct iovec iov[SOCKET_IOV_MAX];
	int n_iov = outq_peek(&conn->out, iov, SOCKET_IOV_MAX);
	ssize_t n = inflight_send(persist_inflight(client_server(&sc->client)->persist),
				  conn->record.id, conn->record.out_start, sc->lfd.fd, iov, n_iov);

	if (n >= 0)
		return n;
	errno = (int)-n;
	return -1;
}

void socket_park_leave(struct socket_client *sc)
{
	struct server *server = client_server(&sc->client);

	if (!sc->client.conn.record.id || !server->persist)
		return;
	persist_remove_client(server->persist, &sc->client.conn);
	shutdown(sc->lfd.fd, SHUT_RDWR);
	park_left(server->park);
}

/* Walks the clients that are kept. */
static bool next_parked(void *ctx, int *fd, void *label)
{
	struct socket_client **at = ctx;

	for (; *at; *at = LIST_NEXT(*at, all)) {
		struct socket_client *sc = *at;

		if (!sc->client.conn.record.id)
			continue;
		*at = LIST_NEXT(sc, all);
		*fd = sc->lfd.fd;
		memcpy(label, &sc->client.conn.record.id, SOCKET_LABEL_BYTES);
		return true;
	}
	return false;
}

static int tidy(struct listener *listener)
{
	struct socket_client *first = LIST_FIRST(&listener->clients);
	int r = park_tidy(listener->server->park, next_parked, &first);

	if (r < 0)
		log_warning(listener->server->log, "parked sockets cannot be tidied: %s",
			    strerror(-r));
	return r;
}

void socket_park_tidy(struct listener *listener)
{
	if (listener->server->park && park_is_untidy(listener->server->park))
		tidy(listener);
}

void socket_park_keep(struct socket_client *sc)
{
	struct server *server = client_server(&sc->client);
	struct conn *conn = &sc->client.conn;
	int r;

	if (!server->park)
		return;
	persist_add_client(server->persist, conn, 0);
	r = park_add(server->park, sc->lfd.fd, &conn->record.id);
	/* This writes the newcomer as well. */
	if (r == -EAGAIN && park_is_untidy(server->park))
		r = tidy(server->listener);
	if (r < 0)
		persist_remove_client(server->persist, conn);
}

/* One whose state is not known any more is better off with an end that it notices. */
static bool turn_away(int fd)
{
	shutdown(fd, SHUT_RDWR);
	close(fd);
	return false;
}

/* What is found in the parking place, by inode: a killed move leaves a socket there twice. */
struct finding {
	struct listener *listener;
	struct idmap inodes;
	bool is_crowded; /* some could not be taken, for too few files may be open */
};

static bool is_second(struct finding *finding, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || idmap_get(&finding->inodes, st.st_ino))
		return true;
	return idmap_set(&finding->inodes, st.st_ino, finding) < 0;
}

static bool found_parked(void *ctx, int fd, void *label)
{
	struct finding *finding = ctx;
	struct listener *listener = finding->listener;
	struct persist *persist = listener->server->persist;
	const struct saved *saved = persist_saved(persist);
	const struct saved_client *client;
	struct socket_client *sc;
	struct conn *conn;
	uint64_t id;

	memcpy(&id, label, sizeof(id));
	client = saved ? saved_get_client(saved, id) : NULL;
	if (is_second(finding, fd) || (client && client->is_restored)) {
		close(fd);
		return false;
	}
	/* Nothing is known of one that came in the last turn, and nothing needs to be. */
	if ((!client || !client->is_socket) && !persist_is_new_id(persist, id))
		return turn_away(fd);
	if (socket_is_spare(listener, fd)) {
		finding->is_crowded = true;
		return turn_away(fd);
	}
	if (socket_add(listener, fd, &sc) < 0)
		return turn_away(fd);
	conn = &sc->client.conn;
	if (!client) {
		persist_add_client(persist, conn, 0);
		memcpy(label, &conn->record.id, SOCKET_LABEL_BYTES);
		return conn->record.id != 0;
	}
	if (persist_restore_client(persist, conn, client,
				   client->has_sent ? client->sent_to : client->out_at) < 0) {
		conn->transport->kill(conn, "what it was being sent is not known");
		return false;
	}
	server_ready(&sc->client);
	return true;
}

static int recover_parked(struct listener *listener)
{
	struct finding finding = { .listener = listener };
	int r = idmap_init(&finding.inodes, 1024);

	if (r == 0)
		r = park_recover(listener->server->park, found_parked, &finding);
	idmap_deinit(&finding.inodes);
	if (r == -EMFILE) {
		finding.is_crowded = true;
		r = 0;
	}
	if (finding.is_crowded)
		log_error(listener->server->log,
			  "not all clients that were kept are served: only %u files may be open",
			  listener->n_files_max);
	return r;
}

int socket_park_begin(struct listener *listener)
{
	struct server *server = listener->server;
	int fds[2], r;

	if (!server->keeper || !server->persist)
		return 0;
	if (keeper_take_pair(server->keeper, "park-in", "park-out", fds)) {
		r = park_adopt(&server->park, fds, SOCKET_LABEL_BYTES);
		return r < 0 ? r : recover_parked(listener);
	}
	r = park_new(&server->park, SOCKET_LABEL_BYTES);
	if (r < 0)
		return r;
	park_fds(server->park, fds);
	keeper_store(server->keeper, "park-in", fds[0]);
	keeper_store(server->keeper, "park-out", fds[1]);
	return 0;
}
