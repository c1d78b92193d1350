/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One domain on its way out: its devices taken down, its nodes removed, destroyed by a worker. */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include <stdint.h>

#include "pattern.h"
#include "tree.h"
#include "unplug.h"

struct handles;
struct names_entry;
struct victim;
struct worker_pool;
struct worker_result;

/* What all victims of a run have in common; owned by the run. */
struct victim_env {
	struct handles *host;
	struct worker_pool *pool;
	struct unplug_env unplug;
	bool closing;	  /* answers do not matter any more */
	struct tree tree; /* scratch */
	/* Called once per victim, maybe from within victim_start(). */
	void (*finished)(void *ctx, struct victim *victim);
	void *ctx;
};

struct victim {
	struct victim_env *env;
	const struct names_entry *entry; /* borrowed: the listing outlives the run */
	uint32_t id;
	bool ghost; /* there is no such domain any more, but maybe nodes of it */
	char uuid_text[37];
	char label[PATTERN_NAME_MAX]; /* its name, or its number if it has none */
	struct unplug unplug;
	bool in_xl;
	unsigned int n_pending; /* answers of the store that are still to come */
	bool unclean;		/* something of it is left in the store */
	bool lost;		/* the connection was, before all was answered: once more */
	char message[160];	/* empty: all well */
	uint64_t start_us, end_us;
};

/** victim_init() - @victim is zeroed; @id comes back in the worker's result. Of a @ghost only nodes
 * are removed, and only those that are surely its own. */
void victim_init(struct victim *victim, struct victim_env *env, const struct names_entry *entry,
		 uint32_t id, bool ghost);

/** victim_start() - take the first step. */
void victim_start(struct victim *victim);

/** victim_reconnected() - the store is back: begin again if something was lost. */
void victim_reconnected(struct victim *victim);

/**
 * victim_check_time() - fail if it has waited for the store too long
 * Return: true if answers are missing that must fail first: storeclient_drop().
 */
bool victim_check_time(struct victim *victim, uint64_t now_us, uint64_t timeout_us);

/** victim_event() - the state of a backend has changed; @index is the token's. */
void victim_event(struct victim *victim, uint32_t index);

/** victim_result() - the worker has answered. */
void victim_result(struct victim *victim, const struct worker_result *result);

#endif
