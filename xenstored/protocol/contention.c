/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client that fights has a contender; a node that is fought over has a queue of them. */
#include "protocol/contention.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "protocol/conn.h"
#include "protocol/protocol.h"

/* A transaction of a client that is alive takes a few round trips. */
#define HOLD_MS 10

struct contender {
	struct conn *conn;     /* borrowed: owns us */
	const struct txn *txn; /* that holds or waits; NULL: neither */
	struct queue *queue;   /* in which it holds or waits; NULL: none */
	TAILQ_ENTRY(contender) next;
	uint64_t hash; /* of the node it lost */
};

struct queue {
	struct table_link link;
	TAILQ_HEAD(contender_list, contender) contenders; /* the first one holds; never empty */
	uint64_t since_ms;				  /* the first one has had its turn */
};

int contention_init(struct contention *contention)
{
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
	return contender->queue && TAILQ_FIRST(&contender->queue->contenders) == contender;
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

/* Returns whether others were waiting. */
static bool leave_queue(struct contender *contender)
{
	struct protocol *protocol = contender->conn->protocol;
	struct queue *queue = contender->queue;
	bool held = holds(contender);
	struct contender *next;

	contender->queue = NULL;
	contender->txn = NULL;
	TAILQ_REMOVE(&queue->contenders, contender, next);
	if (!held)
		count_waiting(contender, -1);
	next = TAILQ_FIRST(&queue->contenders);
	if (!next) {
		table_remove(&protocol->contention.queues, &queue->link);
		free(queue);
		return false;
	}
	if (held) {
		count_waiting(next, -1);
		begin_turn(protocol, queue);
		conn_check_stall(next->conn);
	}
	return true;
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
	contender->queue = queue;
	TAILQ_INSERT_TAIL(&queue->contenders, contender, next);
	return holds(contender);
}

bool contention_is_waiting(const struct conn *conn)
{
	return conn->contender && conn->contender->queue && !holds(conn->contender);
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
			if (TAILQ_NEXT(first, next) && now_ms >= queue->since_ms + HOLD_MS)
				leave_queue(first);
		}
	}
}
