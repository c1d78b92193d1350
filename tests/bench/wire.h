/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection of the load generator: requests are gathered and sent with one write, answers read
 * in one go. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define WIRE_READ_BYTES	  (64 * 1024)
#define WIRE_BUFFER_BYTES (WIRE_READ_BYTES + sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

struct wire {
	int fd;		/* -1: not open */
	uint32_t index; /* place in the order of connecting: the floor knows it by this */
	char *out;	/* owned */
	size_t n_out, out_size;
	char *partial; /* owned; a message whose end has not come yet, or NULL */
	size_t n_partial;
	void *user; /* borrowed; whom a message on this connection concerns */
};

/**
 * wire_open() - connect
 * @path: socket of the daemon
 *
 * The connection does not block.
 *
 * Return: 0, or what socket() or connect() say.
 */
int wire_open(struct wire *wire, const char *path, uint32_t index);
void wire_close(struct wire *wire);

/** wire_queue() - add a request to what the next wire_flush() sends; @head->len bytes of @payload.
 */
void wire_queue(struct wire *wire, const struct xsd_sockmsg *head, const char *payload);

/**
 * wire_flush() - send what is queued
 *
 * Return: 0 (all gone), -EAGAIN (the rest stays queued), or what write() says.
 */
int wire_flush(struct wire *wire);

/* Called for each message; @payload has head->len bytes and ends with no NUL of ours. */
typedef void wire_message_fn(void *ctx, struct wire *wire, const struct xsd_sockmsg *head,
			     const char *payload);

/**
 * wire_receive() - read once and take the messages out
 * @buffer: WIRE_BUFFER_BYTES of scratch, the same for all connections
 *
 * Return: 0, -EAGAIN (nothing there), -ECONNRESET (closed by the daemon), -EPROTO (a length over
 * XENSTORE_PAYLOAD_MAX), or what read() says.
 */
int wire_receive(struct wire *wire, char *buffer, wire_message_fn *fn, void *ctx);

#endif
