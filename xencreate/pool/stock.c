/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slot holds one domain from the plan to make it until it is somebody's or gone. On the way in it
 * is a job that leaves it paused, as in a batch; when it is taken the same job goes on; when it is
 * not wanted any more it is a victim. Nothing is freed within a callback: slots that are over go at
 * the end of the turn.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xenctrl.h>

#include "guestcfg.h"
#include "handles.h"
#include "log.h"
#include "loop.h"
#include "pool/pool_priv.h"
#include "pool/roster.h"
#include "pool/yield.h"
#include "userdata.h"

#define TRY_AGAIN_US  UINT64_C(5000000)
#define BATCH_LOOK_US UINT64_C(500000)
#define KIB_PER_PAGE  4
#define SLACK_KIB     1024 /* what a domain takes beyond its memory */

static uint64_t now_us(const struct pool *pool)
{
	return loop_now_us(pool->host->loop);
}

static void set_state(struct slot *slot, enum slot_state state)
{
	slot->pool->n[slot->state]--;
	slot->pool->n[state]++;
	slot->state = state;
	loop_again(slot->pool->host->loop);
}

static struct slot *slot_of_job(struct job *job)
{
	return (struct slot *)((char *)job - offsetof(struct slot, job));
}

static struct slot *slot_of_victim(struct victim *victim)
{
	return (struct slot *)((char *)victim - offsetof(struct slot, victim));
}

struct slot *stock_by_id(const struct pool *pool, uint32_t id, bool *victim)
{
	*victim = id & 1;
	return id / 2 < SLOTS_MAX ? pool->table[id / 2] : NULL;
}

bool stock_is_at_rest(const struct pool *pool)
{
	return !pool->n[SLOT_BUILDING] && !pool->n[SLOT_TAKEN] && !pool->n[SLOT_REMOVING];
}

/* The lowest number that none of the pool's domains is called by. */
static uint32_t free_number(const struct pool *pool)
{
	for (uint32_t number = 1;; number++) {
		const struct slot *slot;
		bool used = false;

		TAILQ_FOREACH (slot, &pool->slots, link)
			used |= slot->entry && slot->entry->number == number &&
				slot->state != SLOT_TAKEN;
		if (!used)
			return number;
	}
}

static void describe(struct slot *slot, const uint8_t uuid[16], uint32_t number)
{
	struct pool *pool = slot->pool;

	slot->plan.config = pool->configs[0];
	snprintf(slot->plan.name, sizeof(slot->plan.name), "pool-%s-%" PRIu32, pool->name, number);
	memcpy(slot->plan.uuid, uuid, sizeof(slot->plan.uuid));
	plan_uuid_text(slot->plan.uuid_text, uuid);
	slot->plan.cap = pool->generation->cap;
	slot->plan.first_vcpu = number * pool->configs[0]->max_vcpus;
	slot->form = pool->generation->form;
	job_init(&slot->job, &pool->building, &slot->plan, slot->index * 2);
}

static struct slot *slot_new(struct pool *pool, enum slot_state state)
{
	uint32_t index = 0;
	struct slot *slot;

	while (index < SLOTS_MAX && pool->table[index])
		index++;
	slot = index < SLOTS_MAX ? calloc(1, sizeof(*slot)) : NULL;
	if (!slot)
		return NULL;
	slot->pool = pool;
	slot->index = index;
	slot->state = state;
	pool->n[state]++;
	pool->n_slots++;
	pool->table[index] = slot;
	TAILQ_INSERT_TAIL(&pool->slots, slot, link);
	return slot;
}

static void slot_free(struct slot *slot)
{
	struct pool *pool = slot->pool;

	TAILQ_REMOVE(&pool->slots, slot, link);
	pool->table[slot->index] = NULL;
	pool->n[slot->state]--;
	pool->n_slots--;
	job_deinit(&slot->job);
	unplug_deinit(&slot->victim.unplug);
	free(slot);
}

/* --- in --- */

