/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes what it hears in the record of the turn, and decides when to take an image. */
#include "persist/persist.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/quota.h"
#include "model/store.h"
#include "persist/checkpoint.h"
#include "persist/inflight.h"
#include "persist/persist_priv.h"
#include "persist/room.h"
#include "persist/saved.h"
#include "persist/statedir.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "step.h"

/* An image is due when the journal is so much larger than the last one, or than this. */
#define JOURNAL_PER_IMAGE 2
#define JOURNAL_MIN	  (4u * 1024 * 1024)
#define STEP_BYTES	  (16u * 1024)
/* After an image could not be written, or has not made room. */
#define RETRY_MS 1000

static void heard_added(void *ctx, const struct node *node)
{
	put_node(&((struct persist *)ctx)->sink, node);
}

static void heard_value(void *ctx, const struct node *node)
{
	put_value(&((struct persist *)ctx)->sink, node);
}

static void heard_perms(void *ctx, const struct node *node)
{
	put_perms(&((struct persist *)ctx)->sink, node);
}

static void heard_removing(void *ctx, const struct node *top)
{
	struct persist *persist = ctx;

	put_remove(&persist->sink, top);
	if (persist->checkpoint)
		checkpoint_removing(persist->checkpoint, top);
}

static const struct store_observer store_observer = {
	.added = heard_added,
	.value_set = heard_value,
	.perms_set = heard_perms,
	.removing = heard_removing,
};

static void heard_limit(void *ctx, const struct quota_account *account, enum quota_item item,
			bool soft, uint32_t limit)
{
	put_quota(&((struct persist *)ctx)->sink, account ? account->domid : ENTRY_ALL_DOMAINS,
		  item, soft, limit);
}

void persist_touch(struct persist *persist, struct conn *conn)
{
	conn->record.is_touched = true;
	STAILQ_INSERT_TAIL(&persist->touched, conn, record.touched);
}

static void heard_touched(void *ctx, struct conn *conn)
{
	persist_touch(ctx, conn);
}

static void heard_watched(void *ctx, struct conn *conn, const struct watch *watch)
{
	put_watch(&((struct persist *)ctx)->sink, conn->record.id, watch);
}

static void heard_unwatched(void *ctx, struct conn *conn, const struct path *path,
			    const char *token)
{
	put_unwatch(&((struct persist *)ctx)->sink, conn->record.id, path, token);
}

static void heard_txn_begun(void *ctx, struct conn *conn, uint32_t id)
{
	put_txn(&((struct persist *)ctx)->sink, ENTRY_TXN, conn->record.id, id);
}

static void heard_txn_ended(void *ctx, struct conn *conn, uint32_t id)
{
	put_txn(&((struct persist *)ctx)->sink, ENTRY_TXN_END, conn->record.id, id);
}

static void heard_reset(void *ctx, struct conn *conn, bool all)
{
	struct conn_record *record = &conn->record;

	put_client_event(&((struct persist *)ctx)->sink, ENTRY_RESET, all ? ENTRY_RESET_ALL : 0,
			 record->id);
	if (!all)
		return;
	/* What waits is dropped as if it had been sent. */
	record->out_known = record->out_start + conn->out.n_bytes;
	record->is_slow = record->has_input = record->is_rewritten = false;
}

static const struct protocol_observer protocol_observer = {
	.touched = heard_touched,
	.watched = heard_watched,
	.unwatched = heard_unwatched,
	.txn_begun = heard_txn_begun,
	.txn_ended = heard_txn_ended,
	.reset = heard_reset,
};

static void listen_to(struct persist *persist)
{
	struct protocol *protocol = persist->protocol;

	persist->sink =
		(struct put_sink){ .room = room_get, .ctx = persist, .gap = room_gap(persist) };
	protocol->store->observer = &store_observer;
	protocol->store->observer_ctx = persist;
	quota_observe(protocol->quota, heard_limit, persist);
	protocol->observer = &protocol_observer;
	protocol->observer_ctx = persist;
}

