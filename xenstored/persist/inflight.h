/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that outlive the daemon: what was read from them but is not in a committed turn yet, and
 * how much of what is committed was sent. The kernel itself writes both numbers, to memory that
 * survives, in the same system call that moves the bytes: recvmmsg() and sendmmsg() leave the
 * length of each message in the caller's array. So there is no moment at which bytes are neither
 * here nor there.
 */
#ifndef INFLIGHT_H
#define INFLIGHT_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "cleanup.h"

struct inflight;
struct saved;

/**
 * inflight_new() - map the file "inflight" in @dir_fd
 * @serial: of the last committed turn
 * @saved:  clients that were there; NULL: none. Each gets what the last process had read for it
 *          (added to its input) and how far it had sent (sent_to)
 *
 * Return: 0, -ENOSPC, -ENOMEM, or what the system calls say.
 */
int inflight_new(struct inflight **out, int dir_fd, uint64_t serial, struct saved *saved);
void inflight_free(struct inflight *inflight);
DEFINE_CLEANUP(struct inflight *, inflight_free)

/** inflight_restart() - forget all slots; the last committed turn is @serial of another state */
void inflight_restart(struct inflight *inflight, uint64_t serial);
/** inflight_committed() - turn @serial is, with all that was read in it */
void inflight_committed(struct inflight *inflight, uint64_t serial);

/**
 * inflight_receive() - read from a client's socket
 * @data: out: the bytes; borrowed until the turn is committed
 *
 * Return: as recv(), with a negative errno; -ENOBUFS: too much in this turn, try in the next one.
 */
ssize_t inflight_receive(struct inflight *inflight, uint64_t client, int fd, char **data,
			 uint32_t max);

/**
 * inflight_send() - write to a client's socket
 * @at: place in the stream of its output at which the bytes begin
 *
 * Return: as sendmsg(), with a negative errno; -EAGAIN also: too many in this turn.
 */
ssize_t inflight_send(struct inflight *inflight, uint64_t client, uint32_t at, int fd,
		      struct iovec *iov, int n_iov);

#endif