static void note_failure(struct pool *pool, const char *what)
{
	pool->counts.n_failed++;
	pool->n_failures++;
	pool->last_failure_us = now_us(pool);
	if (strcmp(pool->last_error, what))
		log_error(pool->log, "a domain for the pool could not be made: %s", what);
	snprintf(pool->last_error, sizeof(pool->last_error), "%s", what);
}

static void build(struct pool *pool)
{
	struct slot *slot = slot_new(pool, SLOT_BUILDING);
	uint32_t number = free_number(pool);
	uint8_t uuid[16];
	int r = slot ? plan_uuid_new(uuid) : -ENOMEM;

	pool->last_begin_us = now_us(pool);
	if (!r)
		r = ledger_plan(pool->ledger, &slot->entry, uuid, number);
	if (r < 0) {
		note_failure(pool, strerror(-r));
		if (slot)
			set_state(slot, SLOT_OVER);
		return;
	}
	describe(slot, uuid, number);
	job_start(&slot->job);
	/* The store has not heard of it yet: it is built first. Without the note it is known by its
	 * UUID. */
	if (slot->state == SLOT_BUILDING && slot->job.shell.domid)
		(void)ledger_begun(pool->ledger, slot->entry, slot->job.shell.domid);
}

static void forget(struct slot *slot, bool clean)
{
	if (clean)
		(void)ledger_gone(slot->pool->ledger, slot->entry);
	else
		log_error(slot->pool->log, "%s: something of it is left: the next start removes it",
			  slot->plan.name);
	slot->entry = NULL;
	set_state(slot, SLOT_OVER);
}

static void built(struct slot *slot)
{
	struct pool *pool = slot->pool;
	int r;

	if (slot->job.state == JOB_FAILED) {
		if (!pool->stopping)
			note_failure(pool, slot->job.message);
		forget(slot, !slot->job.unclean);
		return;
	}
	slot->born_us = now_us(pool);
	set_state(slot, SLOT_READY);
	r = ledger_ready(pool->ledger, slot->entry, slot->form, slot->born_us / 1000000);
	if (r < 0) {
		note_failure(pool, strerror(-r));
		stock_remove(slot, SLOT_LEFTOVER);
		return;
	}
	pool->counts.n_built++;
	pool->n_failures = 0;
	pool->last_error[0] = '\0';
	if (pool->stopping && !pool->leaving)
		stock_remove(slot, SLOT_ENDING);
}

/* --- to somebody --- */

static void taken(struct slot *slot)
{
	struct pool *pool = slot->pool;
	struct desk_take *take = slot->take;
	uint32_t took_us = (uint32_t)(slot->job.stage_start_us - slot->job.start_us);
	int r = 0;

	slot->take = NULL;
	if (slot->job.state == JOB_DONE)
		r = ledger_given(pool->ledger, slot->entry);
	if (slot->job.state == JOB_DONE && !r) {
		pool->counts.took_us[pool->counts.n_given++ % TOOK_MAX] = took_us;
		desk_given(pool->desk, take, slot, took_us);
		slot->entry = NULL;
		set_state(slot, SLOT_OVER);
		return;
	}
	pool->counts.n_taken_back++;
	/* The domain was no good, and that is not the taker's affair. */
	if (slot->job.error == -ENOENT || slot->job.error == -ESTALE) {
		desk_again(pool->desk, take);
		forget(slot, !slot->job.unclean);
		return;
	}
	desk_failed(pool->desk, take, slot->job.error ? slot->job.error : r,
		    slot->job.error ? slot->job.message : "it cannot be written down");
	if (slot->job.state == JOB_FAILED) {
		forget(slot, !slot->job.unclean);
		return;
	}
	/* What is not written down as given is still the pool's. */
	set_state(slot, SLOT_READY);
	stock_remove(slot, SLOT_USED);
}

void stock_on_job(void *ctx, struct job *job)
{
	struct slot *slot = slot_of_job(job);

	(void)ctx;
	if (slot->state == SLOT_TAKEN)
		taken(slot);
	else
		built(slot);
}

