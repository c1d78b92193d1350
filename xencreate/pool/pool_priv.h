/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the pool's rooms share: pool.c (its life), stock.c (its domains), desk.c (who comes), say.c
 * (figures). */
#ifndef POOL_PRIV_H
#define POOL_PRIV_H

#include <sys/queue.h>

#include "job.h"
#include "names.h"
#include "plan.h"
#include "pool/generation.h"
#include "pool/ledger.h"
#include "pool/pool.h"
#include "pool/refill.h"
#include "victim.h"

#define SLOTS_MAX 4096 /* domains that are the pool's at a time, in whatever state */
#define TOOK_MAX  1024 /* of so many takes the time is kept, for percentiles */

struct desk;
struct desk_take;
struct event;
struct handles;
struct roster;

enum slot_state {
	SLOT_BUILDING,
	SLOT_READY,
	SLOT_TAKEN, /* gets its name */
	SLOT_REMOVING,
	SLOT_OVER, /* freed at the end of the turn */
	N_SLOT_STATES,
};

/* Why a domain left the pool without having been taken. */
enum slot_why {
	SLOT_ENDING,
	SLOT_OLD,      /* its lifetime is over */
	SLOT_OUTDATED, /* the config, or an image, is another one now */
	SLOT_SURPLUS,  /* the pool is to be smaller */
	SLOT_GONE,     /* somebody has destroyed it */
	SLOT_USED,     /* somebody has let it run */
	SLOT_LEFTOVER, /* an earlier process has left it half made */
	N_SLOT_WHYS,
};

struct pool;

/* One domain of the pool. */
struct slot {
	TAILQ_ENTRY(slot) link; /* all slots, the oldest first */
	struct pool *pool;	/* borrowed: owns us */
	uint32_t index;		/* in the pool's table; of its ids */
	enum slot_state state;
	struct ledger_entry *entry; /* borrowed from the ledger; NULL: it is done with */
	struct plan_domain plan;
	struct job job;
	struct names_entry known; /* for the victim */
	struct victim victim;
	uint64_t form; /* of the generation that it was made by */
	uint64_t born_us;
	uint64_t again_us;	/* a removal that failed is tried again then; 0: none has */
	struct desk_take *take; /* borrowed: the desk's; NULL: nobody waits for it */
};

TAILQ_HEAD(slot_list, slot);

struct pool_counts {
	uint64_t n_built, n_failed, n_given, n_refused, n_taken_back;
	uint64_t n_removed[N_SLOT_WHYS];
	uint32_t took_us[TOOK_MAX]; /* of the latest takes, in a ring */
};

struct pool {
	const struct pool_options *options; /* borrowed: the caller's */
	char *name;			    /* owned, like what follows */
	struct log *log;		    /* borrowed: the caller's */
	struct handles *host;
	struct refill_policy refill;
	struct generation *generation;
	struct guestcfg *configs[1]; /* its config, for the workers */
	struct worker_pool *workers;
	struct proof *proof;
	struct scripts *scripts;
	struct ledger *ledger;
	struct roster *roster;
	struct desk *desk;
	struct job_env building;
	struct job_env taking[JOB_WAIT_READY + 1]; /* by what is waited for */
	struct job_env taking_paused;
	struct victim_env removing;

	struct slot *table[SLOTS_MAX];
	struct slot_list slots;
	size_t n_slots, n[N_SLOT_STATES];
	struct pool_counts counts;
	uint64_t last_take_us, last_begin_us, last_failure_us, batch_until_us;
	unsigned int n_failures;
	enum refill_why why; /* the last answer about refilling */
	char last_error[200];

	bool begun;    /* what was left is taken over, and requests are served */
	bool stopping; /* nothing more is made or given */
	bool leaving;  /* what is ready stays */
	bool outdated; /* the generation is to be read anew when nobody uses it */
	bool broken;   /* it could not be: there is nothing to make domains of */
	uint64_t stop_us, renewed_us;
	struct loop_hook turn;
	struct event *tick, *refill_timer, *signals[4];
};

/* --- stock.c --- */

/** stock_adopt() - take over what the ledger has. Return: 0, -ENOMEM, or what the hypervisor says.
 */
int stock_adopt(struct pool *pool);

/** stock_turn() - at the end of a turn: begin what is to be begun, free what is over. */
void stock_turn(struct pool *pool);

/** stock_tick() - once in a while: are all still there, and young enough? */
void stock_tick(struct pool *pool);

/**
 * stock_choose() - the oldest that is ready and as it was left, or NULL
 *
 * Those that are not are removed.
 */
struct slot *stock_choose(struct pool *pool);

/** stock_remove() - one that is ready goes. */
void stock_remove(struct slot *slot, enum slot_why why);
/** stock_remove_all() - all that are ready. */
void stock_remove_all(struct pool *pool, enum slot_why why);

/** stock_by_id() - whose a token's or result's number is; @victim: out: its way out, not in. */
struct slot *stock_by_id(const struct pool *pool, uint32_t id, bool *victim);

/** stock_is_at_rest() - is nothing under way that uses workers, images or config? */
bool stock_is_at_rest(const struct pool *pool);

void stock_on_job(void *ctx, struct job *job);
void stock_on_victim(void *ctx, struct victim *victim);

/* --- desk.c --- */

int desk_new(struct desk **out, struct pool *pool, const char *path);
void desk_free(struct desk *desk);
DEFINE_CLEANUP(struct desk *, desk_free)

/** desk_turn() - give what can be given. */
void desk_turn(struct desk *desk);
/** desk_tick() - who has waited too long is told. */
void desk_tick(struct desk *desk, uint64_t now_us);
/** desk_given(), desk_failed() - a take has come to its end. */
void desk_given(struct desk *desk, struct desk_take *take, const struct slot *slot,
		uint32_t took_us);
void desk_failed(struct desk *desk, struct desk_take *take, int error, const char *why);
/** desk_again() - the domain was no good: it gets another one. */
void desk_again(struct desk *desk, struct desk_take *take);
/** desk_n_waiting() - takers for whom there is no domain yet. */
size_t desk_n_waiting(const struct desk *desk);
/** desk_close() - nobody is let in any more; who waits is told @why. */
void desk_close(struct desk *desk, const char *why);
/** desk_is_empty() - has everybody been answered? */
bool desk_is_empty(const struct desk *desk);

/* --- pool.c --- */

/** pool_stop() - end; @leave: what is ready stays. */
void pool_stop(struct pool *pool, bool leave);
/** pool_set_size() - so many are to be ready from now on. */
void pool_set_size(struct pool *pool, size_t size);

/* --- renew.c --- */

/** pool_outdated() - what is ready was made of something that is not so any more. */
void pool_outdated(struct pool *pool);
/** renew() - read it anew; nobody is at work with the old one. */
void renew(struct pool *pool);
/** renew_workers() - workers for the generation. Return: as worker_pool_new(). */
int renew_workers(struct pool *pool);

/* --- say.c --- */

/** say_status() - figures as a JSON object on one line; owned by the caller, NULL without memory.
 */
char *say_status(const struct pool *pool);

#endif
