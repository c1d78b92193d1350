/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client, whatever carries its bytes: the watcher and the open transactions that belong to it,
 * what it has half sent, what waits to be sent to it. The transport (socket or ring) hands in bytes
 * and takes them out; everything between is the protocol's.
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "model/watch.h"
#include "protocol/outq.h"

struct backlog;
struct backlog_cause;
struct conn;
struct contender;
struct protocol;
struct txn;

struct conn_transport {
	/* There is output where there was none; take it at the end of the turn. */
	void (*wake)(struct conn *conn);
	/* The peer broke the protocol: never hear of it again. */
	void (*kill)(struct conn *conn, const char *why);
	/* A ring's index up to which requests were taken; NULL: a socket. */
	uint32_t (*taken)(const struct conn *conn);
	/* It was held back and need not be any more: give it another turn. */
	void (*resume)(struct conn *conn);
};

/* What the observer of the protocol knows of a client. Zeroed: the client ends with the daemon. */
struct conn_record {
	uint64_t id; /* never given twice */
	TAILQ_ENTRY(conn) all;
	STAILQ_ENTRY(conn) touched;
	uint32_t out_start; /* the first byte that waits, counted from the client's first one */
	uint32_t out_known; /* what waits is written down up to here */
	uint32_t slow_at;
	bool is_touched : 1;
	bool has_input : 1;	/* there is input, as far as is written down */
	bool is_slow : 1;	/* it did not take all of its output at once */
	bool is_slow_known : 1; /* that is written down, and that it waits from slow_at on */
	bool is_rewritten : 1;	/* what waits is not what waited */
};

struct conn {
	struct protocol *protocol; /* borrowed: outlives all connections */
	const struct conn_transport *transport;
	struct watcher watcher;
	struct outq out;
	LIST_HEAD(, txn) txns;		   /* owned; youngest first */
	struct contention_waiter *waiter;  /* owned by the contention; NULL: waits for nobody */
	struct contender *contender;	   /* owned; NULL: it lost no conflict lately */
	struct backlog *backlog;	   /* owned; NULL: it takes all it is sent */
	LIST_HEAD(, backlog_cause) causes; /* its requests whose events wait; owned by those */
	char *in; /* owned: a message that is not complete, or not yet due */
	uint32_t in_len;
	uint32_t next_txid;
	uint32_t txns_since_ms; /* there has been an open transaction at any time since; wraps */
	uint32_t n_answers;	/* queued so far; wraps */
	uint16_t features;	/* WIRE_FEATURE_* */
	uint8_t n_losses;	/* conflicts in a row, up to where it matters */
	bool is_stalled : 1;	/* requests wait until it has taken what was sent */
	bool has_more : 1;	/* there are requests that wait for another turn */
	bool is_dead : 1; /* the transport has given it up: nothing is served or sent any more */
	bool is_read_only : 1; /* asks only */
	uint32_t number;       /* of all clients so far; wraps */
	struct conn_record record;
};

/**
 * conn_init() - make a client
 * @conn:    embedded in its transport
 * @subject: who it is
 * @account: borrowed until conn_deinit()
 */
void conn_init(struct conn *conn, struct protocol *protocol, const struct conn_transport *transport,
	       const struct subject *subject, struct quota_account *account);
/** conn_reset() - drop watches, transactions, and all that is half received or not yet sent */
void conn_reset(struct conn *conn);
void conn_deinit(struct conn *conn);

/**
 * conn_consume() - serve the whole messages at the front of @data
 * @data, @len: what was received and not yet consumed
 *
 * Return: bytes consumed; the rest is to be kept with conn_keep(). -EPROTO: a message too long, the
 * connection is of no use any more.
 */
int conn_consume(struct conn *conn, const char *data, uint32_t len);

/** conn_keep() - keep @len bytes, up to a message, until more comes; 0 or -ENOMEM */
int conn_keep(struct conn *conn, const char *data, uint32_t len);
/** conn_take_kept() - get what was kept into @buf (room for WIRE_MESSAGE_MAX); returns its length
 */
uint32_t conn_take_kept(struct conn *conn, char *buf);

/** conn_message() - room for the payload of a message to the client, which is queued; NULL: no
 * memory */
char *conn_message(struct conn *conn, uint32_t type, uint32_t req_id, uint32_t tx_id, uint32_t len);
/** conn_sent() - @len bytes of output are on their way */
void conn_sent(struct conn *conn, uint32_t len);

/** conn_flushed() - as much as possible of the output was sent; once per flush */
void conn_flushed(struct conn *conn);
/** conn_check_stall() - if it was held back and need not be any more, let it go on */
void conn_check_stall(struct conn *conn);
/** conn_touch() - tell the observer that input or output has changed */
void conn_touch(struct conn *conn);

/**
 * conn_restore_output() - queue what was queued before a restart
 * @head_left: so many bytes at the front are the end of a message
 * @head_is_answer: and that is no event
 *
 * Return: 0, -ENOMEM, or -EBADMSG (not messages).
 */
int conn_restore_output(struct conn *conn, const char *data, uint32_t len, uint32_t head_left,
			bool head_is_answer);

/** conn_event() - the watch_event_fn of all connections */
void conn_event(void *ctx, struct watch *watch, const char *path, uint32_t len, void *cause);

/** conn_find_txn() - its open transaction @id, or NULL */
struct txn *conn_find_txn(const struct conn *conn, uint32_t id);
/** conn_drop_watches() - remove all */
void conn_drop_watches(struct conn *conn);
/** conn_drop_txns() - abort all */
void conn_drop_txns(struct conn *conn);

#endif
