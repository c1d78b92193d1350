/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A newcomer is a message of its own. Many of those take more room than a socket may have, so they
 * are put together from time to time. A message says in which round it was written: when the front
 * is of this round, all that was there has been seen. One killed round leaves some clients twice,
 * which the next one finds.
 */
#include "park.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "step.h"

/* Room for the messages of some ten thousand clients, where we may have it. */
#define BUFFER_BYTES (64 * 1024 * 1024)
/* The kernel allows 253 descriptors in a message. */
#define BATCH_MAX 200
/* What the kernel charges for a message of one, and of BATCH_MAX; at least that. */
#define SINGLE_BYTES 1024
#define BATCH_BYTES  4096
/* It is tidied when more than this many, and more than are left, are gone; or are alone. */
#define TIDY_MIN  256
#define ALONE_MIN 64

struct ticket {
	uint64_t round;
	uint64_t n;
	char labels[BATCH_MAX * PARK_LABEL_MAX]; /* of park->label_bytes each */
};

struct batch {
	struct ticket ticket;
	int fds[BATCH_MAX];
};

struct park {
	int in; /* owned; messages are written to this end */
	int out;
	uint64_t round;
	uint32_t label_bytes;
	uint32_t n_here; /* descriptors, of those gone as well */
	uint32_t n_gone;
	uint32_t n_alone; /* messages of one */
	uint32_t n_lost;  /* no more files could be open for them */
	uint32_t size;	  /* bytes that may wait in it, as the kernel counts them */
};

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(BATCH_MAX * sizeof(int))];
};

