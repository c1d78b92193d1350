/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients of the protocol without descriptors, and a host without Xen. */
#ifndef INPROC_H
#define INPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inproc;
struct inproc_client;
struct quota_account;

/* What came out of the daemon for one client. */
struct inproc_message {
	uint32_t type, req_id, tx_id, len;
	const char *payload; /* borrowed until the next inproc_…() */
};

/** inproc_new() - a daemon with an empty store; NULL if it cannot be had */
struct inproc *inproc_new(void);
/** inproc_free() - asserts that nothing is left behind */
void inproc_free(struct inproc *inproc);

/** inproc_client() - "dom0", "tools…" or "domN", made when first asked for; NULL: no such name */
struct inproc_client *inproc_client(struct inproc *inproc, const char *name);

/** inproc_send() - hand in bytes as they would arrive */
void inproc_send(struct inproc_client *client, const void *data, size_t len);
/** inproc_receive() - take one message; false: there is none */
bool inproc_receive(struct inproc_client *client, struct inproc_message *message);
/** inproc_flush() - the end of a turn: @n_bytes of its output can be sent, and no more */
void inproc_flush(struct inproc_client *client, uint32_t n_bytes);
/** inproc_set_time() - let the clock show @now_ms, and let old events expire after @timeout_ms */
void inproc_set_time(struct inproc *inproc, uint64_t now_ms, uint64_t timeout_ms);
/** inproc_account() - of the client's domain; borrowed */
const struct quota_account *inproc_account(const struct inproc_client *client);
/** inproc_is_killed() - was it cut off? */
bool inproc_is_killed(const struct inproc_client *client);

/** inproc_shut_down() - Xen says that domain @domid, below 256, has stopped by itself */
void inproc_shut_down(struct inproc *inproc, uint32_t domid);
/** inproc_end() - Xen says that it is gone */
void inproc_end(struct inproc *inproc, uint32_t domid);

#endif