int persist_new(struct persist **out, struct protocol *protocol,
		const struct persist_options *options, struct log *log)
{
	CLEANUP(persist_free) struct persist *persist = calloc(1, sizeof(*persist));
	int r;

	if (!persist)
		return -ENOMEM;
	persist->protocol = protocol;
	persist->log = log;
	persist->dir_fd = persist->lock_fd = -1;
	TAILQ_INIT(&persist->clients);
	STAILQ_INIT(&persist->touched);
	persist->journal_max = options->journal_bytes;
	persist->next_id = options->first_id;
	persist->step_bytes = options->step_bytes ? options->step_bytes : STEP_BYTES;
	persist->dir = strdup(options->dir);
	persist->domains = calloc(QUOTA_DOMID_MAX, sizeof(*persist->domains));
	if (!persist->dir || !persist->domains)
		return -ENOMEM;
	r = statedir_open(persist, options);
	if (r < 0)
		return r;
	listen_to(persist);
	room_make(persist);
	*out = STEAL(persist);
	return 0;
}

void persist_free(struct persist *persist)
{
	if (!persist)
		return;
	while (!TAILQ_EMPTY(&persist->clients)) {
		struct conn *conn = TAILQ_FIRST(&persist->clients);

		TAILQ_REMOVE(&persist->clients, conn, record.all);
		conn->record = (struct conn_record){ 0 };
	}
	if (persist->protocol->store->observer_ctx == persist) {
		persist->protocol->store->observer = NULL;
		persist->protocol->observer = NULL;
		quota_observe(persist->protocol->quota, NULL, NULL);
	}
	checkpoint_free(persist->checkpoint);
	inflight_free(persist->inflight);
	saved_free(persist->saved);
	journal_free(persist->journal);
	for (uint32_t i = 0; persist->domains && i < QUOTA_DOMID_MAX; i++)
		free(persist->domains[i]);
	free(persist->domains);
	if (persist->dir_fd >= 0)
		close(persist->dir_fd);
	if (persist->lock_fd >= 0)
		close(persist->lock_fd);
	free(persist->dir);
	free(persist);
}

struct inflight *persist_inflight(const struct persist *persist)
{
	return persist->inflight;
}

const struct saved *persist_saved(const struct persist *persist)
{
	return persist->saved;
}

bool persist_is_new(const struct persist *persist)
{
	return !persist->is_copy && journal_serial(persist->journal) == 0;
}

void persist_keep(struct persist *persist, struct conn *conn, uint64_t id, uint32_t out_at)
{
	conn->record = (struct conn_record){ .id = id, .out_start = out_at, .out_known = out_at };
	TAILQ_INSERT_TAIL(&persist->clients, conn, record.all);
}

void persist_add_client(struct persist *persist, struct conn *conn, uint32_t out_at)
{
	assert(!conn->record.id && !conn->out.n_bytes);
	persist_keep(persist, conn, persist->next_id++, out_at);
	put_client(&persist->sink, conn);
}

void persist_remove_client(struct persist *persist, struct conn *conn)
{
	struct conn_record *record = &conn->record;

	if (!record->id)
		return;
	put_client_event(&persist->sink, ENTRY_CLIENT_END, 0, record->id);
	if (persist->checkpoint)
		checkpoint_forgetting(persist->checkpoint, conn);
	TAILQ_REMOVE(&persist->clients, conn, record.all);
	if (record->is_touched)
		STAILQ_REMOVE(&persist->touched, conn, conn, record.touched);
	persist->has_left |= record->is_touched && conn->out.n_bytes;
	*record = (struct conn_record){ 0 };
}

void persist_set_domain(struct persist *persist, const struct entry_domain *domain)
{
	struct entry_domain *copy = persist->domains[domain->domid];

	if (!copy)
		copy = persist->domains[domain->domid] = malloc(sizeof(*copy));
	if (copy)
		*copy = *domain;
	put_domain(&persist->sink, domain);
}

void persist_end_domain(struct persist *persist, uint32_t domid)
{
	free(persist->domains[domid]);
	persist->domains[domid] = NULL;
	put_domain_end(&persist->sink, domid);
}

