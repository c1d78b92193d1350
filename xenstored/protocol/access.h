/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The access log: who has changed what, a line each, in the form that readers of oxenstored's know.
 * Requests that only read, transactions and the introduction of domains are written if asked for.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "protocol/sink.h"

struct access;
struct conn;

struct access_options {
	struct sink_options sink;
	bool reads;   /* READ, DIRECTORY, GET_PERMS, and that there is no such node */
	bool txns;    /* the start and the end of transactions; how they ended is always written */
	bool special; /* INTRODUCE, RELEASE, GET_DOMAIN_PATH, IS_DOMAIN_INTRODUCED, RESUME */
};

/* What is no message. */
enum access_note { ACCESS_NEW_CONN, ACCESS_END_CONN, ACCESS_COMMIT, ACCESS_CONFLICT };

/** access_new() - open it; 0 or as sink_new() */
int access_new(struct access **out, const struct access_options *options);
void access_free(struct access *access);
DEFINE_CLEANUP(struct access *, access_free)

/** access_reopen() - as sink_reopen() */
int access_reopen(struct access *access);

/**
 * access_message() - a request of @conn, or an answer or event to it
 * @tx_id: its transaction, or 0
 */
void access_message(struct access *access, const struct conn *conn, bool is_request, uint32_t tx_id,
		    uint32_t type, const char *payload, uint32_t len);
void access_note(struct access *access, const struct conn *conn, uint32_t tx_id,
		 enum access_note note);

#endif
