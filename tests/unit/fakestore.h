/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A XenStore daemon for unit tests, on a socket of its own in the loop of the test. It answers what
 * a test's function tells it to, or nothing; frames can be cut and bent at will.
 */
#ifndef FAKESTORE_H
#define FAKESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct loop;
struct fakestore;

/* Called for each whole request; answers with the functions below, or later, or never. */
typedef void fakestore_request_fn(struct fakestore *store, const struct xsd_sockmsg *head,
				  const char *payload, void *ctx);

/** fakestore_new() - listen on a fresh path; freed by fakestore_free(). */
struct fakestore *fakestore_new(struct loop *loop, fakestore_request_fn *fn, void *ctx);
void fakestore_free(struct fakestore *store);

const char *fakestore_path(const struct fakestore *store);
unsigned int fakestore_n_connections(const struct fakestore *store); /* accepted so far */
unsigned int fakestore_n_reads(const struct fakestore *store);	     /* wakeups with data */

/** fakestore_answer() - the same type and id come back with @len bytes of @data. */
void fakestore_answer(struct fakestore *store, const struct xsd_sockmsg *head, const char *data,
		      size_t len);
/** fakestore_error() - answer with an error by its name on the wire. */
void fakestore_error(struct fakestore *store, const struct xsd_sockmsg *head, const char *name);
/** fakestore_event() - send a watch event. */
void fakestore_event(struct fakestore *store, const char *path, const char *token);
/** fakestore_send() - send bytes as they are. */
void fakestore_send(struct fakestore *store, const void *data, size_t len);
/** fakestore_hang_up() - close the connection, go on listening. */
void fakestore_hang_up(struct fakestore *store);
/** fakestore_stop_listening(), fakestore_listen() - be away, and come back on the same path. */
void fakestore_stop_listening(struct fakestore *store);
void fakestore_listen(struct fakestore *store, int backlog, bool accept);

#endif
