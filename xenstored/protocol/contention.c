/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client that fights has a contender; a node that is fought over has a queue of them. */
#include "protocol/contention.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "model/path.h"
#include "model/txn.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"

/* So often a tool loses before guests must wait for it, whatever they change. */
#define LOSSES_MAX 3
/* A transaction of a client that is alive takes a few round trips. */
#define HOLD_MS 10

struct contender {
	struct conn *conn;     /* borrowed: owns us */
	const struct txn *txn; /* that holds or waits; NULL: neither */
	struct queue *queue;   /* in which it holds or waits; NULL: none */
	TAILQ_ENTRY(contender) next;
	uint64_t hash;		/* of the node it lost */
	const struct txn *slow; /* had its turn, and did not end in time */
	bool is_exclusive;
};

/* A client whose change would spoil a holder's try: in waiters, then in released, then in none. */
struct contention_waiter {
	TAILQ_ENTRY(contention_waiter) next;
	struct waiter_list *list; /* borrowed; NULL: the change is to be made at once */
	struct conn *conn;	  /* borrowed: has a pointer to us */
	uint64_t hash;		  /* of the node that is held */
	bool for_exclusive;	  /* it waits for any holder who is that instead */
};

struct queue {
	struct table_link link;
	TAILQ_HEAD(contender_list, contender) contenders; /* the first one holds; never empty */
	uint64_t since_ms;				  /* the first one has had its turn */
	uint32_t n_ahead; /* changes that go before the first one begins */
};

int contention_init(struct contention *contention)
{
	TAILQ_INIT(&contention->waiters);
	TAILQ_INIT(&contention->released);
	return table_init(&contention->queues, 16);
}

void contention_deinit(struct contention *contention)
{
	table_deinit(&contention->queues);
}

static struct queue *find_queue(const struct protocol *protocol, uint64_t hash)
{
	struct table_link *link;

	for (link = table_first(&protocol->contention.queues, hash); link; link = link->next)
		if (link->hash == hash)
			return (struct queue *)link;
	return NULL;
}

static bool holds(const struct contender *contender)
{
	const struct queue *queue = contender->queue;

	return queue && !queue->n_ahead && TAILQ_FIRST(&queue->contenders) == contender;
}

static void count_waiting(const struct contender *contender, int n)
{
	struct contention *contention = &contender->conn->protocol->contention;

	contention->n_waiting += (uint32_t)n;
	if (contender->conn->watcher.subject.privileged)
		contention->n_tools_waiting += (uint32_t)n;
}

static void begin_turn(struct protocol *protocol, struct queue *queue)
{
	queue->since_ms = protocol->host->now_ms(protocol->host_ctx);
}

/* The first one, which has waited, has its turn. */
static void let_begin(struct protocol *protocol, struct queue *queue)
{
	struct contender *first = TAILQ_FIRST(&queue->contenders);

	queue->n_ahead = 0;
	count_waiting(first, -1);
	begin_turn(protocol, queue);
	conn_check_stall(first->conn);
}

static void unlist(struct contention *contention, struct contention_waiter *waiter)
{
	if (!waiter->list)
		return;
	TAILQ_REMOVE(waiter->list, waiter, next);
	waiter->list = NULL;
	contention->n_waiting--;
}

/* Who waits for the holder of @queue (NULL: none), or for an exclusive one, goes next. Returns how
 * many they are. */
static uint32_t release(struct contention *contention, const struct queue *queue, bool exclusive)
{
	struct contention_waiter *waiter, *next;
	uint32_t n = 0;

	TAILQ_FOREACH_SAFE(waiter, &contention->waiters, next, next)
	{
		if (waiter->for_exclusive ? !exclusive : !queue || waiter->hash != queue->link.hash)
			continue;
		TAILQ_REMOVE(&contention->waiters, waiter, next);
		waiter->list = &contention->released;
		waiter->hash = queue ? queue->link.hash : 0;
		TAILQ_INSERT_TAIL(&contention->released, waiter, next);
		n++;
	}
	return n;
}

