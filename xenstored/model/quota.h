/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain may make us hold: one account per domid, with what is used, the limits, the peaks
 * and the refusals. Limits are inclusive: a limit of N lets exactly N pass, 0 lets everything pass.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "model/fair.h"
#include "model/stats.h"

enum quota_item {
	QUOTA_NODES,
	QUOTA_WATCHES,
	QUOTA_OUTSTANDING,
	QUOTA_MEMORY, /* bytes */
	QUOTA_TRANSACTIONS,
	QUOTA_TXN_NODES,  /* nodes touched by one transaction */
	QUOTA_NODE_PERMS, /* permission entries of one node */
	QUOTA_PATH,	  /* bytes, see path_quota_len() */
	QUOTA_NODE_SIZE,  /* bytes, see node_quota_bytes() */
	QUOTA_TIME,	  /* µs of processing per second; not refused, but held back */
	/* Of one client to whom the others do not apply: programs, dom0's kernel. */
	QUOTA_CLIENT_WATCHES,
	QUOTA_CLIENT_TRANSACTIONS,
	QUOTA_N,
};

/* Domids from here on are Xen's own words (DOMID_FIRST_RESERVED): no domain has them. */
#define QUOTA_DOMID_MAX 0x7ff0

struct quota;

struct quota_account {
	struct quota *quota; /* borrowed: the quota owns its accounts */
	uint32_t domid;
	bool exempt;		 /* privileged: limits are not applied, use and peaks are counted */
	uint32_t used[QUOTA_N];	 /* of items that are held; 0 for those that are only measured */
	uint32_t peak[QUOTA_N];	 /* highest value seen */
	uint32_t limit[QUOTA_N]; /* 0 = none */
	uint32_t soft[QUOTA_N];	 /* 0 = none; memory only */
	uint32_t refused[QUOTA_N]; /* how often a limit said no */
	bool is_above_soft;	   /* memory */
	uint64_t warned_ms;	   /* for who warns: when that was last; 0: never */
	struct fair_debt debt;	   /* of processing time; for who has a share */
	struct stats stats;
};

struct quota_name {
	const char *name;	 /* in control commands and on the wire */
	const char *description; /* for people */
};

/** quota_names - names of the items, indexed by enum quota_item */
extern const struct quota_name quota_names[QUOTA_N];

/* Called for every refusal; @value is what would have been, beyond @limit. */
typedef void quota_refused_fn(void *ctx, struct quota_account *account, enum quota_item item,
			      uint32_t value, uint32_t limit);

/* Called when @account passes its soft limit of @item, and (@above false) when it is below again.
 */
typedef void quota_soft_fn(void *ctx, struct quota_account *account, enum quota_item item,
			   bool above);

/* Told of every limit that is set; @account is NULL for those of all. */
typedef void quota_limit_fn(void *ctx, const struct quota_account *account, enum quota_item item,
			    bool soft, uint32_t limit);

/**
 * quota_new() - make the set of accounts, with the default limits
 * @refused: told about each refusal; may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int quota_new(struct quota **out, quota_refused_fn *refused, void *ctx);
void quota_free(struct quota *quota);
DEFINE_CLEANUP(struct quota *, quota_free)

/** quota_get() - the account of @domid, or NULL; borrowed until quota_close() */
struct quota_account *quota_get(const struct quota *quota, uint32_t domid);

/** quota_tools() - the account shared by all socket clients, which is exempt; never closed */
struct quota_account *quota_tools(struct quota *quota);

/**
 * quota_open() - the account of @domid, made with the global limits if there is none
 *
 * Return: 0, -ENOMEM, or -EINVAL (@domid is QUOTA_DOMID_MAX or more).
 */
int quota_open(struct quota *quota, uint32_t domid, struct quota_account **out);

/** quota_close() - the domain is gone; asserts that nothing is charged to it any more */
void quota_close(struct quota *quota, uint32_t domid);

/**
 * quota_check() - would @value be within the limit of @item?
 *
 * Counts and reports a refusal, records a peak. Return: true if it may be.
 */
bool quota_check(struct quota_account *account, enum quota_item item, uint32_t value);

/** quota_check_more() - may @n more of @item be held? Nothing is charged yet. */
bool quota_check_more(struct quota_account *account, enum quota_item item, uint32_t n);

/**
 * quota_check_client() - may one client of @account, which is exempt, have @value of @item?
 *
 * There is no account for each client: the limit is that of all. As quota_check() otherwise.
 */
bool quota_check_client(struct quota_account *account, enum quota_item item, uint32_t value);

/** quota_record_peak() - @value may be the highest so far; for quota_charge() */
void quota_record_peak(struct quota_account *account, enum quota_item item, uint32_t value);
/** quota_pass_soft() - use has passed the soft limit, up or down; for the following two */
void quota_pass_soft(struct quota_account *account, enum quota_item item);

/** quota_charge(), quota_discharge() - @n more or less of @item is held; limits are not looked at
 */
static inline void quota_charge(struct quota_account *account, enum quota_item item, uint32_t n)
{
	uint32_t used = account->used[item] += n;

	if (used > account->peak[item])
		quota_record_peak(account, item, used);
	/* Only memory has a soft limit; the others' are 0. */
	if (account->soft[item] && used > account->soft[item] && !account->is_above_soft)
		quota_pass_soft(account, item);
}

static inline void quota_discharge(struct quota_account *account, enum quota_item item, uint32_t n)
{
	assert(account->used[item] >= n);
	account->used[item] -= n;
	if (account->is_above_soft && item == QUOTA_MEMORY &&
	    account->used[item] <= account->soft[item])
		quota_pass_soft(account, item);
}

/** quota_limit() - the limit that accounts opened from now on get; soft: the soft one */
uint32_t quota_limit(const struct quota *quota, enum quota_item item, bool soft);
/** quota_next() - the account of the lowest domid above @domid (-1: of all), or NULL */
struct quota_account *quota_next(const struct quota *quota, int domid);
/** quota_set_limit() - change it; accounts that exist follow if their limit was the old one */
void quota_set_limit(struct quota *quota, enum quota_item item, bool soft, uint32_t limit);
/** quota_set_own_limit() - change it for one account */
void quota_set_own_limit(struct quota_account *account, enum quota_item item, bool soft,
			 uint32_t limit);
/** quota_observe() - have @limit_set told of every change of a limit; NULL: nobody */
void quota_observe(struct quota *quota, quota_limit_fn *limit_set, void *ctx);
/** quota_warn() - have @soft told when memory passes its soft limits; its ctx is quota_new()'s */
void quota_warn(struct quota *quota, quota_soft_fn *soft);
/** quota_peak() - highest value seen in any account that is not exempt */
uint32_t quota_peak(const struct quota *quota, enum quota_item item);
/** quota_reset_peaks() - forget peaks: each becomes what is used now */
void quota_reset_peaks(struct quota *quota);

#endif
