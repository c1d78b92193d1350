/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one generation of config and images to the next. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "handles.h"
#include "log.h"
#include "loop.h"
#include "pool/pool_priv.h"
#include "worker.h"

static uint64_t now_us(const struct pool *pool)
{
	return loop_now_us(pool->host->loop);
}

static void on_worker_done(void *ctx, const struct worker_result *result)
{
	struct pool *pool = ctx;
	bool victim;
	struct slot *slot = stock_by_id(pool, result->id, &victim);

	loop_again(pool->host->loop);
	if (slot && victim)
		victim_result(&slot->victim, result);
	else if (slot)
		job_result(&slot->job, result);
}

/* Workers have the images from their birth. */
int renew_workers(struct pool *pool)
{
	int r;

	worker_pool_free(STEAL(pool->workers));
	pool->configs[0] = pool->generation->config;
	r = worker_pool_new(&pool->workers, pool->host->loop, pool->options->batch.n_workers,
			    pool->configs, pool->log, on_worker_done, pool);
	pool->building.pool = pool->taking_paused.pool = pool->removing.pool = pool->workers;
	for (size_t i = 0; i <= JOB_WAIT_READY; i++)
		pool->taking[i].pool = pool->workers;
	return r;
}

static void use(struct pool *pool, struct generation *generation)
{
	struct generation *old = pool->generation;
	struct slot *slot;
	int r;

	pool->generation = generation;
	r = renew_workers(pool);
	if (r < 0) {
		log_error(pool->log, "no worker processes: %s", strerror(-r));
		pool->broken = true;
	}
	TAILQ_FOREACH (slot, &pool->slots, link)
		slot->plan.config = generation->config;
	generation_free(old);
}

static void remove_others(struct pool *pool)
{
	struct slot *slot, *next;

	for (slot = TAILQ_FIRST(&pool->slots); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->state == SLOT_READY && slot->form != pool->generation->form)
			stock_remove(slot, SLOT_OUTDATED);
	}
}

/* Nobody is at work with the old one. */
void renew(struct pool *pool)
{
	struct generation *generation;
	int r = generation_load(&generation, pool->options->config_path, pool->options->policy_path,
				pool->host->xch, pool->log);

	pool->outdated = false;
	pool->renewed_us = now_us(pool);
	pool->broken = r < 0;
	pool->n_failures = 0;
	if (r < 0) {
		snprintf(pool->last_error, sizeof(pool->last_error), "%s: %s",
			 pool->options->config_path, strerror(-r));
		return; /* nothing is given until it is well again; maybe it is as it was */
	}
	pool->last_error[0] = '\0';
	use(pool, generation);
	log_info(pool->log, "the config and its images were read anew");
	remove_others(pool);
}

void pool_outdated(struct pool *pool)
{
	pool->outdated = true;
	loop_again(pool->host->loop);
}