/* From where on output waits that was not taken at once. */
static void note_slow(struct persist *persist, struct conn *conn)
{
	struct conn_record *record = &conn->record;
	uint16_t flags = 0;

	if (record->is_rewritten) {
		flags = conn->out.n_bytes ? ENTRY_SLOW_ANEW : ENTRY_SLOW_OVER;
		record->out_known = record->out_start;
	} else if (record->out_start == record->out_known) {
		flags = ENTRY_SLOW_OVER;
	}
	put_slow(&persist->sink, flags, conn);
	record->is_slow = record->is_slow_known = !(flags & ENTRY_SLOW_OVER);
	record->slow_at = record->out_start;
	record->is_rewritten = false;
}

static bool has_slow_news(const struct conn_record *record)
{
	if (record->is_rewritten)
		return true;
	return record->is_slow && (!record->is_slow_known || record->slow_at != record->out_start);
}

/* What the client has been sent, is to be sent, and has half said. Returns whether any of that is
 * more than output of this turn. */
static bool note_client(struct persist *persist, struct conn *conn)
{
	struct conn_record *record = &conn->record;
	const struct put_sink *sink = &persist->sink;
	bool lasting = false;

	if (has_slow_news(record)) {
		note_slow(persist, conn);
		lasting = true;
	}
	if (conn->in_len || record->has_input) {
		put_stream(sink, ENTRY_INPUT, record->id, 0, conn->in, conn->in_len);
		record->has_input = conn->in_len;
		lasting = true;
	}
	if (conn->transport->taken)
		put_stream(sink, ENTRY_TAKEN, record->id, conn->transport->taken(conn), NULL, 0);
	if (record->out_start + conn->out.n_bytes != record->out_known) {
		put_output(sink, conn, record->out_known);
		/* It counts until there is word that the client is not slow any more. */
		lasting |= record->is_slow;
	}
	record->out_known = record->out_start + conn->out.n_bytes;
	return lasting;
}

/* In spite of all a turn could not be noted. */
static void complain(struct persist *persist)
{
	room_is_scarce(persist);
	persist->is_broken = persist->protocol->is_stuck = true;
	/* It counts on every change being in the journal. */
	checkpoint_free(persist->checkpoint);
	persist->checkpoint = NULL;
}

static void commit_news(struct persist *persist)
{
	bool lasting = journal_is_open(persist->journal);
	struct conn *conn;

	STAILQ_FOREACH (conn, &persist->touched, record.touched)
		lasting |= note_client(persist, conn);
	persist->has_left = false;
	if (journal_commit(persist->journal, persist->protocol->store->generation, persist->next_id,
			   lasting) < 0)
		complain(persist);
	if (persist->inflight)
		inflight_committed(persist->inflight, journal_serial(persist->journal));
}

void persist_commit(struct persist *persist)
{
	/* Most turns only read. */
	persist->is_idle = STAILQ_EMPTY(&persist->touched) && !journal_is_open(persist->journal);
	if (!persist->is_idle || persist->inflight)
		commit_news(persist);
}

/* Those who did not take everything have to be noted in the next turn. */
static bool sort_touched(struct persist *persist)
{
	struct touched_list before = STAILQ_HEAD_INITIALIZER(before);
	bool all_sent = !persist->has_left;
	struct conn *conn;

	STAILQ_CONCAT(&before, &persist->touched);
	while ((conn = STAILQ_FIRST(&before))) {
		struct conn_record *record = &conn->record;

		STAILQ_REMOVE_HEAD(&before, record.touched);
		record->is_touched = false;
		if (conn->out.n_bytes) {
			all_sent = false;
			if (!record->is_slow) {
				record->is_slow = true;
				record->is_slow_known = false;
			}
		}
		if (has_slow_news(record))
			persist_touch(persist, conn);
	}
	return all_sent;
}

/* Asked for only where it matters: most turns do without. */
uint64_t persist_now_ms(const struct persist *persist)
{
	return persist->protocol->host->now_ms(persist->protocol->host_ctx);
}

