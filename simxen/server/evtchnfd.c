/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each handle is a socket pair. Ports that fire are collected while the lock is held and written in
 * one go; what does not fit waits in the device's queue until the socket has room. Handles are
 * found by number through an open hash table of their inodes.
 */
#include "evtchnfd.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/evtchndev.h"
#include "core/host.h"
#include "server.h"
#include "wire.h"

#define BATCH 256

struct evtchnfd {
	struct server *server;		 /* borrowed: owns us */
	struct evtchndev_handle *handle; /* owned */
	int fd;
	uint32_t number;
	struct event *readable, *writable; /* owned */
	char partial[sizeof(uint32_t)];	   /* of a word cut in two */
	size_t n_partial;
	bool is_fired, is_blocked, is_listed;
	LIST_ENTRY(evtchnfd) next;
	TAILQ_ENTRY(evtchnfd) of_fired, of_blocked;
	LIST_ENTRY(evtchnfd) of_bucket;
};

static void on_fired(void *ctx)
{
	struct evtchnfd *efd = ctx;

	if (efd->is_fired || efd->is_blocked)
		return;
	efd->is_fired = true;
	TAILQ_INSERT_TAIL(&efd->server->fired, efd, of_fired);
}

static void deliver(struct evtchnfd *efd)
{
	uint32_t ports[BATCH];
	size_t n;

	while ((n = evtchndev_take(efd->handle, ports, BATCH))) {
		ssize_t sent =
			send(efd->fd, ports, n * sizeof(ports[0]), MSG_DONTWAIT | MSG_NOSIGNAL);
		size_t n_sent = sent < 0 ? 0 : (size_t)sent / sizeof(ports[0]);

		efd->server->n_delivered += n_sent;
		if (n_sent == n)
			continue;
		evtchndev_put_back(efd->handle, ports + n_sent, n - n_sent);
		if (sent < 0 && errno != EAGAIN)
			return; /* the client is gone, which the loop will see */
		efd->is_blocked = true;
		TAILQ_INSERT_TAIL(&efd->server->blocked, efd, of_blocked);
		server_kick(efd->server);
		return;
	}
}

void evtchnfd_deliver(struct server *server)
{
	struct evtchnfd *efd;

	while ((efd = TAILQ_FIRST(&server->fired))) {
		TAILQ_REMOVE(&server->fired, efd, of_fired);
		efd->is_fired = false;
		deliver(efd);
	}
}

