/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question after the other; the first that says no decides. */
#include "pool/refill.h"

#define BACKOFF_FIRST_US UINT64_C(100000)
#define BACKOFF_MAX_US	 UINT64_C(60000000)
#define LOOK_AGAIN_US	 UINT64_C(500000) /* at what tells nobody when it changes */

static uint64_t left(uint64_t since_us, uint64_t span_us, uint64_t now_us)
{
	return since_us && now_us < since_us + span_us ? since_us + span_us - now_us : 0;
}

static uint64_t backoff_us(unsigned int n_failures)
{
	uint64_t us = BACKOFF_FIRST_US;

	while (n_failures-- > 1 && us < BACKOFF_MAX_US)
		us *= 2;
	return us < BACKOFF_MAX_US ? us : BACKOFF_MAX_US;
}

/* What holds up only those that nobody waits for. */
static enum refill_why ahead(const struct refill_policy *policy, const struct refill_state *state,
			     uint64_t *wait_us)
{
	if (state->batch_is_running) {
		*wait_us = LOOK_AGAIN_US;
		return REFILL_BATCH;
	}
	*wait_us =
		left(state->last_take_us,
		     state->n_ready * 2 >= policy->size ? policy->quiet_us : policy->quiet_us / 4,
		     state->now_us);
	if (state->n_taken && !*wait_us)
		*wait_us = LOOK_AGAIN_US; /* its end comes before that */
	if (*wait_us)
		return REFILL_QUIET;
	*wait_us = left(state->last_begin_us, policy->interval_us, state->now_us);
	return *wait_us ? REFILL_RATE : REFILL_NOW;
}

enum refill_why refill_next(const struct refill_policy *policy, const struct refill_state *state,
			    uint64_t *wait_us)
{
	size_t n_coming = state->n_ready + state->n_building;

	*wait_us = 0;
	if (n_coming >= policy->size + state->n_waiting)
		return REFILL_FULL;
	if (state->n_building >= policy->max_in_flight)
		return REFILL_BUSY;
	if (state->n_failures) {
		*wait_us =
			left(state->last_failure_us, backoff_us(state->n_failures), state->now_us);
		if (*wait_us)
			return REFILL_FAILED;
	}
	if (state->free_kib < policy->headroom_kib + policy->shell_kib) {
		*wait_us = LOOK_AGAIN_US;
		return REFILL_MEMORY;
	}
	if (n_coming < state->n_waiting)
		return REFILL_NOW;
	return ahead(policy, state, wait_us);
}

const char *refill_why_text(enum refill_why why)
{
	static const char *const texts[] = {
		[REFILL_NOW] = "now",
		[REFILL_FULL] = "full",
		[REFILL_BUSY] = "building",
		[REFILL_FAILED] = "waits after a failure",
		[REFILL_MEMORY] = "waits for memory",
		[REFILL_BATCH] = "waits for a batch to end",
		[REFILL_QUIET] = "waits for quiet",
		[REFILL_RATE] = "waits for its turn",
	};

	return texts[why];
}