static int make(struct park **out, int in, int end, uint32_t label_bytes)
{
	struct park *park = calloc(1, sizeof(*park));
	int size = BUFFER_BYTES;
	socklen_t len = sizeof(size);

	assert(label_bytes && label_bytes <= PARK_LABEL_MAX);
	if (!park)
		return -ENOMEM;
	park->label_bytes = label_bytes;
	park->in = in;
	park->out = end;
	/* Without the right to more, it holds as many as the system's limit lets it. */
	if (setsockopt(in, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(in, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (getsockopt(in, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0)
		park->size = (uint32_t)size;
	*out = park;
	return 0;
}

int park_new(struct park **out, uint32_t label_bytes)
{
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	r = make(out, fds[0], fds[1], label_bytes);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
	}
	return r;
}

int park_adopt(struct park **out, const int *fds, uint32_t label_bytes)
{
	return make(out, fds[0], fds[1], label_bytes);
}

void park_free(struct park *park)
{
	if (!park)
		return;
	close(park->in);
	close(park->out);
	free(park);
}

void park_fds(const struct park *park, int *fds)
{
	fds[0] = park->in;
	fds[1] = park->out;
}

/* Bytes that are free, as the kernel counts. */
static uint32_t room(const struct park *park)
{
	int used = 0;

	if (ioctl(park->in, SIOCOUTQ, &used) < 0 || used < 0 || (uint32_t)used > park->size)
		return 0;
	return park->size - (uint32_t)used;
}

/* So much is needed to write everybody anew. */
static uint32_t room_to_tidy(const struct park *park)
{
	return ((park->n_here - park->n_gone) / BATCH_MAX + 1) * BATCH_BYTES;
}

static size_t ticket_size(const struct park *park, const struct ticket *ticket)
{
	return offsetof(struct ticket, labels) + ticket->n * park->label_bytes;
}

/* Writes the batch to the back and empties it. */
static int put(struct park *park, struct batch *batch)
{
	size_t n_bytes = batch->ticket.n * sizeof(int);
	struct iovec iov = { &batch->ticket, ticket_size(park, &batch->ticket) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = CMSG_SPACE(n_bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (!batch->ticket.n)
		return 0;
	batch->ticket.round = park->round;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(n_bytes);
	memcpy(CMSG_DATA(head), batch->fds, n_bytes);
	if (sendmsg(park->in, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	park->n_here += (uint32_t)batch->ticket.n;
	park->n_alone += batch->ticket.n == 1;
	batch->ticket.n = 0;
	STEP("parked");
	return 0;
}

static void *label_at(const struct park *park, struct batch *batch, uint64_t i)
{
	return batch->ticket.labels + i * park->label_bytes;
}

static void fill(const struct park *park, struct batch *batch, int fd, const void *label)
{
	batch->fds[batch->ticket.n] = fd;
	memcpy(label_at(park, batch, batch->ticket.n++), label, park->label_bytes);
}

int park_add(struct park *park, int fd, const void *label)
{
	struct batch batch;

	if (room(park) < room_to_tidy(park) + SINGLE_BYTES)
		return -EAGAIN;
	batch.ticket.n = 0;
	fill(park, &batch, fd, label);
	return put(park, &batch);
}

void park_count(struct park *park, uint32_t n_here)
{
	park->n_here = n_here;
}

/* Looks at the front. @fds: out: copies of the descriptors, or NULL; as many as may be open, which
 * @ticket says then. 0, -ENOENT: empty. */
static int peek(struct park *park, struct ticket *ticket, int *fds)
{
	struct iovec iov = { ticket, sizeof(*ticket) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = fds ? control.room : NULL,
				  .msg_controllen = fds ? sizeof(control.room) : 0 };
	ssize_t n = recvmsg(park->out, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *head;
	uint64_t n_fds;

	if (n < 0)
		return errno == EAGAIN ? -ENOENT : -errno;
	if (n == 0)
		return -EPIPE;
	if ((size_t)n < offsetof(struct ticket, labels) || ticket->n > BATCH_MAX ||
	    (size_t)n != ticket_size(park, ticket))
		return -EBADMSG;
	if (!fds)
		return 0;
	head = CMSG_FIRSTHDR(&message);
	if (head &&
	    (head->cmsg_type != SCM_RIGHTS || head->cmsg_len > CMSG_LEN(ticket->n * sizeof(int))))
		return -EBADMSG;
	n_fds = head ? (head->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	if (head)
		memcpy(fds, CMSG_DATA(head), n_fds * sizeof(int));
	park->n_lost += (uint32_t)(ticket->n - n_fds);
	ticket->n = n_fds;
	return 0;
}

static void drop_front(struct park *park)
{
	uint64_t round;

	(void)!recv(park->out, &round, sizeof(round), MSG_DONTWAIT);
}

/* A round that no message can be of yet. */
static void begin_round(struct park *park)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	park->round = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	park->n_here = park->n_gone = park->n_alone = 0;
}

int park_recover(struct park *park, bool (*found)(void *ctx, int fd, void *label), void *ctx)
{
	struct batch front, kept;
	int r;

	begin_round(park);
	kept.ticket.n = 0;
	while ((r = peek(park, &front.ticket, front.fds)) == 0) {
		if (front.ticket.round == park->round) {
			for (uint64_t i = 0; i < front.ticket.n; i++)
				close(front.fds[i]);
			break;
		}
		for (uint64_t i = 0; i < front.ticket.n; i++) {
			void *label = label_at(park, &front, i);

			if (found(ctx, front.fds[i], label))
				fill(park, &kept, front.fds[i], label);
		}
		r = put(park, &kept);
		drop_front(park);
		/* It may have been as full as can be: there is room now. */
		if (r < 0)
			put(park, &kept);
		kept.ticket.n = 0;
	}
	if (r == 0 || r == -ENOENT)
		return park->n_lost ? -EMFILE : 0;
	return r;
}

void park_left(struct park *park)
{
	park->n_gone++;
}

bool park_is_untidy(const struct park *park)
{
	if (park->n_gone > TIDY_MIN && park->n_gone > park->n_here / 2)
		return true;
	return park->n_alone > ALONE_MIN &&
	       room(park) < room_to_tidy(park) + BATCH_BYTES + 2 * SINGLE_BYTES;
}

int park_tidy(struct park *park, bool (*next)(void *ctx, int *fd, void *label), void *ctx)
{
	char label[PARK_LABEL_MAX];
	struct batch batch;
	int fd, r = 0;

	begin_round(park);
	batch.ticket.n = 0;
	while (r == 0 && next(ctx, &fd, label)) {
		fill(park, &batch, fd, label);
		if (batch.ticket.n == BATCH_MAX)
			r = put(park, &batch);
	}
	if (r == 0)
		r = put(park, &batch);
	while (r == 0 && (r = peek(park, &batch.ticket, NULL)) == 0 &&
	       batch.ticket.round != park->round)
		drop_front(park);
	return r == -ENOENT ? 0 : r;
}
