/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client is read when epoll says so, at most once per turn, and written once at the end of it.
 * One that does not take its answers is not read any more until it does; events it has not asked
 * for one by one still pile up, so there is an end to that too.
 */
#include "server/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "model/quota.h"
#include "protocol/protocol.h"
#include "server/server.h"
#include "server/socket_priv.h"
#include "step.h"

#define ACCEPT_MAX	64 /* new clients per turn */
#define ACCEPT_PAUSE_MS 100
/* Descriptors that clients leave for images, a live update, a log; where there are so few, one in
 * so many. */
#define SPARE_FILES 8
#define SPARE_PART  8
#define BACKLOG	    4096
/* With this much unsent, the client is beyond help: events come whether it reads or not. */
#define GIVE_UP_BYTES (64 * 1024 * 1024)

static void free_client(struct loop_garbage *garbage)
{
	struct socket_client *sc =
		(struct socket_client *)((char *)garbage -
					 offsetof(struct socket_client, client.garbage));

	conn_deinit(&sc->client.conn);
	free(sc);
}

void socket_drop(struct socket_client *sc)
{
	struct server *server = client_server(&sc->client);

	if (sc->client.conn.is_dead)
		return;
	sc->client.conn.is_dead = true;
	server_forget(&sc->client);
	socket_park_leave(sc);
	LIST_REMOVE(sc, all);
	loop_fd_remove(server->loop, &sc->lfd);
	close(sc->lfd.fd);
	sc->client.garbage.free = free_client;
	loop_defer_free(server->loop, &sc->client.garbage);
}

/* Has the descriptor watched for what matters now. */
static int watch(struct socket_client *sc)
{
	return loop_fd_want(client_server(&sc->client)->loop, &sc->lfd,
			    (sc->client.is_paused ? 0 : LOOP_READ) |
				    (sc->client.is_waiting ? LOOP_WRITE : 0));
}

/*
 * While its requests are held back, reading more of them is of no use: it is not watched until
 * then. Most have said all they have to say, so this is done when there is more.
 */
static void on_readable(struct socket_client *sc)
{
	if (!sc->client.conn.is_stalled) {
		sc->client.is_readable = true;
		server_ready(&sc->client);
		return;
	}
	sc->client.is_paused = true;
	watch(sc);
}

static void on_ready(struct loop_fd *lfd, unsigned int what)
{
	struct socket_client *sc =
		(struct socket_client *)((char *)lfd - offsetof(struct socket_client, lfd));

	if (what & LOOP_READ)
		on_readable(sc);
	if (what & LOOP_WRITE)
		server_dirty(&sc->client);
}

static void socket_wake(struct conn *conn)
{
	server_dirty((struct client *)conn);
}

static void socket_kill(struct conn *conn, const char *why)
{
	struct socket_client *sc = (struct socket_client *)conn;

	log_warning(client_server(&sc->client)->log, "socket client closed: %s", why);
	socket_drop(sc);
}

static void socket_resume(struct conn *conn)
{
	struct socket_client *sc = (struct socket_client *)conn;

	if (sc->client.is_paused) {
		sc->client.is_paused = false;
		sc->client.is_paused = watch(sc) < 0;
	}
	server_resume(&sc->client);
}

static void socket_turn(struct client *client)
{
	struct socket_client *sc = (struct socket_client *)client;
	char *buf = client_server(client)->buf;
	uint32_t kept = client->conn.in_len ? conn_take_kept(&client->conn, buf) : 0;
	int used;

	if (sc->client.is_readable && kept < WIRE_MESSAGE_MAX) {
		ssize_t n = client->conn.record.id ? socket_park_read(sc, buf + kept)
						   : read(sc->lfd.fd, buf + kept, SERVER_READ_MAX);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			socket_drop(sc);
			return;
		}
		if (n > 0)
			kept += (uint32_t)n;
	}
	sc->client.is_readable = false;
	used = conn_consume(&client->conn, buf, kept);
	if (client->conn.is_dead || used == (int)kept)
		return;
	if (used < 0)
		socket_kill(&client->conn, "message longer than 4096 bytes");
	else if (conn_keep(&client->conn, buf + used, kept - (uint32_t)used) < 0)
		socket_kill(&client->conn, "no memory for its request");
}

