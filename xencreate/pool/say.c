/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the pool says of itself; `xencreate pool --status` makes a text or metrics of it. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "loop.h"
#include "pool/pool_priv.h"

static const char *const whys[N_SLOT_WHYS] = {
	[SLOT_ENDING] = "ending",     [SLOT_OLD] = "old",   [SLOT_OUTDATED] = "outdated",
	[SLOT_SURPLUS] = "surplus",   [SLOT_GONE] = "gone", [SLOT_USED] = "used",
	[SLOT_LEFTOVER] = "leftover",
};

static const char *const states[N_SLOT_STATES] = {
	[SLOT_BUILDING] = "building", [SLOT_READY] = "ready", [SLOT_TAKEN] = "taken",
	[SLOT_REMOVING] = "removing", [SLOT_OVER] = "over",
};

static void number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_int64((int64_t)value));
}

static void text(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static const char *state_of(const struct pool *pool)
{
	return pool->stopping	? "ending"
	       : pool->broken	? "broken"
	       : pool->outdated ? "reloading"
				: "serving";
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static struct json_object *times(const struct pool_counts *counts)
{
	struct json_object *object = json_object_new_object();
	size_t n = counts->n_given < TOOK_MAX ? counts->n_given : TOOK_MAX;
	uint32_t sorted[TOOK_MAX];

	memcpy(sorted, counts->took_us, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	number(object, "n", n);
	number(object, "p50", n ? sorted[(n * 50 + 99) / 100 - 1] : 0);
	number(object, "p99", n ? sorted[(n * 99 + 99) / 100 - 1] : 0);
	number(object, "max", n ? sorted[n - 1] : 0);
	return object;
}

static struct json_object *domains(const struct pool *pool)
{
	struct json_object *array = json_object_new_array();
	uint64_t now_us = loop_now_us(pool->host->loop);
	const struct slot *slot;

	TAILQ_FOREACH (slot, &pool->slots, link) {
		struct json_object *object;

		if (slot->state == SLOT_OVER)
			continue;
		object = json_object_new_object();
		text(object, "name", slot->plan.name);
		number(object, "domid", slot->job.shell.domid);
		text(object, "uuid", slot->plan.uuid_text);
		text(object, "state", states[slot->state]);
		if (slot->born_us)
			number(object, "age_s", (now_us - slot->born_us) / 1000000);
		json_object_array_add(array, object);
	}
	return array;
}

static void totals(struct json_object *object, const struct pool_counts *counts)
{
	struct json_object *removed = json_object_new_object();

	number(object, "built", counts->n_built);
	number(object, "failed", counts->n_failed);
	number(object, "given", counts->n_given);
	number(object, "refused", counts->n_refused);
	number(object, "taken_back", counts->n_taken_back);
	for (size_t i = 0; i < N_SLOT_WHYS; i++)
		number(removed, whys[i], counts->n_removed[i]);
	json_object_object_add(object, "removed", removed);
	json_object_object_add(object, "take_us", times(counts));
}

char *say_status(const struct pool *pool)
{
	struct json_object *object = json_object_new_object();
	const char *line;
	char *copy;

	if (!object)
		return NULL;
	text(object, "pool", pool->name);
	text(object, "config", pool->options->config_path);
	number(object, "pid", (uint64_t)getpid());
	text(object, "state", state_of(pool));
	number(object, "size", pool->refill.size);
	for (size_t i = 0; i < SLOT_OVER; i++)
		number(object, states[i], pool->n[i]);
	number(object, "waiting", desk_n_waiting(pool->desk));
	text(object, "refill", refill_why_text(pool->why));
	text(object, "error", pool->last_error);
	number(object, "ledger_error", (uint64_t)-ledger_error(pool->ledger));
	totals(object, &pool->counts);
	json_object_object_add(object, "domains", domains(pool));
	line = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	copy = line ? strdup(line) : NULL;
	json_object_put(object);
	return copy;
}