static void give_up_image(struct persist *persist, int r)
{
	checkpoint_free(persist->checkpoint);
	persist->checkpoint = NULL;
	if (journal_state(persist->journal)->number != persist->image_number)
		journal_trim(persist->journal);
	if (!persist->retry_at_ms)
		log_warning(persist->log, "%s: no image can be written: %s", persist->dir,
			    strerror(-r));
	persist->retry_at_ms = persist_now_ms(persist) + RETRY_MS;
}

static uint64_t journal_limit(const struct persist *persist)
{
	uint64_t limit = persist->image_bytes * JOURNAL_PER_IMAGE;

	if (persist->journal_max)
		return persist->journal_max;
	return limit > JOURNAL_MIN ? limit : JOURNAL_MIN;
}

static void begin_image(struct persist *persist)
{
	int r = 0;

	/* If an image failed since, the journal that began with it serves for this one as well. */
	if (journal_state(persist->journal)->number == persist->image_number)
		r = journal_switch(persist->journal);
	/* What the last one held in reserve may be what the image needs. */
	if (r == 0 && persist->is_tight)
		journal_trim(persist->journal);
	if (r == 0 && persist->is_broken) {
		journal_retry(persist->journal);
		put_gap(&persist->sink);
	}
	if (r == 0)
		r = checkpoint_new(&persist->checkpoint, persist);
	if (r < 0)
		give_up_image(persist, r);
}

static void image_done(struct persist *persist)
{
	persist->image_number = journal_state(persist->journal)->number;
	persist->image_bytes = checkpoint_bytes(persist->checkpoint);
	checkpoint_free(persist->checkpoint);
	persist->checkpoint = NULL;
	persist->retry_at_ms = 0;
	persist->n_images++;
	if (persist->is_tight || persist->is_broken)
		journal_give_back(persist->journal, true);
	journal_has_image(persist->journal);
	persist->is_broken = false;
}

static bool image_is_due(const struct persist *persist)
{
	if (!persist->is_tight && journal_bytes(persist->journal) <= journal_limit(persist))
		return false;
	return !persist->retry_at_ms || persist_now_ms(persist) >= persist->retry_at_ms;
}

bool persist_delivered(struct persist *persist)
{
	int r;

	/* Nothing came, and nothing is left of former turns. */
	if (persist->is_idle && STAILQ_EMPTY(&persist->touched) && !persist->checkpoint &&
	    !persist->is_broken && !persist->retry_at_ms && !persist->is_tight)
		return false;
	if (sort_touched(persist) && !persist->is_broken)
		journal_delivered(persist->journal);
	/* What sending has changed is not committed yet, and an image must not be ahead of it. */
	if (journal_is_open(persist->journal))
		return persist->checkpoint;
	room_make(persist);
	if (!persist->checkpoint && image_is_due(persist))
		begin_image(persist);
	if (!persist->checkpoint)
		return false;
	r = checkpoint_step(persist->checkpoint);
	if (r == 0)
		image_done(persist);
	else if (r < 0)
		give_up_image(persist, r);
	/* Another one is of use only if there is less to be saved by then. */
	if (r == 0 && persist->is_tight)
		persist->retry_at_ms = persist_now_ms(persist) + RETRY_MS;
	/* An image that is complete leaves something to be given back. */
	return r >= 0;
}

uint32_t persist_n_images(const struct persist *persist)
{
	return persist->n_images;
}

bool persist_give_back(struct persist *persist)
{
	/* Until it has an image of its own, the current one counts on the one before. */
	return !persist->checkpoint &&
	       journal_state(persist->journal)->number == persist->image_number &&
	       journal_give_back(persist->journal, false);
}

int persist_finish(struct persist *persist)
{
	persist->retry_at_ms = 0;
	persist_commit(persist);
	if (!persist->checkpoint)
		begin_image(persist);
	while (persist->checkpoint) {
		int r = checkpoint_step(persist->checkpoint);

		if (r == 0)
			image_done(persist);
		else if (r < 0)
			return r;
	}
	return 0;
}
