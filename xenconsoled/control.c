/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each client has a report that is written as fast as it reads, piece by piece. The last byte of a
 * whole answer is a NUL, which control_ask() does not print: it tells an end from an accident.
 */
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "options.h"
#include "report.h"
#include "server.h"

#define QUESTION_MAX 64
#define CLIENTS_MAX  8
#define PIECES_BYTES (64u << 10)

struct client {
	struct control *control; /* borrowed: owns us */
	int fd;
	struct event *readable;
	struct event *writable;
	struct evbuffer *out;
	char question[QUESTION_MAX];
	size_t question_len;
	struct report report;
	bool complete; /* the report's end is in @out */
	struct loop_garbage garbage;
	LIST_ENTRY(client) list;
};

struct control {
	struct server *server; /* borrowed: owns us */
	struct sockaddr_un address;
	int fd;	   /* -1: not listening */
	int spare; /* kept for the day on which no descriptor is left; -1: in use by a client */
	struct event *acceptable;
	LIST_HEAD(, client) clients; /* owned */
	unsigned int n_clients;
};

static int set_address(struct sockaddr_un *address, const char *run_dir)
{
	int n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/xenconsoled.sock",
			 run_dir);

	address->sun_family = AF_UNIX;
	return n < (int)sizeof(address->sun_path) ? 0 : -ENAMETOOLONG;
}

/* Without a spare descriptor the listener would stay ready, and nobody could see why. */
static void keep_spare(struct control *control)
{
	if (control->spare < 0)
		control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int accept_client(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
		return fd;
	if (control->spare >= 0)
		close(control->spare);
	control->spare = -1;
	return accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void free_client(struct loop_garbage *garbage)
{
	free((char *)garbage - offsetof(struct client, garbage));
}

static void end_client(struct client *client)
{
	LIST_REMOVE(client, list);
	client->control->n_clients--;
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	if (client->out)
		evbuffer_free(client->out);
	close(client->fd);
	keep_spare(client->control);
	event_add(client->control->acceptable, NULL);
	client->garbage.free = free_client;
	loop_defer_free(client->control->server->loop, &client->garbage);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;
	struct server *server = client->control->server;

	(void)what;
	if (!client->complete && evbuffer_get_length(client->out) < PIECES_BYTES &&
	    !report_continue(&client->report, server, client->out)) {
		evbuffer_add(client->out, "", 1);
		client->complete = true;
	}
	if (evbuffer_write(client->out, fd) < 0 && errno != EAGAIN && errno != EINTR) {
		end_client(client);
		return;
	}
	if (client->complete && !evbuffer_get_length(client->out))
		end_client(client);
	else
		event_add(client->writable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;
	ssize_t n = read(fd, client->question + client->question_len,
			 sizeof(client->question) - 1 - client->question_len);
	char *end;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_client(client);
		return;
	}
	client->question_len += (size_t)n;
	end = memchr(client->question, '\n', client->question_len);
	if (!end)
		return;
	*end = '\0';
	if (strcmp(client->question, "text") != 0 && strcmp(client->question, "openmetrics") != 0) {
		end_client(client);
		return;
	}
	event_del(client->readable);
	report_begin(&client->report, !strcmp(client->question, "openmetrics"));
	event_add(client->writable, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
	struct control *control = ctx;
	struct event_base *base = loop_base(control->server->loop);
	struct client *client;
	int client_fd = accept_client(control);

	(void)fd, (void)what;
	if (client_fd < 0) {
		/* A client has the spare one: whoever waits is taken when it leaves. */
		if (control->n_clients)
			event_del(control->acceptable);
		return;
	}
	client = control->n_clients < CLIENTS_MAX ? calloc(1, sizeof(*client)) : NULL;
	if (!client) {
		close(client_fd);
		keep_spare(control);
		return;
	}
	client->control = control;
	client->fd = client_fd;
	LIST_INSERT_HEAD(&control->clients, client, list);
	control->n_clients++;
	client->out = evbuffer_new();
	client->readable = event_new(base, client_fd, EV_READ | EV_PERSIST, on_readable, client);
	client->writable = event_new(base, client_fd, EV_WRITE, on_writable, client);
	if (!client->out || !client->readable || !client->writable ||
	    event_add(client->readable, NULL) < 0)
		end_client(client);
}

static int listen_at(struct control *control)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int r;

	if (fd < 0)
		return -errno;
	unlink(control->address.sun_path);
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&control->address, sizeof(control->address));
	umask(mask);
	if (r < 0 || listen(fd, CLIENTS_MAX) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	control->fd = fd;
	return 0;
}

int control_new(struct control **out, struct server *server)
{
	CLEANUP(control_free) struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->server = server;
	control->fd = control->spare = -1;
	LIST_INIT(&control->clients);
	keep_spare(control);
	r = set_address(&control->address, server->options->run_dir);
	if (r == 0)
		r = listen_at(control);
	if (r < 0)
		return r;
	control->acceptable = event_new(loop_base(server->loop), control->fd, EV_READ | EV_PERSIST,
					on_acceptable, control);
	if (!control->acceptable || event_add(control->acceptable, NULL) < 0)
		return -ENOMEM;
	*out = STEAL(control);
	return 0;
}

void control_free(struct control *control)
{
	struct client *client;

	if (!control)
		return;
	while ((client = LIST_FIRST(&control->clients)))
		end_client(client);
	if (control->acceptable)
		event_free(control->acceptable);
	if (control->fd >= 0) {
		close(control->fd);
		unlink(control->address.sun_path);
	}
	if (control->spare >= 0)
		close(control->spare);
	free(control);
}

/* --- the other side --- */

static int print_answer(int fd)
{
	char buf[65536];
	bool complete = false;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		complete = buf[n - 1] == '\0';
		fwrite(buf, 1, (size_t)n - complete, stdout);
	}
	return complete && fflush(stdout) == 0 ? 0 : -EPIPE;
}

int control_ask(const char *run_dir, const char *question)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r = set_address(&address, run_dir);

	if (fd < 0)
		return -errno;
	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (dprintf(fd, "%s\n", question) < 0)
		return -errno;
	return print_answer(fd);
}