struct slot *stock_choose(struct pool *pool)
{
	struct slot *slot, *next;

	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		int r;

		next = TAILQ_NEXT(slot, link);
		if (slot->state != SLOT_READY)
			continue;
		r = shell_check(pool->host->xch, slot->job.shell.domid, slot->plan.uuid);
		if (!r)
			return slot;
		stock_remove(slot, r == -EBUSY ? SLOT_USED : SLOT_GONE);
	}
	return NULL;
}

/* --- out --- */

/* From here on it is not whole any more: nobody shall take it over as if it were. */
static void begin_removal(struct slot *slot)
{
	struct pool *pool = slot->pool;
	int r = ledger_begun(pool->ledger, slot->entry, slot->known.domid);
	bool ghost;

	if (r < 0 && slot->entry->state == LEDGER_READY) {
		log_error(pool->log, "%s waits: its removal cannot be written down: %s",
			  slot->plan.name, strerror(-r));
		slot->again_us = now_us(pool) + TRY_AGAIN_US;
		return;
	}
	ghost = shell_check(pool->host->xch, slot->known.domid, slot->plan.uuid) == -ESRCH;
	unplug_deinit(&slot->victim.unplug);
	memset(&slot->victim, 0, sizeof(slot->victim));
	slot->again_us = 0;
	victim_init(&slot->victim, &pool->removing, &slot->known, slot->index * 2 + 1, ghost);
	victim_start(&slot->victim);
}

void stock_remove(struct slot *slot, enum slot_why why)
{
	slot->pool->counts.n_removed[why]++;
	slot->known.domid = slot->job.shell.domid;
	slot->known.name = slot->plan.name;
	memcpy(slot->known.uuid, slot->plan.uuid, sizeof(slot->known.uuid));
	log_info(slot->pool->log, "%s (%" PRIu32 ") is removed", slot->plan.name,
		 slot->known.domid);
	set_state(slot, SLOT_REMOVING);
	begin_removal(slot);
}

void stock_remove_all(struct pool *pool, enum slot_why why)
{
	struct slot *slot, *next;

	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_READY)
			stock_remove(slot, why);
	}
}

void stock_on_victim(void *ctx, struct victim *victim)
{
	struct slot *slot = slot_of_victim(victim);
	struct pool *pool = ctx;

	if (victim->message[0]) {
		log_warning(pool->log, "%s: %s", victim->label, victim->message);
		slot->again_us = now_us(pool) + TRY_AGAIN_US;
		return;
	}
	if (!victim->ghost && userdata_mark_recent(&slot->known.domid, 1) < 0)
		log_info(pool->log, "libxl's list of recent domains is as it was");
	forget(slot, true);
}

/* --- taking over --- */

static bool is_usable(const struct pool *pool, const struct ledger_entry *entry, uint32_t domid)
{
	return entry->state == LEDGER_READY && entry->form == pool->generation->form &&
	       !shell_check(pool->host->xch, domid, entry->uuid);
}

static int adopt(struct pool *pool, struct ledger_entry *entry)
{
	uint32_t domid = roster_find_uuid(pool->roster, entry->uuid);
	struct slot *slot;

	/* Never made, or gone with all its nodes. */
	if (!domid && !entry->domid) {
		(void)ledger_gone(pool->ledger, entry);
		return 0;
	}
	slot = slot_new(pool, SLOT_READY);
	if (!slot)
		return -ENOMEM;
	slot->entry = entry;
	describe(slot, entry->uuid, entry->number);
	slot->born_us = entry->born_s * 1000000;
	job_adopt(&slot->job, domid ? domid : entry->domid);
	if (!domid || !is_usable(pool, entry, domid))
		stock_remove(slot, entry->state == LEDGER_READY ? SLOT_OUTDATED : SLOT_LEFTOVER);
	return 0;
}