void evtchnfd_arm(struct server *server)
{
	struct evtchnfd *efd;

	TAILQ_FOREACH (efd, &server->blocked, of_blocked)
		event_add(efd->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct evtchnfd *efd = ctx;
	struct server *server = efd->server;

	(void)fd, (void)what;
	server_lock(server);
	if (efd->is_blocked) {
		efd->is_blocked = false;
		TAILQ_REMOVE(&server->blocked, efd, of_blocked);
		on_fired(efd);
	}
	server_unlock(server);
}

static void carry_out(struct evtchnfd *efd, uint32_t word)
{
	if (word & WIRE_NOTIFY) {
		efd->server->n_notified++;
		evtchndev_notify(efd->handle, word & ~WIRE_NOTIFY);
	} else {
		evtchndev_unmask(efd->handle, word);
	}
}

/* Carries out what the client has written. Return: 0: nothing was there; 1: something, and there
 * may be more; -ENOTCONN at the end of the stream. */
static int drain(struct evtchnfd *efd)
{
	char buf[BATCH * sizeof(uint32_t)];
	int r = 0;
	ssize_t n;

	do {
		memcpy(buf, efd->partial, efd->n_partial);
		n = recv(efd->fd, buf + efd->n_partial, sizeof(buf) - efd->n_partial, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? r : -ENOTCONN;
		if (!n)
			return -ENOTCONN;
		n += (ssize_t)efd->n_partial;
		efd->n_partial = (size_t)n % sizeof(uint32_t);
		for (size_t at = 0; at + sizeof(uint32_t) <= (size_t)n; at += sizeof(uint32_t)) {
			uint32_t word;

			memcpy(&word, buf + at, sizeof(word));
			carry_out(efd, word);
		}
		memcpy(efd->partial, buf + (size_t)n - efd->n_partial, efd->n_partial);
		r = 1;
	} while ((size_t)n == sizeof(buf));
	return r;
}

/* Closes the ports; what is left is the loop's to free. From any thread. */
static void close_ports(struct evtchnfd *efd)
{
	struct server *server = efd->server;

	if (!efd->handle)
		return;
	if (efd->is_fired)
		TAILQ_REMOVE(&server->fired, efd, of_fired);
	if (efd->is_blocked)
		TAILQ_REMOVE(&server->blocked, efd, of_blocked);
	efd->is_fired = efd->is_blocked = false;
	LIST_REMOVE(efd, of_bucket);
	evtchndev_close(efd->handle);
	efd->handle = NULL;
}

static void efd_free(struct evtchnfd *efd)
{
	close_ports(efd);
	if (efd->is_listed)
		LIST_REMOVE(efd, next);
	if (efd->readable)
		event_free(efd->readable);
	if (efd->writable)
		event_free(efd->writable);
	if (efd->fd >= 0)
		close(efd->fd);
	free(efd);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct evtchnfd *efd = ctx;
	struct server *server = efd->server;

	(void)fd, (void)what;
	server_lock(server);
	if (!efd->handle || drain(efd) < 0)
		efd_free(efd);
	server_unlock(server);
}

static struct evtchnfd_bucket *bucket_of(struct server *server, uint32_t number)
{
	return &server->handle_buckets[number % SERVER_HANDLE_BUCKETS];
}

static struct evtchnfd *find(struct server *server, uint32_t number)
{
	struct evtchnfd *efd;

	LIST_FOREACH (efd, bucket_of(server, number), of_bucket)
		if (efd->number == number)
			return efd;
	return NULL;
}

static int attach(struct evtchnfd *efd, int client_fd)
{
	struct server *server = efd->server;
	struct event_base *base = loop_base(server->loop);
	struct stat st;
	int r;

	if (fstat(client_fd, &st) < 0)
		return -errno;
	efd->number = (uint32_t)st.st_ino;
	if (find(server, efd->number))
		return -EAGAIN; /* inode numbers wrapped around: the next one is free */
	efd->readable = event_new(base, efd->fd, EV_READ | EV_PERSIST, on_readable, efd);
	efd->writable = event_new(base, efd->fd, EV_WRITE, on_writable, efd);
	if (!efd->readable || !efd->writable || event_add(efd->readable, NULL) < 0)
		return -ENOMEM;
	r = evtchndev_open(server->host->evtchndev, efd->number, on_fired, efd, &efd->handle);
	if (r < 0)
		return r;
	LIST_INSERT_HEAD(&server->handles, efd, next);
	efd->is_listed = true;
	LIST_INSERT_HEAD(bucket_of(server, efd->number), efd, of_bucket);
	return 0;
}

int evtchnfd_open(struct server *server, int *client_fd, uint32_t *number)
{
	struct evtchnfd *efd = calloc(1, sizeof(*efd));
	int fds[2], r;

	if (!efd)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		free(efd);
		return -errno;
	}
	efd->server = server;
	efd->fd = fds[0];
	r = attach(efd, fds[1]);
	if (r < 0) {
		close(fds[1]);
		efd_free(efd);
		return r;
	}
	*client_fd = fds[1];
	*number = efd->number;
	return 0;
}

struct evtchndev_handle *evtchnfd_get(struct server *server, uint32_t number)
{
	struct evtchnfd *efd = find(server, number);

	if (!efd)
		return NULL;
	drain(efd); /* what was sent before the call comes first */
	return efd->handle;
}

void evtchnfd_check(struct server *server, uint32_t number)
{
	struct evtchnfd *efd = find(server, number);
	int r;

	if (!efd)
		return;
	/* The end comes after whatever was written last. */
	while ((r = drain(efd)) > 0)
		;
	if (r < 0)
		close_ports(efd);
}

void evtchnfd_close_all(struct server *server)
{
	struct evtchnfd *efd;

	while ((efd = LIST_FIRST(&server->handles)))
		efd_free(efd);
}
