/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: what a request costs before anything is done for it. An echo server on the loop that
 * our daemons run on: one read per ready connection, an answer of the size the header asks for, one
 * write per connection and turn. No store that serves the same sockets can be cheaper, so figures
 * are given as multiples of this.
 */
#include "floor.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "floor_xen.h"
#include "loop.h"

#define READ_BYTES (64 * 1024)
#define FILES_MAX  65536

struct floor_conn {
	struct floor *floor; /* borrowed: lives as long as the process */
	int fd;
	size_t index; /* in floor->conns */
	struct event readable;
	struct event writable;
	char *partial; /* owned; the beginning of a message whose end has not come yet, or NULL */
	size_t n_partial;
	char *out; /* owned */
	size_t n_out, out_size;
	bool dirty; /* on floor->dirty */
	struct floor_conn *next_dirty;
};

struct floor {
	struct loop *loop;
	int listen_fd;
	struct event *acceptable;
	struct floor_conn **conns; /* owned; by order of connecting, NULL once closed */
	size_t n_conns, conns_size;
	struct floor_conn *dirty; /* have something to send at the end of this turn */
	struct loop_hook flush;
	struct floor_xen *xen; /* owned; NULL: not on a Xen host */
	char in[READ_BYTES + sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void put(struct floor_conn *conn, const struct xsd_sockmsg *head)
{
	size_t n = sizeof(*head) + head->len;

	if (conn->n_out + n > conn->out_size) {
		conn->out_size = 2 * (conn->n_out + n);
		conn->out = realloc(conn->out, conn->out_size);
		if (!conn->out)
			die("bench-floor");
	}
	memcpy(conn->out + conn->n_out, head, sizeof(*head));
	memset(conn->out + conn->n_out + sizeof(*head), '1', head->len);
	conn->n_out += n;
	if (!conn->dirty) {
		conn->dirty = true;
		conn->next_dirty = conn->floor->dirty;
		conn->floor->dirty = conn;
	}
}

static void answer(struct floor_conn *conn, const struct xsd_sockmsg *request, const char *payload)
{
	struct floor *floor = conn->floor;
	struct floor_order order = floor_decode(request);
	struct xsd_sockmsg reply = *request;
	struct xsd_sockmsg event = { .type = XS_WATCH_EVENT, .len = order.event_len };

	if (floor->xen && order.type == XS_INTRODUCE) {
		errno = -floor_xen_introduce(floor->xen, payload, request->len);
		if (errno)
			die("bench-floor: introduce");
	}
	for (uint32_t i = 0; i < order.n_events; i++) {
		uint32_t to = order.event_conn + i;

		if (to < floor->n_conns && floor->conns[to])
			put(floor->conns[to], &event);
	}
	reply.len = order.reply_len;
	put(conn, &reply);
}

static void close_conn(struct floor_conn *conn)
{
	struct floor *floor = conn->floor;

	event_del(&conn->readable);
	event_del(&conn->writable);
	close(conn->fd);
	conn->fd = -1;
	floor->conns[conn->index] = NULL;
	while (floor->n_conns && !floor->conns[floor->n_conns - 1])
		floor->n_conns--;
	if (conn->dirty)
		return; /* flush_all() frees it */
	free(conn->partial);
	free(conn->out);
	free(conn);
}

static void flush_conn(struct floor_conn *conn)
{
	ssize_t n = write(conn->fd, conn->out, conn->n_out);

	if (n < 0 && errno != EAGAIN) {
		close_conn(conn);
		return;
	}
	if (n > 0) {
		conn->n_out -= (size_t)n;
		if (conn->n_out)
			memmove(conn->out, conn->out + n, conn->n_out);
	}
	if (conn->n_out)
		event_add(&conn->writable, NULL);
}

static void flush_all(void *ctx)
{
	struct floor *floor = ctx;

	while (floor->dirty) {
		struct floor_conn *conn = floor->dirty;

		floor->dirty = conn->next_dirty;
		conn->dirty = false;
		if (conn->fd >= 0) {
			flush_conn(conn);
		} else {
			free(conn->partial);
			free(conn->out);
			free(conn);
		}
	}
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	flush_conn(ctx);
}

static void keep_partial(struct floor_conn *conn, const char *data, size_t n)
{
	free(conn->partial);
	conn->partial = NULL;
	conn->n_partial = n;
	if (!n)
		return;
	conn->partial = malloc(n);
	if (!conn->partial)
		die("bench-floor");
	memcpy(conn->partial, data, n);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct floor_conn *conn = ctx;
	char *in = conn->floor->in;
	struct xsd_sockmsg head;
	size_t have, at = 0;
	ssize_t n;

	(void)what;
	if (conn->n_partial)
		memcpy(in, conn->partial, conn->n_partial);
	n = read(fd, in + conn->n_partial, READ_BYTES);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close_conn(conn);
		return;
	}
	have = conn->n_partial + (size_t)n;
	while (have - at >= sizeof(head)) {
		memcpy(&head, in + at, sizeof(head));
		if (head.len > XENSTORE_PAYLOAD_MAX) {
			close_conn(conn);
			return;
		}
		if (have - at < sizeof(head) + head.len)
			break;
		answer(conn, &head, in + at + sizeof(head));
		at += sizeof(head) + head.len;
	}
	if (have != at || conn->n_partial)
		keep_partial(conn, in + at, have - at);
}

static void on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
	struct floor *floor = ctx;
	struct floor_conn *conn;
	int new_fd;

