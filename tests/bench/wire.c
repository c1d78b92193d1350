/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The load generator must not be what is measured: no allocation per request, one system call for
 * as many requests as are ready. Running out of memory ends it: a measurement without memory is
 * none.
 */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p) {
		fprintf(stderr, "bench-load: out of memory\n");
		exit(1);
	}
	return p;
}

int wire_open(struct wire *wire, const char *path, uint32_t index)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	/* Blocks while the backlog is full, then the socket is made not to. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	*wire = (struct wire){ .fd = STEAL_FD(fd), .index = index };
	return 0;
}

void wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	free(wire->out);
	free(wire->partial);
	*wire = (struct wire){ .fd = -1 };
}

void wire_queue(struct wire *wire, const struct xsd_sockmsg *head, const char *payload)
{
	size_t n = sizeof(*head) + head->len;

	if (wire->n_out + n > wire->out_size) {
		wire->out_size = 2 * (wire->n_out + n);
		wire->out = grow(wire->out, wire->out_size);
	}
	memcpy(wire->out + wire->n_out, head, sizeof(*head));
	memcpy(wire->out + wire->n_out + sizeof(*head), payload, head->len);
	wire->n_out += n;
}

int wire_flush(struct wire *wire)
{
	ssize_t n;

	if (!wire->n_out)
		return 0;
	n = write(wire->fd, wire->out, wire->n_out);
	if (n < 0)
		return -errno;
	wire->n_out -= (size_t)n;
	if (!wire->n_out)
		return 0;
	memmove(wire->out, wire->out + n, wire->n_out);
	return -EAGAIN;
}

static void keep_partial(struct wire *wire, const char *data, size_t n)
{
	wire->n_partial = n;
	if (!n)
		return;
	wire->partial = grow(wire->partial, sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX);
	memcpy(wire->partial, data, n);
}

int wire_receive(struct wire *wire, char *buffer, wire_message_fn *fn, void *ctx)
{
	struct xsd_sockmsg head;
	size_t have, at = 0;
	ssize_t n;

	if (wire->n_partial)
		memcpy(buffer, wire->partial, wire->n_partial);
	n = read(wire->fd, buffer + wire->n_partial, WIRE_READ_BYTES);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	have = wire->n_partial + (size_t)n;
	while (have - at >= sizeof(head)) {
		memcpy(&head, buffer + at, sizeof(head));
		if (head.len > XENSTORE_PAYLOAD_MAX)
			return -EPROTO;
		if (have - at < sizeof(head) + head.len)
			break;
		fn(ctx, wire, &head, buffer + at + sizeof(head));
		at += sizeof(head) + head.len;
	}
	keep_partial(wire, buffer + at, have - at);
	return 0;
}