/* Any of them may be gone by the time that it would be told. */
static void tell_released(struct contention *contention)
{
	struct contention_waiter *waiter;

	while ((waiter = TAILQ_FIRST(&contention->released))) {
		unlist(contention, waiter);
		conn_check_stall(waiter->conn);
	}
}

static void forget_waiter(struct conn *conn)
{
	struct contention_waiter *waiter = conn->waiter;
	struct protocol *protocol = conn->protocol;
	bool was_ahead = waiter->list != &protocol->contention.waiters;
	struct queue *queue = was_ahead ? find_queue(protocol, waiter->hash) : NULL;

	unlist(&protocol->contention, waiter);
	conn->waiter = NULL;
	free(waiter);
	if (queue && queue->n_ahead && !--queue->n_ahead)
		let_begin(protocol, queue);
}

/* Returns whether others were waiting. */
static bool leave_queue(struct contender *contender)
{
	struct protocol *protocol = contender->conn->protocol;
	struct contention *contention = &protocol->contention;
	struct queue *queue = contender->queue;
	bool held = holds(contender), was_exclusive = contender->is_exclusive;
	struct contender *next;
	uint32_t n_ahead;

	contender->queue = NULL;
	contender->txn = NULL;
	contender->is_exclusive = false;
	contention->n_exclusive -= was_exclusive;
	if (!held)
		count_waiting(contender, -1);
	TAILQ_REMOVE(&queue->contenders, contender, next);
	next = TAILQ_FIRST(&queue->contenders);
	n_ahead = release(contention, held || !next ? queue : NULL, was_exclusive);
	if (!next) {
		table_remove(&contention->queues, &queue->link);
		free(queue);
	} else if (held && n_ahead) {
		queue->n_ahead = n_ahead;
		begin_turn(protocol, queue);
	} else if (held) {
		let_begin(protocol, queue);
	}
	tell_released(contention);
	return next;
}

void contention_lost(struct conn *conn, uint64_t hash)
{
	struct contender *contender = conn->contender;

	if (!contender) {
		contender = calloc(1, sizeof(*contender));
		if (!contender)
			return;
		contender->conn = conn;
		conn->contender = contender;
	}
	if (!contender->queue)
		contender->hash = hash;
	if (conn->n_losses < LOSSES_MAX)
		conn->n_losses++;
}

/* Guests must not be able to hold up the tools. */
static bool would_wait_for_lesser(const struct contender *contender, const struct queue *queue)
{
	const struct contender *last = TAILQ_LAST(&queue->contenders, contender_list);

	return contender->conn->watcher.subject.privileged &&
	       !last->conn->watcher.subject.privileged;
}

bool contention_enter(struct conn *conn, struct txn *txn)
{
	struct contender *contender = conn->contender;
	struct protocol *protocol = conn->protocol;
	struct queue *queue;

	if (!contender || contender->txn)
		return !contender || contender->txn != txn || holds(contender);
	queue = find_queue(protocol, contender->hash);
	if (queue && would_wait_for_lesser(contender, queue))
		return true;
	if (!queue) {
		queue = calloc(1, sizeof(*queue));
		if (!queue)
			return true;
		TAILQ_INIT(&queue->contenders);
		table_add(&protocol->contention.queues, &queue->link, contender->hash);
		begin_turn(protocol, queue);
	} else {
		count_waiting(contender, 1);
	}
	contender->txn = txn;
	contender->slow = NULL;
	contender->queue = queue;
	contender->is_exclusive = conn->watcher.subject.privileged && conn->n_losses == LOSSES_MAX;
	if (contender->is_exclusive)
		protocol->contention.n_exclusive++;
	TAILQ_INSERT_TAIL(&queue->contenders, contender, next);
	return holds(contender);
}

bool contention_is_waiting(const struct conn *conn)
{
	return (conn->waiter && conn->waiter->list) ||
	       (conn->contender && conn->contender->queue && !holds(conn->contender));
}

static bool is_held_for_another(const struct conn *conn, uint64_t hash)
{
	const struct queue *queue = find_queue(conn->protocol, hash);
	const struct conn *holder = queue ? TAILQ_FIRST(&queue->contenders)->conn : NULL;

	return holder && holder != conn &&
	       (holder->watcher.subject.privileged || !conn->watcher.subject.privileged);
}

