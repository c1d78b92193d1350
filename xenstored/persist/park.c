/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message says in which round it was written: when the front is of this round, all that was there
 * has been seen. One killed round leaves some clients twice, which the next one finds.
 */
#include "persist/park.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "persist/step.h"

/* Room for the messages of some ten thousand clients. */
#define BUFFER_BYTES (64 * 1024 * 1024)
/* It is tidied when more than this many, and more than are left, are gone. */
#define TIDY_MIN 256

struct ticket {
	uint64_t id;
	uint64_t round;
};

struct park {
	int in; /* owned; messages are written to this end */
	int out;
	uint64_t round;
	uint32_t n_here;
	uint32_t n_gone;
};

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static int make(struct park **out, int in, int end)
{
	struct park *park = calloc(1, sizeof(*park));
	int size = BUFFER_BYTES;

	if (!park)
		return -ENOMEM;
	park->in = in;
	park->out = end;
	/* Without the right to more, it holds as many as the system's limit lets it. */
	if (setsockopt(in, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(in, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*out = park;
	return 0;
}

int park_new(struct park **out)
{
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	r = make(out, fds[0], fds[1]);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
	}
	return r;
}

int park_adopt(struct park **out, const int *fds)
{
	return make(out, fds[0], fds[1]);
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

static int put(struct park *park, int fd, uint64_t id)
{
	struct ticket ticket = { id, park->round };
	struct iovec iov = { &ticket, sizeof(ticket) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (sendmsg(park->in, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	STEP("parked");
	return 0;
}

int park_add(struct park *park, int fd, uint64_t id)
{
	int r = put(park, fd, id);

	if (r == 0)
		park->n_here++;
	return r;
}

/* Looks at the front. @fd: out: a copy of the descriptor, or NULL. 0, -ENOENT: empty. */
static int peek(struct park *park, struct ticket *ticket, int *fd)
{
	struct iovec iov = { ticket, sizeof(*ticket) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = fd ? control.room : NULL,
				  .msg_controllen = fd ? sizeof(control.room) : 0 };
	ssize_t n = recvmsg(park->out, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *head;

	if (n < 0)
		return errno == EAGAIN ? -ENOENT : -errno;
	if (n == 0)
		return -EPIPE;
	if (!fd)
		return 0;
	head = CMSG_FIRSTHDR(&message);
	*fd = -1;
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return 0;
}

static void drop_front(struct park *park)
{
	struct ticket ticket;

	(void)!recv(park->out, &ticket, sizeof(ticket), MSG_DONTWAIT);
}

/* A round that no message can be of yet. */
static void begin_round(struct park *park)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	park->round = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	park->n_here = park->n_gone = 0;
}

int park_recover(struct park *park, uint64_t (*found)(void *ctx, int fd, uint64_t id), void *ctx)
{
	struct ticket ticket;
	int fd, r;

	begin_round(park);
	while ((r = peek(park, &ticket, &fd)) == 0) {
		uint64_t id;

		if (ticket.round == park->round) {
			close(fd);
			break;
		}
		id = found(ctx, fd, ticket.id);
		if (id) {
			r = put(park, fd, id);
			if (r < 0)
				return r;
			park->n_here++;
		}
		drop_front(park);
	}
	return r == -ENOENT ? 0 : r;
}

void park_left(struct park *park)
{
	park->n_gone++;
}

bool park_is_untidy(const struct park *park)
{
	return park->n_gone > TIDY_MIN && park->n_gone > park->n_here / 2;
}

int park_tidy(struct park *park, int (*get)(void *ctx, uint64_t id), void *ctx)
{
	struct ticket ticket;
	int r;

	begin_round(park);
	while ((r = peek(park, &ticket, NULL)) == 0 && ticket.round != park->round) {
		int fd = get(ctx, ticket.id);

		if (fd >= 0) {
			r = put(park, fd, ticket.id);
			if (r < 0)
				return r;
			park->n_here++;
		}
		drop_front(park);
	}
	return r == -ENOENT ? 0 : r;
}