int stock_adopt(struct pool *pool)
{
	struct ledger_entry *entry, *next;
	int r = 0;

	for (entry = TAILQ_FIRST(ledger_entries(pool->ledger)); !r && entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->state != LEDGER_GIVEN)
			r = adopt(pool, entry);
	}
	if (pool->n_slots)
		log_info(pool->log, "%zu domains were there already, %zu of them can be given",
			 pool->n_slots, pool->n[SLOT_READY]);
	return r;
}

/* --- as time goes by --- */

/* What it costs to know is only asked if it decides. */
static void fill_state(struct pool *pool, struct refill_state *state)
{
	xc_physinfo_t info = { 0 };

	*state = (struct refill_state){
		.now_us = now_us(pool),
		.last_take_us = pool->last_take_us,
		.last_begin_us = pool->last_begin_us,
		.last_failure_us = pool->last_failure_us,
		.n_failures = pool->n_failures,
		.n_ready = pool->n[SLOT_READY],
		.n_building = pool->n[SLOT_BUILDING],
		.n_taken = pool->n[SLOT_TAKEN],
		.n_waiting = desk_n_waiting(pool->desk),
	};
	if (state->n_ready + state->n_building >= pool->refill.size + state->n_waiting ||
	    state->n_building >= pool->refill.max_in_flight)
		return;
	if (!xc_physinfo(pool->host->xch, &info))
		state->free_kib = (info.free_pages + info.scrub_pages) * KIB_PER_PAGE;
	state->batch_is_running = state->now_us < pool->batch_until_us;
}

/* To look for batches takes files: only when nothing else speaks against building ahead. */
static enum refill_why decide(struct pool *pool, uint64_t *wait_us)
{
	struct refill_state state;
	enum refill_why why;

	fill_state(pool, &state);
	why = refill_next(&pool->refill, &state, wait_us);
	if (why != REFILL_NOW || !yield_is_asked(LEDGER_FOLDER))
		return why;
	state.batch_is_running = true;
	pool->batch_until_us = state.now_us + BATCH_LOOK_US;
	return refill_next(&pool->refill, &state, wait_us);
}

static void refill(struct pool *pool)
{
	uint64_t wait_us;

	pool->refill.shell_kib = pool->configs[0]->maxmem_mib * 1024 + SLACK_KIB;
	pool->why = decide(pool, &wait_us);
	if (pool->why == REFILL_NOW) {
		build(pool);
		loop_again(pool->host->loop);
	} else if (wait_us) {
		struct timeval delay = { .tv_sec = (time_t)(wait_us / 1000000),
					 .tv_usec = (suseconds_t)(wait_us % 1000000) };

		event_add(pool->refill_timer, &delay);
	}
}

static void shrink(struct pool *pool)
{
	struct slot *slot, *next;
	size_t n_surplus = pool->n[SLOT_READY] > pool->refill.size
				   ? pool->n[SLOT_READY] - pool->refill.size
				   : 0;

	for (slot = TAILQ_FIRST(&pool->slots); slot && n_surplus; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state != SLOT_READY)
			continue;
		n_surplus--;
		stock_remove(slot, SLOT_SURPLUS);
	}
}

void stock_turn(struct pool *pool)
{
	struct slot *slot, *next;

	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_OVER)
			slot_free(slot);
	}
	if (pool->stopping)
		return;
	if (!desk_n_waiting(pool->desk))
		shrink(pool);
	if (!pool->outdated && !pool->broken)
		refill(pool);
}

void stock_tick(struct pool *pool)
{
	uint64_t now = now_us(pool), lifetime_us = pool->options->lifetime_us;
	struct slot *slot, *next;

	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		int r;

		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_REMOVING && slot->again_us && now >= slot->again_us)
			begin_removal(slot);
		if (slot->state != SLOT_READY)
			continue;
		r = shell_check(pool->host->xch, slot->job.shell.domid, slot->plan.uuid);
		if (r == -ESRCH || r == -EBUSY)
			stock_remove(slot, r == -EBUSY ? SLOT_USED : SLOT_GONE);
		else if (lifetime_us && now >= slot->born_us + lifetime_us)
			stock_remove(slot, SLOT_OLD);
	}
}