static bool path_is_held(const struct conn *conn, const struct path *path, uint64_t *hash)
{
	/* All above: they may be created on the way, and the parent's children change. */
	for (uint32_t level = 0; level <= path->n_levels; level++)
		if (is_held_for_another(conn, path->hash[level])) {
			*hash = path->hash[level];
			return true;
		}
	return false;
}

/* The node, or one of those that go with it. */
static bool tn_is_held(const struct conn *conn, const struct txn_node *tn, uint64_t *hash)
{
	struct node *node = tn->is_cut ? tn->base : NULL;

	*hash = tn->link.hash;
	if (is_held_for_another(conn, *hash))
		return true;
	for (; node; node = store_next_preorder(tn->base, node)) {
		*hash = node->link.hash;
		if (is_held_for_another(conn, *hash))
			return true;
	}
	return false;
}

static bool txn_is_held(const struct conn *conn, const struct txn *txn, uint64_t *hash)
{
	const struct txn_node *tn;

	/* It goes on at its own risk, and at that of those after it. */
	if (!txn->n_changes || (conn->contender && conn->contender->slow == txn))
		return false;
	STAILQ_FOREACH (tn, &txn->order, order)
		if ((tn->value || tn->perms || tn->created || tn->removed) &&
		    tn_is_held(conn, tn, hash))
			return true;
	return false;
}

bool contention_would_spoil(struct conn *conn, const struct path *path, const struct txn *txn)
{
	struct contention *contention = &conn->protocol->contention;
	bool for_exclusive = contention->n_exclusive && !conn->watcher.subject.privileged;
	struct contention_waiter *waiter;
	uint64_t hash = 0;

	/* It has waited. */
	if (conn->waiter)
		return false;
	if (!for_exclusive &&
	    !(txn ? txn_is_held(conn, txn, &hash) : path_is_held(conn, path, &hash)))
		return false;
	waiter = malloc(sizeof(*waiter));
	if (!waiter)
		return false;
	*waiter = (struct contention_waiter){ .list = &contention->waiters,
					      .conn = conn,
					      .hash = hash,
					      .for_exclusive = for_exclusive };
	conn->waiter = waiter;
	TAILQ_INSERT_TAIL(&contention->waiters, waiter, next);
	contention->n_waiting++;
	return true;
}

void contention_passed(struct conn *conn)
{
	forget_waiter(conn);
}

void contention_leave(struct conn *conn, const struct txn *txn)
{
	struct contender *contender = conn->contender;

	if (!contender || contender->txn != txn || !contender->queue)
		return;
	/* As long as others want the same, it queues with them. */
	if (leave_queue(contender))
		return;
	conn->contender = NULL;
	free(contender);
}

void contention_forget(struct conn *conn)
{
	struct contender *contender = conn->contender;

	if (conn->waiter)
		forget_waiter(conn);
	if (!contender)
		return;
	conn->contender = NULL;
	if (contender->queue)
		leave_queue(contender);
	free(contender);
}

void contention_hurry(struct protocol *protocol)
{
	uint64_t now_ms = protocol->host->now_ms(protocol->host_ctx);
	struct table *queues = &protocol->contention.queues;

	/* Queues are few: there is one for each node that is fought over right now. */
	for (uint32_t i = 0; i < queues->n_buckets && protocol->contention.n_waiting; i++) {
		struct table_link *link = queues->buckets[i], *next;

		for (; link; link = next) {
			struct queue *queue = (struct queue *)link;
			struct contender *first = TAILQ_FIRST(&queue->contenders);

			next = link->next;
			if (now_ms < queue->since_ms + HOLD_MS)
				continue;
			if (queue->n_ahead) {
				let_begin(protocol, queue);
			} else if (TAILQ_NEXT(first, next) ||
				   !TAILQ_EMPTY(&protocol->contention.waiters)) {
				first->slow = first->txn;
				leave_queue(first);
			}
		}
	}
}
