/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who lost a conflict gets a better chance: on its next transaction the client takes a number, one
 * queue for each node that was fought over, and waits with its first request inside until those
 * before it have committed. So those who want the same node follow each other, instead of all but
 * one failing each time. Nobody waits long: a holder has HOLD_MS, then the next one goes.
 *
 * Only losers queue, and only among themselves; tools never wait for guests. But while one holds,
 * changes to the node it lost wait as well, or whoever writes all the time would win each time. A
 * change waits for one holder; then it goes before the next one begins, or where many fight it
 * would never be made. If a tool still loses, time and again, because of one node now and of
 * another then, all changes of guests wait during its next try.
 */
#ifndef CONTENTION_H
#define CONTENTION_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/queue.h>

#include "model/table.h"

struct conn;
struct contention_waiter;
struct path;
struct protocol;
struct txn;

/* The queues; zeroed, then contention_init(). */
struct contention {
	struct table queues;				    /* by hash of the node's path */
	TAILQ_HEAD(waiter_list, contention_waiter) waiters; /* owned, as the next */
	struct waiter_list released; /* wait no more, but their clients do not know it yet */
	uint32_t n_waiting;
	uint32_t n_tools_waiting; /* of these; they wait for each other */
	uint32_t n_exclusive;	  /* holders before whom all changes of guests wait */
};

int contention_init(struct contention *contention);
void contention_deinit(struct contention *contention);

/** contention_lost() - a commit of @conn failed because of the node whose path has this hash */
void contention_lost(struct conn *conn, uint64_t hash);

/**
 * contention_enter() - may @txn of @conn, which has done nothing yet, begin?
 *
 * Return: false: not yet; contention_is_waiting() until then, and conn_check_stall() after it.
 */
bool contention_enter(struct conn *conn, struct txn *txn);
/** contention_is_any() - is anybody trying again? */
static inline bool contention_is_any(const struct contention *contention)
{
	return contention->queues.n_links;
}
bool contention_is_waiting(const struct conn *conn);

/**
 * contention_would_spoil() - would this change make a holder lose again?
 * @conn: whose; it waits then, as for contention_enter()
 * @path: of the node that is to change; NULL:
 * @txn:  is about to commit
 */
bool contention_would_spoil(struct conn *conn, const struct path *path, const struct txn *txn);
/** contention_passed() - the change with which @conn, which has a waiter, had waited is made */
void contention_passed(struct conn *conn);

/** contention_leave() - @txn of @conn is over */
void contention_leave(struct conn *conn, const struct txn *txn);
/** contention_forget() - @conn goes, or has lost everything */
void contention_forget(struct conn *conn);

/** contention_hurry() - holders that others have waited for too long give way */
void contention_hurry(struct protocol *protocol);

#endif
