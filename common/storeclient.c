/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests are appended to one output buffer and leave at the end of the turn; answers come back in
 * order and are matched with the oldest request in flight. Watch events arrive between them.
 */
#include "storeclient.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <xen/io/xs_wire.h>

#include "loop.h"

#define HELD_MAX       (32 * 1024) /* then held requests leave all the same */
#define RETRY_FIRST_MS 20
#define RETRY_MAX_MS   2000
/*
 * Answers are taken in such pieces: requests that follow from the first ones leave with the end of
 * the turn, so the daemon works on them while the rest of its answers are taken here.
 */
#define READ_BYTES 8192

struct pending {
	STAILQ_ENTRY(pending) next;
	storeclient_reply_fn *reply;
	void *ctx;
	uint32_t type;
	uint32_t req_id;
};

STAILQ_HEAD(pending_list, pending);

struct storeclient {
	struct loop *loop;			     /* borrowed: see storeclient_new() */
	const struct storeclient_handlers *handlers; /* borrowed: see storeclient_new() */
	void *ctx;
	struct sockaddr_un address;
	int fd; /* -1 while there is no connection */
	struct event *readable;
	struct event *writable;
	struct event *retry;
	uint32_t retry_ms;
	struct evbuffer *in;
	struct evbuffer *out;
	struct pending_list pending; /* owned, oldest first */
	size_t n_pending;
	uint32_t next_req_id;
	/* Of the last request of one write: one is watched at a time. */
	bool is_watching;
	uint32_t watched_id;
	uint64_t watched_us, latency_us;
	struct loop_hook flush_hook;
	bool in_callback;
	bool held;
};

static int error_of_name(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (!strcmp(xsd_errors[i].errstring, name))
			return -xsd_errors[i].errnum;
	return -EINVAL;
}

static void answer(struct pending *pending, int error, const char *data, size_t len)
{
	if (pending->reply)
		pending->reply(pending->ctx, error, data, len);
	free(pending);
}

/* Ends what was in flight when the connection went; a callback may already queue for the next
 * connection. */
static void fail_all(struct storeclient *client, int error)
{
	struct pending_list list = STAILQ_HEAD_INITIALIZER(list);
	struct pending *pending;

	STAILQ_CONCAT(&list, &client->pending);
	client->n_pending = 0;
	client->is_watching = false;
	while ((pending = STAILQ_FIRST(&list))) {
		STAILQ_REMOVE_HEAD(&list, next);
		answer(pending, error, "", 0);
	}
}

static void close_connection(struct storeclient *client)
{
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	client->readable = client->writable = NULL;
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	evbuffer_drain(client->in, evbuffer_get_length(client->in));
	evbuffer_drain(client->out, evbuffer_get_length(client->out));
}

static void schedule_retry(struct storeclient *client)
{
	struct timeval delay = { .tv_sec = client->retry_ms / 1000,
				 .tv_usec = (client->retry_ms % 1000) * 1000 };

	event_add(client->retry, &delay);
	client->retry_ms = client->retry_ms * 2 < RETRY_MAX_MS ? client->retry_ms * 2
							       : RETRY_MAX_MS;
}

static void lost(struct storeclient *client, int error)
{
	close_connection(client);
	schedule_retry(client);
	fail_all(client, -ECONNRESET);
	if (client->handlers->disconnected)
		client->handlers->disconnected(client->ctx, error);
}

/* The last one that is queued leaves now. */
static void watch_last(struct storeclient *client)
{
	if (client->is_watching || STAILQ_EMPTY(&client->pending))
		return;
	client->is_watching = true;
	client->watched_id = client->next_req_id - 1;
	client->watched_us = loop_now_us(client->loop);
}

