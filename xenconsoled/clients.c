/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One inotify descriptor for all ptys, and a hash from watch numbers to them. */
#include "clients.h"

#include <errno.h>
#include <event2/event.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "loop.h"

#define N_BUCKETS 1024

LIST_HEAD(bucket, clients_pty);

struct clients {
	int fd;
	struct event *readable;
	struct bucket buckets[N_BUCKETS];
};

static struct bucket *bucket_of(struct clients *clients, int watch)
{
	return &clients->buckets[(unsigned int)watch % N_BUCKETS];
}

static struct clients_pty *find(struct clients *clients, int watch)
{
	struct clients_pty *pty;

	LIST_FOREACH (pty, bucket_of(clients, watch), same_bucket)
		if (pty->watch == watch)
			return pty;
	return NULL;
}

static void note(struct clients *clients, const struct inotify_event *event)
{
	struct clients_pty *pty = find(clients, event->wd);

	if (!pty)
		return;
	if (event->mask & IN_OPEN)
		pty->n_clients++;
	if (!(event->mask & (IN_CLOSE_WRITE | IN_CLOSE_NOWRITE)))
		return;
	if (pty->n_clients)
		pty->n_clients--;
	pty->left(pty);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	_Alignas(struct inotify_event) char buf[4096];
	struct clients *clients = ctx;
	const struct inotify_event *event;
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	for (const char *at = buf; n > 0 && at < buf + n; at += sizeof(*event) + event->len) {
		event = (const void *)at;
		note(clients, event);
	}
}

int clients_new(struct clients **out, struct loop *loop)
{
	CLEANUP(clients_free) struct clients *clients = calloc(1, sizeof(*clients));

	if (!clients)
		return -ENOMEM;
	clients->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (clients->fd < 0)
		return -errno;
	clients->readable =
		event_new(loop_base(loop), clients->fd, EV_READ | EV_PERSIST, on_readable, clients);
	if (!clients->readable || event_add(clients->readable, NULL) < 0)
		return -ENOMEM;
	*out = STEAL(clients);
	return 0;
}

void clients_free(struct clients *clients)
{
	if (!clients)
		return;
	if (clients->readable)
		event_free(clients->readable);
	if (clients->fd >= 0)
		close(clients->fd);
	free(clients);
}

int clients_watch(struct clients *clients, struct clients_pty *pty, const char *path)
{
	int watch = inotify_add_watch(clients->fd, path, IN_OPEN | IN_CLOSE);

	if (watch < 0)
		return -errno;
	pty->watch = watch;
	pty->n_clients = 0;
	LIST_INSERT_HEAD(bucket_of(clients, watch), pty, same_bucket);
	return 0;
}

void clients_unwatch(struct clients *clients, struct clients_pty *pty)
{
	if (!pty->watch)
		return;
	inotify_rm_watch(clients->fd, pty->watch);
	LIST_REMOVE(pty, same_bucket);
	pty->watch = 0;
	pty->n_clients = 0;
}