/* What is left after a write waits for room in the socket. */
static void wait_for_room(struct socket_client *sc)
{
	struct client *client = &sc->client;

	if (client->conn.out.n_bytes > GIVE_UP_BYTES) {
		socket_kill(&client->conn, "it does not read what it is sent");
		return;
	}
	if (sc->client.is_waiting)
		return;
	sc->client.is_waiting = true;
	if (watch(sc) < 0)
		socket_kill(&client->conn, "no memory");
}

static void socket_flush(struct client *client)
{
	struct socket_client *sc = (struct socket_client *)client;
	struct iovec iov[SOCKET_IOV_MAX];
	ssize_t n = 0;

	if (client->conn.record.id && client->conn.out.n_bytes)
		n = socket_park_write(sc);
	else if (client->conn.out.n_bytes)
		n = writev(sc->lfd.fd, iov, outq_peek(&client->conn.out, iov, SOCKET_IOV_MAX));
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		socket_drop(sc);
		return;
	}
	if (n > 0)
		conn_sent(&client->conn, (uint32_t)n);
	conn_flushed(&client->conn);
	if (client->conn.out.n_bytes) {
		wait_for_room(sc);
	} else if (sc->client.is_waiting) {
		sc->client.is_waiting = false;
		watch(sc);
	}
}

static const struct client_ops socket_ops = {
	.transport = { .wake = socket_wake, .kill = socket_kill, .resume = socket_resume },
	.turn = socket_turn,
	.flush = socket_flush,
};

int socket_add(struct listener *listener, int fd, struct socket_client **out)
{
	static const struct subject tools = { .domid = 0, .target = 0, .privileged = true };
	struct server *server = listener->server;
	struct socket_client *sc = calloc(1, sizeof(*sc));

	if (!sc)
		return -ENOMEM;
	sc->lfd = (struct loop_fd){ .ready = on_ready, .fd = fd };
	if (loop_fd_add(server->loop, &sc->lfd, LOOP_READ) < 0) {
		free(sc);
		return -ENOMEM;
	}
	conn_init(&sc->client.conn, server->protocol, &socket_ops.transport, &tools,
		  quota_tools(server->protocol->quota));
	sc->client.conn.is_read_only = listener->is_read_only;
	LIST_INSERT_HEAD(&listener->clients, sc, all);
	*out = sc;
	return 0;
}

static void end_pause(struct loop_timer *timer)
{
	struct listener *listener =
		(struct listener *)((char *)timer - offsetof(struct listener, pause));

	loop_fd_want(listener->server->loop, &listener->acceptable, LOOP_READ);
}

/* A client that cannot be taken keeps the listener ready: look again later, instead of in each
 * turn. */
static void begin_pause(struct listener *listener, int error)
{
	struct server *server = listener->server;
	uint32_t n_held_back;

	if (log_limit_pass(&listener->complaint, loop_now_ms(server->loop), 60000, &n_held_back))
		log_error(server->log,
			  "clients are kept waiting: %s; raise the limit of open files",
			  strerror(error));
	loop_fd_want(server->loop, &listener->acceptable, 0);
	loop_timer_set(server->loop, &listener->pause, ACCEPT_PAUSE_MS);
}

bool socket_is_spare(const struct listener *listener, int fd)
{
	uint32_t spare = listener->n_files_max / SPARE_PART;

	return (uint32_t)fd + (spare < SPARE_FILES ? spare : SPARE_FILES) >= listener->n_files_max;
}

/* The next client would get one of the last descriptors. */
static bool is_crowded(const struct listener *listener)
{
	CLEANUP(close_fd) int fd = fcntl(listener->acceptable.fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 || socket_is_spare(listener, fd);
}

static void on_acceptable(struct loop_fd *lfd, unsigned int what)
{
	struct listener *listener =
		(struct listener *)((char *)lfd - offsetof(struct listener, acceptable));

	(void)what;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct socket_client *sc;
		int client;

		if (listener->is_crowded)
			listener->is_crowded = is_crowded(listener);
		if (listener->is_crowded) {
			begin_pause(listener, EMFILE);
			break;
		}
		client = accept4(lfd->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM)
				begin_pause(listener, errno);
			break;
		}
		STEP("accepted");
		listener->is_crowded = socket_is_spare(listener, client + 1);
		if (socket_add(listener, client, &sc) < 0)
			close(client);
		else if (!listener->is_read_only)
			socket_park_keep(sc);
	}
	if (!listener->is_read_only)
		socket_park_tidy(listener);
}

/* A socket file that nobody listens on is left over from a daemon that is gone. */
static int remove_leftover(const struct sockaddr_un *address)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno == ECONNREFUSED && unlink(address->sun_path) < 0)
		return -errno;
	return 0;
}

