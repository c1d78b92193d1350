/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listener, one connection at a time, and the framing of the wire. */
#include "fakestore.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "unit.h"

struct fakestore {
	struct loop *loop; /* borrowed from the test */
	fakestore_request_fn *fn;
	void *ctx;
	char dir[32];
	char path[64];
	int listener;
	int fd;
	struct event *acceptable;
	struct event *readable;
	struct evbuffer *in;
	unsigned int n_connections;
	unsigned int n_reads;
};

static void take_requests(struct fakestore *store)
{
	char payload[XENSTORE_PAYLOAD_MAX + 1];
	struct xsd_sockmsg head;

	while (store->fd >= 0 && evbuffer_copyout(store->in, &head, sizeof(head)) == sizeof(head)) {
		CHECK(head.len <= XENSTORE_PAYLOAD_MAX);
		if (evbuffer_get_length(store->in) < sizeof(head) + head.len)
			return;
		evbuffer_drain(store->in, sizeof(head));
		evbuffer_remove(store->in, payload, head.len);
		payload[head.len] = '\0';
		if (store->fn)
			store->fn(store, &head, payload, store->ctx);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct fakestore *store = ctx;

	(void)what;
	store->n_reads++;
	if (evbuffer_read(store->in, fd, 1 << 20) <= 0)
		fakestore_hang_up(store);
	else
		take_requests(store);
}

static void on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
	struct fakestore *store = ctx;

	(void)what;
	fakestore_hang_up(store);
	store->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	CHECK(store->fd >= 0);
	store->n_connections++;
	store->readable = event_new(loop_base(store->loop), store->fd, EV_READ | EV_PERSIST,
				    on_readable, store);
	event_add(store->readable, NULL);
}

void fakestore_listen(struct fakestore *store, int backlog, bool accept)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, store->path);
	store->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(store->listener >= 0);
	CHECK_EQ(bind(store->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_EQ(listen(store->listener, backlog), 0);
	if (!accept)
		return;
	store->acceptable = event_new(loop_base(store->loop), store->listener, EV_READ | EV_PERSIST,
				      on_acceptable, store);
	event_add(store->acceptable, NULL);
}

void fakestore_stop_listening(struct fakestore *store)
{
	if (store->acceptable)
		event_free(store->acceptable);
	store->acceptable = NULL;
	if (store->listener >= 0)
		close(store->listener);
	store->listener = -1;
	unlink(store->path);
}

struct fakestore *fakestore_new(struct loop *loop, fakestore_request_fn *fn, void *ctx)
{
	struct fakestore *store = calloc(1, sizeof(*store));

	CHECK(store);
	store->loop = loop;
	store->fn = fn;
	store->ctx = ctx;
	store->fd = store->listener = -1;
	store->in = evbuffer_new();
	strcpy(store->dir, "/tmp/fakestore.XXXXXX");
	CHECK(mkdtemp(store->dir));
	snprintf(store->path, sizeof(store->path), "%s/socket", store->dir);
	fakestore_listen(store, 8, true);
	return store;
}

void fakestore_hang_up(struct fakestore *store)
{
	if (store->readable)
		event_free(store->readable);
	store->readable = NULL;
	if (store->fd >= 0)
		close(store->fd);
	store->fd = -1;
	evbuffer_drain(store->in, evbuffer_get_length(store->in));
}

void fakestore_free(struct fakestore *store)
{
	fakestore_hang_up(store);
	fakestore_stop_listening(store);
	rmdir(store->dir);
	evbuffer_free(store->in);
	free(store);
}

const char *fakestore_path(const struct fakestore *store)
{
	return store->path;
}

unsigned int fakestore_n_connections(const struct fakestore *store)
{
	return store->n_connections;
}

unsigned int fakestore_n_reads(const struct fakestore *store)
{
	return store->n_reads;
}

void fakestore_send(struct fakestore *store, const void *data, size_t len)
{
	CHECK_EQ(send(store->fd, data, len, MSG_NOSIGNAL), len);
}

static void send_frame(struct fakestore *store, uint32_t type, uint32_t req_id, const char *data,
		       size_t len)
{
	char frame[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg head = { .type = type, .req_id = req_id, .len = (uint32_t)len };

	CHECK(len <= XENSTORE_PAYLOAD_MAX);
	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), data, len);
	fakestore_send(store, frame, sizeof(head) + len);
}

void fakestore_answer(struct fakestore *store, const struct xsd_sockmsg *head, const char *data,
		      size_t len)
{
	send_frame(store, head->type, head->req_id, data, len);
}

void fakestore_error(struct fakestore *store, const struct xsd_sockmsg *head, const char *name)
{
	send_frame(store, XS_ERROR, head->req_id, name, strlen(name) + 1);
}

void fakestore_event(struct fakestore *store, const char *path, const char *token)
{
	char data[XENSTORE_PAYLOAD_MAX];
	int n = snprintf(data, sizeof(data), "%s%c%s", path, '\0', token);

	send_frame(store, XS_WATCH_EVENT, 0, data, (size_t)n + 1);
}
