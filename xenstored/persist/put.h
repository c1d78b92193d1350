/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing entries, to the journal or to a chunk of the image. */
#ifndef PUT_H
#define PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/quota.h"
#include "persist/entry.h"

struct conn;
struct journal_gap;
struct node;
struct path;
struct watch;

/* Where entries go. Without room they are lost, which the owner of the sink notices. */
struct put_sink {
	/* Room for @len bytes, a multiple of 8, to be filled at once; or NULL. */
	void *(*room)(void *ctx, uint32_t len);
	void *ctx;
	struct journal_gap *gap; /* taken first; borrowed from the journal, or NULL */
};

void put_node(const struct put_sink *sink, const struct node *node);
void put_value(const struct put_sink *sink, const struct node *node);
void put_perms(const struct put_sink *sink, const struct node *node);
void put_remove(const struct put_sink *sink, const struct node *top);
void put_quota(const struct put_sink *sink, uint32_t domid, enum quota_item item, bool soft,
	       uint32_t limit);
void put_domain(const struct put_sink *sink, const struct entry_domain *domain);
void put_domain_end(const struct put_sink *sink, uint32_t domid);
/** put_client() - that there is a client; nothing of what belongs to it */
void put_client(const struct put_sink *sink, const struct conn *conn);
/** put_client_event() - CLIENT_END or RESET */
void put_client_event(const struct put_sink *sink, uint16_t type, uint16_t flags, uint64_t id);
void put_gap(const struct put_sink *sink);
void put_watch(const struct put_sink *sink, uint64_t client, const struct watch *watch);
void put_unwatch(const struct put_sink *sink, uint64_t client, const struct path *path,
		 const char *token);
/** put_txn() - TXN or TXN_END */
void put_txn(const struct put_sink *sink, uint16_t type, uint64_t client, uint32_t txid);
/** put_slow() - @flags: ENTRY_SLOW_OVER or ENTRY_SLOW_ANEW */
void put_slow(const struct put_sink *sink, uint16_t flags, const struct conn *conn);
/** put_stream() - INPUT, TAKEN or OUTPUT */
void put_stream(const struct put_sink *sink, uint16_t type, uint64_t client, uint32_t at,
		const char *bytes, uint32_t n_bytes);
/** put_output() - what waits in the client's queue from position @at of its stream on */
void put_output(const struct put_sink *sink, const struct conn *conn, uint32_t at);
/** put_client_whole() - all that is held for a client, beginning with itself */
void put_client_whole(const struct put_sink *sink, const struct conn *conn);

#endif