static void flush(void *ctx)
{
	struct storeclient *client = ctx;

	if (client->fd < 0 || client->held || !evbuffer_get_length(client->out))
		return;
	watch_last(client);
	if (evbuffer_write(client->out, client->fd) < 0 && errno != EAGAIN && errno != EINTR) {
		lost(client, -errno);
		return;
	}
	if (evbuffer_get_length(client->out))
		event_add(client->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	flush(ctx);
}

/* Returns false if the message makes no sense: the connection can't be trusted any more. */
static bool take_message(struct storeclient *client, const struct xsd_sockmsg *head, char *payload)
{
	struct pending *pending = STAILQ_FIRST(&client->pending);

	payload[head->len] = '\0';
	if (head->type == XS_WATCH_EVENT) {
		const char *token = payload + strlen(payload) + 1;

		if (token >= payload + head->len)
			return false;
		if (client->handlers->event)
			client->handlers->event(client->ctx, payload, token);
		return true;
	}
	if (!pending || head->req_id != pending->req_id ||
	    (head->type != pending->type && head->type != XS_ERROR))
		return false;
	STAILQ_REMOVE_HEAD(&client->pending, next);
	client->n_pending--;
	if (client->is_watching && pending->req_id == client->watched_id) {
		uint64_t took_us = loop_now_us(client->loop) - client->watched_us;

		client->is_watching = false;
		if (took_us > client->latency_us)
			client->latency_us = took_us;
	}
	if (head->type == XS_ERROR)
		answer(pending, error_of_name(payload), "", 0);
	else
		answer(pending, 0, payload, head->len);
	return true;
}

static int take_messages(struct storeclient *client)
{
	char payload[XENSTORE_PAYLOAD_MAX + 1];
	struct xsd_sockmsg head;

	while (client->fd >= 0 &&
	       evbuffer_copyout(client->in, &head, sizeof(head)) == sizeof(head)) {
		if (head.len > XENSTORE_PAYLOAD_MAX)
			return -EPROTO;
		if (evbuffer_get_length(client->in) < sizeof(head) + head.len)
			break;
		evbuffer_drain(client->in, sizeof(head));
		evbuffer_remove(client->in, payload, head.len);
		if (!take_message(client, &head, payload))
			return -EPROTO;
	}
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct storeclient *client = ctx;
	int n, r;

	(void)what;
	n = evbuffer_read(client->in, fd, READ_BYTES);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lost(client, n < 0 ? -errno : -ECONNRESET);
		return;
	}
	client->in_callback = true;
	r = take_messages(client);
	client->in_callback = false;
	if (r < 0)
		lost(client, r);
}

static int open_connection(struct storeclient *client)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* A stream socket of this family connects at once, or says EAGAIN while the daemon's
	 * backlog is full: a daemon that hangs does not hang us. */
	if (connect(fd, (struct sockaddr *)&client->address, sizeof(client->address)) < 0)
		return -errno;
	client->readable =
		event_new(loop_base(client->loop), fd, EV_READ | EV_PERSIST, on_readable, client);
	client->writable = event_new(loop_base(client->loop), fd, EV_WRITE, on_writable, client);
	if (!client->readable || !client->writable || event_add(client->readable, NULL) < 0) {
		close_connection(client);
		return -ENOMEM;
	}
	client->fd = STEAL_FD(fd);
	return 0;
}

static void on_retry(evutil_socket_t fd, short what, void *ctx)
{
	struct storeclient *client = ctx;
	int r;

	(void)fd, (void)what;
	r = open_connection(client);
	if (r < 0) {
		schedule_retry(client);
		if (client->handlers->disconnected)
			client->handlers->disconnected(client->ctx, r);
		return;
	}
	client->retry_ms = RETRY_FIRST_MS;
	if (client->handlers->connected)
		client->handlers->connected(client->ctx);
}

static int set_address(struct sockaddr_un *address, const char *path)
{
	const char *rundir = getenv("XENSTORED_RUNDIR");
	int n;

	if (!path)
		path = getenv("XENSTORED_PATH");
	address->sun_family = AF_UNIX;
	if (path)
		n = snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	else
		n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/socket",
			     rundir ? rundir : "/run/xenstored");
	return n < (int)sizeof(address->sun_path) ? 0 : -ENAMETOOLONG;
}

int storeclient_new(struct storeclient **out, struct loop *loop, const char *path,
		    const struct storeclient_handlers *handlers, void *ctx)
{
	CLEANUP(storeclient_free) struct storeclient *client = calloc(1, sizeof(*client));
	struct timeval now = { 0 };
	int r;

	if (!client)
		return -ENOMEM;
	client->loop = loop;
	client->handlers = handlers;
	client->ctx = ctx;
	client->fd = -1;
	client->retry_ms = RETRY_FIRST_MS;
	STAILQ_INIT(&client->pending);
	r = set_address(&client->address, path);
	if (r < 0)
		return r;
	client->in = evbuffer_new();
	client->out = evbuffer_new();
	client->retry = evtimer_new(loop_base(loop), on_retry, client);
	if (!client->in || !client->out || !client->retry)
		return -ENOMEM;
	client->flush_hook = (struct loop_hook){ .fn = flush, .ctx = client };
	loop_turn_hook(loop, &client->flush_hook);
	/* Connecting is the loop's doing, so that no callback runs before this function has
	 * returned. */
	if (evtimer_add(client->retry, &now) < 0)
		return -ENOMEM;
	*out = STEAL(client);
	return 0;
}

void storeclient_free(struct storeclient *client)
{
	if (!client)
		return;
	assert(!client->in_callback);
	if (client->flush_hook.fn)
		loop_turn_unhook(client->loop, &client->flush_hook);
	if (client->retry)
		event_free(client->retry);
	client->retry = NULL;
	if (client->in && client->out)
		close_connection(client);
	fail_all(client, -ECANCELED);
	if (client->in)
		evbuffer_free(client->in);
	if (client->out)
		evbuffer_free(client->out);
	free(client);
}

