/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A XenStore client in the event loop: requests go out in one write per turn and are answered by
 * callback, so that a hundred of them cost one round trip. libxenstore, by contrast, has one
 * request in flight and a thread for events.
 *
 * A lost daemon is not the end: every request in flight fails with -ECONNRESET, the client connects
 * again by itself and calls connected(), where the user sets its watches again.
 */
#ifndef STORECLIENT_H
#define STORECLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "cleanup.h"

struct loop;
struct storeclient;

/**
 * storeclient_reply_fn - the answer to one request
 * @error: 0, or a negative errno: the store's own answer (-ENOENT, -EACCES, -EAGAIN, …; a name that
 * is not known gives -EINVAL, as in libxenstore), -ECONNRESET (connection lost; a change may or may
 * not have been made), -ECANCELED (storeclient_free())
 * @data:  payload, always followed by a NUL that is not part of @len; borrowed until the function
 * returns
 */
typedef void storeclient_reply_fn(void *ctx, int error, const char *data, size_t len);

struct storeclient_handlers {
	/* A watch fired. Both strings are borrowed until the function returns. NULL: no watches are
	 * used. */
	void (*event)(void *ctx, const char *path, const char *token);
	/* Connected, for the first time or again. May be NULL. */
	void (*connected)(void *ctx);
	/* Connection lost or refused; @error is a negative errno. Another attempt follows. May be
	 * NULL. */
	void (*disconnected)(void *ctx, int error);
};

/**
 * storeclient_new() - make a client and begin to connect
 * @out:      owned by the caller; storeclient_free() before loop_free(), not from within its own
 * callbacks
 * @loop:     borrowed
 * @path:     socket of the daemon; NULL: $XENSTORED_PATH, else "socket" in $XENSTORED_RUNDIR, else
 *            /run/xenstored/socket
 * @handlers: borrowed for the client's life
 *
 * The first connected() comes from the loop; until then requests give -ENOTCONN.
 *
 * Return: 0, -ENOMEM, -ENAMETOOLONG (@path is no socket path).
 */
int storeclient_new(struct storeclient **out, struct loop *loop, const char *path,
		    const struct storeclient_handlers *handlers, void *ctx);
void storeclient_free(struct storeclient *client);
DEFINE_CLEANUP(struct storeclient *, storeclient_free)

/**
 * storeclient_request() - queue one request
 * @type:  enum xsd_sockmsg_type
 * @txid:  transaction, or 0
 * @iov:   @n_iov pieces of the payload, copied
 * @reply: called once, never from within this function; NULL: the answer is dropped
 *
 * Return: 0, -E2BIG (payload over XENSTORE_PAYLOAD_MAX), -ENOTCONN (no connection now; wait for
 * connected()), -ENOMEM. Source: xen/io/xs_wire.h.
 */
int storeclient_request(struct storeclient *client, uint32_t type, uint32_t txid,
			const struct iovec *iov, int n_iov, storeclient_reply_fn *reply, void *ctx);

/* The common ones; errors as storeclient_request(). @path is a full path or relative to
 * /local/domain/0. */
int storeclient_read(struct storeclient *client, uint32_t txid, const char *path,
		     storeclient_reply_fn *reply, void *ctx);
int storeclient_directory(struct storeclient *client, uint32_t txid, const char *path,
			  storeclient_reply_fn *reply, void *ctx);
int storeclient_write(struct storeclient *client, uint32_t txid, const char *path,
		      const char *value, storeclient_reply_fn *reply, void *ctx);
int storeclient_mkdir(struct storeclient *client, uint32_t txid, const char *path,
		      storeclient_reply_fn *reply, void *ctx);
int storeclient_rm(struct storeclient *client, uint32_t txid, const char *path,
		   storeclient_reply_fn *reply, void *ctx);
/** @perms: as on the wire, one after the other with their NULs: "n0\0r5" is 6 bytes. */
int storeclient_set_perms(struct storeclient *client, uint32_t txid, const char *path,
			  const char *perms, size_t perms_len, storeclient_reply_fn *reply,
			  void *ctx);
int storeclient_watch(struct storeclient *client, const char *path, const char *token,
		      storeclient_reply_fn *reply, void *ctx);
int storeclient_unwatch(struct storeclient *client, const char *path, const char *token,
			storeclient_reply_fn *reply, void *ctx);

/** storeclient_hold() - keep back what is queued, so that more goes out in one write, until this is
 * called with false. */
void storeclient_hold(struct storeclient *client, bool hold);
/** storeclient_drop() - end the connection as if the daemon had: for one that does not answer. Not
 * from within a callback of the client. */
void storeclient_drop(struct storeclient *client);
/** storeclient_in_flight() - requests whose answer has not come yet. */
size_t storeclient_in_flight(const struct storeclient *client);
/** storeclient_unsent() - bytes that are queued and have not been written yet. */
size_t storeclient_unsent(const struct storeclient *client);
/** storeclient_latency_us() - how long it took from a request's leaving to its answer: the longest
 * that was seen since this was last asked, or what a request has been waiting for already. */
uint64_t storeclient_latency_us(struct storeclient *client);
bool storeclient_is_connected(const struct storeclient *client);

#endif