/* Another name beside the socket's, which no other process takes. */
static int name_beside(struct sockaddr_un *beside, const struct sockaddr_un *address)
{
	const char *slash = strrchr(address->sun_path, '/');
	int dir_len = slash ? (int)(slash + 1 - address->sun_path) : 0;
	int n = snprintf(beside->sun_path, sizeof(beside->sun_path), "%.*s.%d", dir_len,
			 address->sun_path, (int)getpid());

	beside->sun_family = AF_UNIX;
	return n < (int)sizeof(beside->sun_path) ? 0 : -ENAMETOOLONG;
}

/*
 * The socket gets its name when it listens already: start scripts wait for the file, and who then
 * connects is not refused. link() does not take the name from another daemon.
 */
static int listen_at(struct listener *listener)
{
	struct sockaddr_un beside = { 0 };
	mode_t mask;
	int r = remove_leftover(&listener->address);

	if (r == 0)
		r = name_beside(&beside, &listener->address);
	if (r < 0)
		return r;
	listener->acceptable.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->acceptable.fd < 0)
		return -errno;
	unlink(beside.sun_path);
	/* The file mode is all the protection there is, from the first moment on. */
	mask = umask(listener->is_read_only ? 0117 : 0177);
	r = bind(listener->acceptable.fd, (struct sockaddr *)&beside, sizeof(beside)) < 0 ? -errno
											  : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (listen(listener->acceptable.fd, BACKLOG) < 0 ||
	    link(beside.sun_path, listener->address.sun_path) < 0)
		r = errno == EEXIST ? -EADDRINUSE : -errno;
	listener->is_bound = r == 0;
	unlink(beside.sun_path);
	return r;
}

int listener_new(struct listener **out, struct server *server, const char *path)
{
	return listener_new_from(out, server, path, -1);
}

static struct listener *new_listener(struct server *server, const char *path)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	struct rlimit files;

	if (!listener)
		return NULL;
	listener->n_files_max = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < INT_MAX
					? (uint32_t)files.rlim_cur
					: INT_MAX;
	listener->server = server;
	listener->acceptable.fd = -1;
	listener->address.sun_family = AF_UNIX;
	snprintf(listener->address.sun_path, sizeof(listener->address.sun_path), "%s", path);
	listener->acceptable.ready = on_acceptable;
	listener->pause.fn = end_pause;
	return listener;
}

int listener_new_read_only(struct listener **out, struct server *server, const char *path)
{
	CLEANUP(listener_free) struct listener *listener = new_listener(server, path);
	int r;

	if (!listener)
		return -ENOMEM;
	listener->is_read_only = true;
	r = listen_at(listener);
	if (r == 0)
		r = loop_fd_add(server->loop, &listener->acceptable, LOOP_READ);
	if (r < 0)
		return r;
	*out = STEAL(listener);
	return 0;
}

int listener_new_from(struct listener **out, struct server *server, const char *path, int fd)
{
	CLEANUP(listener_free) struct listener *listener = new_listener(server, path);
	int r;

	if (!listener)
		return -ENOMEM;
	listener->acceptable.fd = fd >= 0 ? fd : keeper_take(server->keeper, "listener");
	/* It is ours to remove in the end, if it is where we would have made it. */
	listener->is_bound = fd >= 0;
	r = listener->acceptable.fd < 0 ? listen_at(listener) : 0;
	if (r < 0)
		return r;
	/* Of one that was taken over it is not yet known who keeps it: takeover_clients(). */
	if (fd < 0) {
		if (server->keeper && listener->is_bound)
			keeper_store(server->keeper, "listener", listener->acceptable.fd);
		r = socket_park_begin(listener);
	}
	if (r < 0)
		return r;
	r = loop_fd_add(server->loop, &listener->acceptable, LOOP_READ);
	if (r < 0)
		return r;
	*out = STEAL(listener);
	return 0;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	while (!LIST_EMPTY(&listener->clients))
		socket_drop(LIST_FIRST(&listener->clients));
	loop_timer_cancel(listener->server->loop, &listener->pause);
	loop_fd_remove(listener->server->loop, &listener->acceptable);
	if (listener->acceptable.fd >= 0)
		close(listener->acceptable.fd);
	/* A kept listener goes on listening. */
	if (listener->is_bound && (listener->is_read_only || !listener->server->keeper))
		unlink(listener->address.sun_path);
	free(listener);
}