int storeclient_request(struct storeclient *client, uint32_t type, uint32_t txid,
			const struct iovec *iov, int n_iov, storeclient_reply_fn *reply, void *ctx)
{
	struct xsd_sockmsg head = { .type = type, .tx_id = txid };
	struct pending *pending;

	for (int i = 0; i < n_iov; i++) {
		if (iov[i].iov_len > XENSTORE_PAYLOAD_MAX - head.len)
			return -E2BIG;
		head.len += (uint32_t)iov[i].iov_len;
	}
	if (client->fd < 0)
		return -ENOTCONN;
	/* Room first: a message that is only half queued would garble all that follow. */
	if (evbuffer_expand(client->out, sizeof(head) + head.len) < 0)
		return -ENOMEM;
	pending = malloc(sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	head.req_id = client->next_req_id++;
	*pending =
		(struct pending){ .reply = reply, .ctx = ctx, .type = type, .req_id = head.req_id };
	STAILQ_INSERT_TAIL(&client->pending, pending, next);
	client->n_pending++;
	evbuffer_add(client->out, &head, sizeof(head));
	for (int i = 0; i < n_iov; i++)
		evbuffer_add(client->out, iov[i].iov_base, iov[i].iov_len);
	return 0;
}

/* A payload of strings: each goes out with its NUL. */
static int request_strings(struct storeclient *client, uint32_t type, uint32_t txid,
			   const char *first, const char *second, storeclient_reply_fn *reply,
			   void *ctx)
{
	struct iovec iov[] = {
		{ (char *)first, strlen(first) + 1 },
		{ (char *)second, second ? strlen(second) + 1 : 0 },
	};

	return storeclient_request(client, type, txid, iov, second ? 2 : 1, reply, ctx);
}

int storeclient_read(struct storeclient *client, uint32_t txid, const char *path,
		     storeclient_reply_fn *reply, void *ctx)
{
	return request_strings(client, XS_READ, txid, path, NULL, reply, ctx);
}

int storeclient_directory(struct storeclient *client, uint32_t txid, const char *path,
			  storeclient_reply_fn *reply, void *ctx)
{
	return request_strings(client, XS_DIRECTORY, txid, path, NULL, reply, ctx);
}

int storeclient_write(struct storeclient *client, uint32_t txid, const char *path,
		      const char *value, storeclient_reply_fn *reply, void *ctx)
{
	/* A value carries no NUL. */
	struct iovec iov[] = {
		{ (char *)path, strlen(path) + 1 },
		{ (char *)value, strlen(value) },
	};

	return storeclient_request(client, XS_WRITE, txid, iov, 2, reply, ctx);
}

int storeclient_mkdir(struct storeclient *client, uint32_t txid, const char *path,
		      storeclient_reply_fn *reply, void *ctx)
{
	return request_strings(client, XS_MKDIR, txid, path, NULL, reply, ctx);
}

int storeclient_rm(struct storeclient *client, uint32_t txid, const char *path,
		   storeclient_reply_fn *reply, void *ctx)
{
	return request_strings(client, XS_RM, txid, path, NULL, reply, ctx);
}

int storeclient_set_perms(struct storeclient *client, uint32_t txid, const char *path,
			  const char *perms, size_t perms_len, storeclient_reply_fn *reply,
			  void *ctx)
{
	struct iovec iov[] = {
		{ (char *)path, strlen(path) + 1 },
		{ (char *)perms, perms_len },
	};

	return storeclient_request(client, XS_SET_PERMS, txid, iov, 2, reply, ctx);
}

int storeclient_watch(struct storeclient *client, const char *path, const char *token,
		      storeclient_reply_fn *reply, void *ctx)
{
	return request_strings(client, XS_WATCH, 0, path, token, reply, ctx);
}

int storeclient_unwatch(struct storeclient *client, const char *path, const char *token,
			storeclient_reply_fn *reply, void *ctx)
{
	return request_strings(client, XS_UNWATCH, 0, path, token, reply, ctx);
}

uint64_t storeclient_latency_us(struct storeclient *client)
{
	uint64_t waiting_us = client->is_watching ? loop_now_us(client->loop) - client->watched_us
						  : 0;
	uint64_t longest_us = client->latency_us;

	client->latency_us = 0;
	return waiting_us > longest_us ? waiting_us : longest_us;
}

size_t storeclient_in_flight(const struct storeclient *client)
{
	return client->n_pending;
}

bool storeclient_is_connected(const struct storeclient *client)
{
	return client->fd >= 0;
}

size_t storeclient_unsent(const struct storeclient *client)
{
	return evbuffer_get_length(client->out);
}

void storeclient_hold(struct storeclient *client, bool hold)
{
	client->held = hold;
}

void storeclient_drop(struct storeclient *client)
{
	assert(!client->in_callback);
	if (client->fd >= 0)
		lost(client, -ETIMEDOUT);
}