	(void)what;
	while ((new_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (floor->n_conns == floor->conns_size) {
			floor->conns_size = floor->conns_size ? 2 * floor->conns_size : 64;
			floor->conns =
				realloc(floor->conns, floor->conns_size * sizeof(*floor->conns));
		}
		conn = calloc(1, sizeof(*conn));
		if (!conn || !floor->conns)
			die("bench-floor");
		conn->floor = floor;
		conn->fd = new_fd;
		event_assign(&conn->readable, loop_base(floor->loop), new_fd, EV_READ | EV_PERSIST,
			     on_readable, conn);
		event_assign(&conn->writable, loop_base(floor->loop), new_fd, EV_WRITE, on_writable,
			     conn);
		event_add(&conn->readable, NULL);
		conn->index = floor->n_conns;
		floor->conns[floor->n_conns++] = conn;
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		die(path);
	return fd;
}

static void join_host(struct floor *floor, const char *pid_file)
{
	int r = floor_xen_new(&floor->xen);
	FILE *file;

	if (r < 0) {
		errno = -r;
		die("bench-floor: Xen");
	}
	file = fopen(pid_file, "we");
	if (!file || fprintf(file, "%d\n", (int)getpid()) < 0 || fclose(file) != 0)
		die(pid_file);
}

int main(int argc, char **argv)
{
	struct rlimit files = { .rlim_cur = FILES_MAX, .rlim_max = FILES_MAX };
	struct floor *floor = calloc(1, sizeof(*floor));

	if (argc < 2 || argc > 3 || argv[1][0] == '-' || !floor) {
		fprintf(stderr,
			"usage: bench-floor SOCKET [PID-FILE]\n"
			"With a pid file it also maps and binds the domains of INTRODUCE.\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files); /* refused without privilege: then fewer clients fit */
	if (loop_new(&floor->loop) < 0)
		die("bench-floor");
	if (argc == 3)
		join_host(floor, argv[2]);
	floor->listen_fd = listen_at(argv[1]);
	floor->acceptable = event_new(loop_base(floor->loop), floor->listen_fd,
				      EV_READ | EV_PERSIST, on_acceptable, floor);
	if (!floor->acceptable || event_add(floor->acceptable, NULL) < 0)
		die("bench-floor");
	floor->flush = (struct loop_hook){ .fn = flush_all, .ctx = floor };
	loop_turn_hook(floor->loop, &floor->flush);
	return loop_run(floor->loop) < 0;
}
