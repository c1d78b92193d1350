/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the events that wait for a slow client. A client that takes all of its output at
 * the end of each turn, as nearly all do, has no backlog and costs nothing here. For the others
 *
 * - an event that waits already is not queued a second time (special events always are);
 * - events that a guest leaves unread for too long are dropped;
 * - a guest whose requests caused events that wait is held back after so many requests, wherever
 *   the events wait (quota "outstanding").
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "model/table.h"

struct backlog;
struct conn;
struct protocol;

/* A request that caused events which wait; owned by the events, known to the sender. */
struct backlog_cause {
	struct conn *sender; /* borrowed: cleared when the sender goes */
	LIST_ENTRY(backlog_cause) own;
	uint32_t n_events;
	uint32_t answer;  /* number of its answer, see conn.n_answers */
	bool is_answered; /* that is sent: from now on, it is the events that count */
};

/* All backlogs of a protocol; zeroed, then backlog_set_init(). */
struct backlog_set {
	struct table waiting; /* events, by client, path and token */
	TAILQ_HEAD(, backlog) all;
};

int backlog_set_init(struct backlog_set *set);
void backlog_set_deinit(struct backlog_set *set);

/** backlog_begin() - @conn has not taken all of its output; without memory nothing is known of it
 */
void backlog_begin(struct conn *conn);
/** backlog_end() - forget what waits; nothing is dropped */
void backlog_end(struct conn *conn);

/** backlog_has() - does an event with this payload wait already? */
bool backlog_has(const struct conn *conn, const char *payload, uint32_t len);
/**
 * backlog_add() - an event was queued last
 * @payload: in its place in the queue
 * @cause:   in, out: of the request that caused it; made when first needed; NULL: nobody is blamed
 * @sender:  of that request
 */
void backlog_add(struct conn *conn, const char *payload, uint32_t len, struct backlog_cause **cause,
		 struct conn *sender);
/** backlog_sent() - the first @len bytes of the queue are sent */
void backlog_sent(struct conn *conn, uint32_t len);

/** backlog_answered() - answers of @conn, which has causes, were sent */
void backlog_answered(struct conn *conn);
/** backlog_disown() - @conn goes: what it caused is nobody's any more */
void backlog_disown(struct conn *conn);

/** backlog_expire() - drop events that guests have left unread for @timeout_ms */
void backlog_expire(struct protocol *protocol, uint64_t timeout_ms);
/** backlog_is_any() - is there anything that could expire? */
bool backlog_is_any(const struct protocol *protocol);

#endif
