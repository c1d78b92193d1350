/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First the nodes, parents before children and children in their order; then the clients, each
 * whole in one step; at last domains and limits, all in one step. Before and after, a step finds or
 * gives back some pages.
 */
#include "persist/checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "model/store.h"
#include "persist/persist_priv.h"
#include "persist/put.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"

enum phase { PREPARE, SPECIALS, NODES, CLIENTS, DOMAINS, COMPLETE, DROP, DONE };

struct checkpoint {
	struct persist *persist;     /* borrowed: owns us */
	struct image_writer *writer; /* owned */
	struct put_sink sink;
	char *chunk;	  /* borrowed from the writer */
	uint32_t n_bytes; /* in chunk */
	int error;
	enum phase phase;
	const struct node *node; /* borrowed: the next one, kept valid by checkpoint_removing() */
	const struct conn *conn; /* likewise */
	uint64_t n_nodes;
	uint64_t serial; /* of the last turn that is in it */
};

static void write_chunk(struct checkpoint *checkpoint)
{
	if (checkpoint->n_bytes && !checkpoint->error)
		checkpoint->error = image_write(checkpoint->writer,
						journal_serial(checkpoint->persist->journal),
						checkpoint->n_bytes);
	checkpoint->n_bytes = 0;
}

static void *chunk_room(void *ctx, uint32_t len)
{
	struct checkpoint *checkpoint = ctx;
	char *room;

	assert(len <= IMAGE_CHUNK_MAX);
	if (len > IMAGE_CHUNK_MAX - checkpoint->n_bytes)
		write_chunk(checkpoint);
	room = checkpoint->chunk + checkpoint->n_bytes;
	checkpoint->n_bytes += len;
	return room;
}

int checkpoint_new(struct checkpoint **out, struct persist *persist)
{
	CLEANUP(checkpoint_free) struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
	const struct journal_state *state = journal_state(persist->journal);
	struct image_info info = { .number = state->number };
	int r;

	if (!checkpoint)
		return -ENOMEM;
	checkpoint->persist = persist;
	memcpy(info.id, state->id, sizeof(info.id));
	r = image_create(&checkpoint->writer, persist->dir, &info, persist->log);
	if (r < 0)
		return r;
	checkpoint->chunk = image_buffer(checkpoint->writer);
	checkpoint->sink = (struct put_sink){ .room = chunk_room, .ctx = checkpoint };
	checkpoint->node = persist->protocol->store->root;
	checkpoint->conn = TAILQ_FIRST(&persist->clients);
	*out = STEAL(checkpoint);
	return 0;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	image_writer_free(checkpoint->writer);
	free(checkpoint);
}

uint64_t checkpoint_bytes(const struct checkpoint *checkpoint)
{
	return image_writer_bytes(checkpoint->writer);
}

/* The next node that is not below @node. */
static const struct node *next_beside(const struct node *node)
{
	for (; node; node = node->parent)
		if (node->parent && TAILQ_NEXT(node, sibling))
			return TAILQ_NEXT(node, sibling);
	return NULL;
}

static void step_nodes(struct checkpoint *checkpoint)
{
	while (checkpoint->node && checkpoint->n_bytes < checkpoint->persist->step_bytes) {
		const struct node *node = checkpoint->node;

		put_node(&checkpoint->sink, node);
		checkpoint->n_nodes++;
		checkpoint->node = node_first_child(node);
		if (!checkpoint->node)
			checkpoint->node = next_beside(node);
	}
	if (!checkpoint->node)
		checkpoint->phase = CLIENTS;
}

void checkpoint_removing(struct checkpoint *checkpoint, const struct node *top)
{
	for (const struct node *node = checkpoint->node; node; node = node->parent)
		if (node == top) {
			checkpoint->node = next_beside(top);
			return;
		}
}

static void step_clients(struct checkpoint *checkpoint)
{
	while (checkpoint->conn && checkpoint->n_bytes < checkpoint->persist->step_bytes) {
		put_client_whole(&checkpoint->sink, checkpoint->conn);
		checkpoint->conn = TAILQ_NEXT(checkpoint->conn, record.all);
	}
	if (!checkpoint->conn)
		checkpoint->phase = DOMAINS;
}

void checkpoint_forgetting(struct checkpoint *checkpoint, const struct conn *conn)
{
	if (checkpoint->conn == conn)
		checkpoint->conn = TAILQ_NEXT(conn, record.all);
}

static void put_limits(const struct put_sink *sink, const struct quota *quota,
		       const struct quota_account *account)
{
	for (int soft = 0; soft < 2; soft++)
		for (enum quota_item i = 0; i < QUOTA_N; i++) {
			uint32_t all = quota_limit(quota, i, soft);
			uint32_t own = 0;

			if (account)
				own = soft ? account->soft[i] : account->limit[i];
			if (!account)
				put_quota(sink, ENTRY_ALL_DOMAINS, i, soft, all);
			else if (own != all)
				put_quota(sink, account->domid, i, soft, own);
		}
}

static void step_domains(struct checkpoint *checkpoint)
{
	const struct persist *persist = checkpoint->persist;
	const struct quota *quota = persist->protocol->quota;
	struct entry_domain *const *domains = persist->domains;
	const struct quota_account *account;

	for (uint32_t domid = 0; domid < QUOTA_DOMID_MAX; domid++)
		if (domains[domid])
			put_domain(&checkpoint->sink, domains[domid]);
	put_limits(&checkpoint->sink, quota, NULL);
	for (account = quota_next(quota, -1); account;
	     account = quota_next(quota, (int)account->domid))
		put_limits(&checkpoint->sink, quota, account);
	/* What is put into place later knows nothing of the turns between. */
	checkpoint->serial = journal_serial(persist->journal);
	checkpoint->phase = COMPLETE;
}

static void step_specials(struct checkpoint *checkpoint)
{
	for (int i = 0; i < STORE_N_SPECIAL; i++)
		put_node(&checkpoint->sink, checkpoint->persist->protocol->store->specials[i]);
	checkpoint->phase = NODES;
}

static void step_prepare(struct checkpoint *checkpoint)
{
	const struct persist *persist = checkpoint->persist;

	/* Where there is hardly any room it is taken when it is needed. */
	if (persist->is_tight || !image_prepare(checkpoint->writer, persist->image_file_bytes))
		checkpoint->phase = SPECIALS;
}

static void step_complete(struct checkpoint *checkpoint)
{
	struct persist *persist = checkpoint->persist;

	checkpoint->error = image_finish(checkpoint->writer, checkpoint->serial,
					 checkpoint->n_nodes, &persist->image_file_bytes);
	checkpoint->phase = DROP;
}

static void step_drop(struct checkpoint *checkpoint)
{
	/* What is left goes when the writer is freed. */
	if (checkpoint->persist->is_tight || !image_drop_old(checkpoint->writer))
		checkpoint->phase = DONE;
}

int checkpoint_step(struct checkpoint *checkpoint)
{
	static void (*const steps[])(struct checkpoint *) = {
		[PREPARE] = step_prepare, [SPECIALS] = step_specials, [NODES] = step_nodes,
		[CLIENTS] = step_clients, [DOMAINS] = step_domains,   [COMPLETE] = step_complete,
		[DROP] = step_drop,
	};

	steps[checkpoint->phase](checkpoint);
	write_chunk(checkpoint);
	if (checkpoint->error)
		return checkpoint->error;
	return checkpoint->phase != DONE;
}
