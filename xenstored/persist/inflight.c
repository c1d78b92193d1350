/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two lists of slots, each begun anew with every turn. A slot counts from the store of its serial
 * on, which comes after everything else in it; the one behind it is marked as no slot before that.
 */
#include "persist/inflight.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "persist/mapfile.h"
#include "persist/saved.h"
#include "step.h"

#define INBOX_BYTES (1024 * 1024)
#define N_SENT	    4096

/* Bytes that were read in turn serial. */
struct received {
	uint64_t serial;
	uint64_t client;
	uint32_t size; /* room behind this, a multiple of 8 */
	uint32_t spare;
	struct mmsghdr message; /* msg_len: by the kernel */
};

/* Bytes that were sent after turn serial was committed. */
struct sent {
	uint64_t serial;
	uint64_t client;
	uint32_t at;
	uint32_t spare;
	struct mmsghdr message;
};

struct inflight {
	struct mapfile file;
	char *inbox;	   /* in file */
	uint32_t n_inbox;  /* bytes of it in use */
	struct sent *sent; /* in file */
	uint32_t n_sent;
	uint64_t serial; /* last committed turn */
};

#define FILE_BYTES (INBOX_BYTES + N_SENT * sizeof(struct sent))

static struct received *slot_at(const struct inflight *inflight, uint32_t at)
{
	return (struct received *)(inflight->inbox + at);
}

static void set_serial(uint64_t *word, uint64_t serial)
{
	__atomic_store_n(word, serial, __ATOMIC_RELEASE);
}

void inflight_restart(struct inflight *inflight, uint64_t serial)
{
	set_serial(&slot_at(inflight, 0)->serial, 0);
	set_serial(&inflight->sent[0].serial, 0);
	inflight->n_inbox = inflight->n_sent = 0;
	inflight->serial = serial;
}

void inflight_committed(struct inflight *inflight, uint64_t serial)
{
	inflight->n_inbox = 0;
	if (serial != inflight->serial)
		inflight->n_sent = 0;
	inflight->serial = serial;
}

static int add_input(struct saved_client *client, const char *data, uint32_t len)
{
	char *in = realloc(client->in, client->in_len + len);

	if (!in)
		return -ENOMEM;
	memcpy(in + client->in_len, data, len);
	client->in = in;
	client->in_len += len;
	return 0;
}

static int recover_received(const struct inflight *inflight, const struct saved *saved)
{
	uint32_t at = 0;

	while (at + sizeof(struct received) <= INBOX_BYTES) {
		const struct received *slot = slot_at(inflight, at);
		uint32_t room = INBOX_BYTES - at - (uint32_t)sizeof(*slot);
		struct saved_client *client;
		int r = 0;

		if (slot->serial != inflight->serial + 1 || slot->size > room || slot->size % 8 ||
		    slot->message.msg_len > slot->size)
			return 0;
		client = saved_get_client(saved, slot->client);
		if (client && slot->message.msg_len)
			r = add_input(client, (const char *)(slot + 1), slot->message.msg_len);
		if (r < 0)
			return r;
		at += (uint32_t)sizeof(*slot) + slot->size;
	}
	return 0;
}

static void recover_sent(const struct inflight *inflight, const struct saved *saved)
{
	for (uint32_t i = 0; i < N_SENT && inflight->sent[i].serial == inflight->serial; i++) {
		const struct sent *slot = &inflight->sent[i];
		struct saved_client *client = saved_get_client(saved, slot->client);

		if (!client)
			continue;
		client->has_sent = true;
		client->sent_to = slot->at + slot->message.msg_len;
	}
}

int inflight_new(struct inflight **out, int dir_fd, uint64_t serial, struct saved *saved)
{
	CLEANUP(inflight_free) struct inflight *inflight = calloc(1, sizeof(*inflight));
	int r;

	if (!inflight)
		return -ENOMEM;
	mapfile_init(&inflight->file);
	r = mapfile_create(&inflight->file, dir_fd, "inflight", FILE_BYTES);
	if (r < 0)
		return r;
	inflight->inbox = inflight->file.base;
	inflight->sent = (struct sent *)(inflight->file.base + INBOX_BYTES);
	inflight->serial = serial;
	if (saved) {
		recover_sent(inflight, saved);
		r = recover_received(inflight, saved);
	} else {
		inflight_restart(inflight, serial);
	}
	if (r < 0)
		return r;
	*out = STEAL(inflight);
	return 0;
}

void inflight_free(struct inflight *inflight)
{
	if (!inflight)
		return;
	mapfile_deinit(&inflight->file);
	free(inflight);
}

ssize_t inflight_receive(struct inflight *inflight, uint64_t client, int fd, char **data,
			 uint32_t max)
{
	struct received *slot = slot_at(inflight, inflight->n_inbox);
	uint32_t size = (max + 7u) & ~7u;
	uint32_t end = inflight->n_inbox + (uint32_t)sizeof(*slot) + size;
	struct iovec iov = { slot + 1, max };

	if (end + sizeof(*slot) > INBOX_BYTES)
		return -ENOBUFS;
	set_serial(&slot->serial, 0);
	set_serial(&slot_at(inflight, end)->serial, 0);
	slot->client = client;
	slot->size = size;
	slot->message = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	set_serial(&slot->serial, inflight->serial + 1);
	STEP("about to receive");
	if (recvmmsg(fd, &slot->message, 1, MSG_DONTWAIT, NULL) < 0) {
		int error = errno;

		set_serial(&slot->serial, 0);
		return -error;
	}
	STEP("received");
	*data = (char *)(slot + 1);
	size = (slot->message.msg_len + 7u) & ~7u;
	/* Only what is used counts; where the next slot begins must not look like one. */
	set_serial(&slot_at(inflight, inflight->n_inbox + (uint32_t)sizeof(*slot) + size)->serial,
		   0);
	slot->size = size;
	inflight->n_inbox += (uint32_t)sizeof(*slot) + size;
	return slot->message.msg_len;
}

ssize_t inflight_send(struct inflight *inflight, uint64_t client, uint32_t at, int fd,
		      struct iovec *iov, int n_iov)
{
	struct sent *slot = &inflight->sent[inflight->n_sent];

	if (inflight->n_sent == N_SENT)
		return -EAGAIN;
	set_serial(&slot->serial, 0);
	if (inflight->n_sent + 1 < N_SENT)
		set_serial(&slot[1].serial, 0);
	slot->client = client;
	slot->at = at;
	slot->message =
		(struct mmsghdr){ .msg_hdr = { .msg_iov = iov, .msg_iovlen = (size_t)n_iov } };
	set_serial(&slot->serial, inflight->serial);
	STEP("about to send");
	if (sendmmsg(fd, &slot->message, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	STEP("sent");
	inflight->n_sent++;
	return slot->message.msg_len;
}
