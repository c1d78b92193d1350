/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts stand in an array by domid, so that charging a node to its owner is one load. The array
 * is reserved for all domids and touched only where domains are.
 */
#include "model/quota.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct quota {
	quota_refused_fn *refused;
	quota_soft_fn *soft_passed; /* NULL: nobody is told */
	void *refused_ctx;	    /* borrowed: as long as the quota */
	quota_limit_fn *limit_set;
	void *limit_set_ctx; /* borrowed: as long as the quota */
	uint32_t limit[QUOTA_N];
	uint32_t soft[QUOTA_N];
	uint32_t peak[QUOTA_N];
	struct quota_account **accounts; /* owned; by domid */
	uint32_t n_domids;		 /* all accounts are below */
	struct quota_account tools;
};

const struct quota_name quota_names[QUOTA_N] = {
	[QUOTA_NODES] = { "nodes", "Nodes per domain" },
	[QUOTA_WATCHES] = { "watches", "Watches per domain" },
	[QUOTA_OUTSTANDING] = { "outstanding", "Outstanding requests per domain" },
	[QUOTA_MEMORY] = { "memory", "Total Xenstore memory per domain" },
	[QUOTA_TRANSACTIONS] = { "transactions", "Active transactions per domain" },
	[QUOTA_TXN_NODES] = { "transaction-nodes",
			      "Max. number of accessed nodes per transaction" },
	[QUOTA_NODE_PERMS] = { "node-permissions", "Max. number of permissions per node" },
	[QUOTA_PATH] = { "path-max", "Max. length of a node path" },
	[QUOTA_NODE_SIZE] = { "node-size", "Max. size of a node" },
	[QUOTA_TIME] = { "time", "Processing time in us per second" },
	[QUOTA_CLIENT_WATCHES] = { "client-watches", "Watches per program (or dom0's kernel)" },
	[QUOTA_CLIENT_TRANSACTIONS] = { "client-transactions",
					"Active transactions per program (or dom0's kernel)" },
};

static const uint32_t default_limits[QUOTA_N] = {
	[QUOTA_NODES] = 1000,
	[QUOTA_WATCHES] = 128,
	[QUOTA_OUTSTANDING] = 20,
	[QUOTA_MEMORY] = 2621440,
	[QUOTA_TRANSACTIONS] = 10,
	[QUOTA_TXN_NODES] = 1024,
	[QUOTA_NODE_PERMS] = 5,
	[QUOTA_PATH] = 2048,
	[QUOTA_NODE_SIZE] = 2048,
	[QUOTA_CLIENT_WATCHES] = 262144,
	[QUOTA_CLIENT_TRANSACTIONS] = 1024,
};

#define DEFAULT_SOFT_MEMORY 2097152

int quota_new(struct quota **out, quota_refused_fn *refused, void *ctx)
{
	CLEANUP(quota_free) struct quota *quota = calloc(1, sizeof(*quota));

	if (!quota)
		return -ENOMEM;
	quota->refused = refused;
	quota->refused_ctx = ctx;
	for (int i = 0; i < QUOTA_N; i++)
		quota->limit[i] = default_limits[i];
	quota->soft[QUOTA_MEMORY] = DEFAULT_SOFT_MEMORY;
	quota->tools = (struct quota_account){ .quota = quota, .exempt = true };
	quota->accounts = calloc(QUOTA_DOMID_MAX, sizeof(struct quota_account *));
	if (!quota->accounts)
		return -ENOMEM;
	*out = STEAL(quota);
	return 0;
}

void quota_free(struct quota *quota)
{
	if (!quota)
		return;
	for (uint32_t i = 0; i < quota->n_domids; i++)
		free(quota->accounts[i]);
	free(quota->accounts);
	free(quota);
}

struct quota_account *quota_get(const struct quota *quota, uint32_t domid)
{
	return domid < quota->n_domids ? quota->accounts[domid] : NULL;
}

struct quota_account *quota_tools(struct quota *quota)
{
	return &quota->tools;
}

int quota_open(struct quota *quota, uint32_t domid, struct quota_account **out)
{
	struct quota_account *account = quota_get(quota, domid);

	if (!account) {
		if (domid >= QUOTA_DOMID_MAX)
			return -EINVAL;
		account = calloc(1, sizeof(*account));
		if (!account)
			return -ENOMEM;
		account->quota = quota;
		account->domid = domid;
		for (int i = 0; i < QUOTA_N; i++) {
			account->limit[i] = quota->limit[i];
			account->soft[i] = quota->soft[i];
		}
		quota->accounts[domid] = account;
		if (domid >= quota->n_domids)
			quota->n_domids = domid + 1;
	}
	*out = account;
	return 0;
}

void quota_close(struct quota *quota, uint32_t domid)
{
	struct quota_account *account = quota_get(quota, domid);

	if (!account)
		return;
	for (int i = 0; i < QUOTA_N; i++)
		assert(!account->used[i]);
	quota->accounts[domid] = NULL;
	free(account);
}

void quota_record_peak(struct quota_account *account, enum quota_item item, uint32_t value)
{
	if (value > account->peak[item])
		account->peak[item] = value;
	if (value > account->quota->peak[item] && !account->exempt)
		account->quota->peak[item] = value;
}

static bool refuse(struct quota_account *account, enum quota_item item, uint32_t value,
		   uint32_t limit)
{
	account->refused[item]++;
	if (account->quota->refused)
		account->quota->refused(account->quota->refused_ctx, account, item, value, limit);
	return false;
}

bool quota_check(struct quota_account *account, enum quota_item item, uint32_t value)
{
	uint32_t limit = account->limit[item];

	if (account->exempt || !limit || value <= limit) {
		quota_record_peak(account, item, value);
		return true;
	}
	return refuse(account, item, value, limit);
}

bool quota_check_client(struct quota_account *account, enum quota_item item, uint32_t value)
{
	struct quota *quota = account->quota;
	uint32_t limit = quota->limit[item];

	if (limit && value > limit)
		return refuse(account, item, value, limit);
	if (value > account->peak[item])
		account->peak[item] = value;
	if (value > quota->peak[item])
		quota->peak[item] = value;
	return true;
}

bool quota_check_more(struct quota_account *account, enum quota_item item, uint32_t n)
{
	return quota_check(account, item, account->used[item] + n);
}

void quota_pass_soft(struct quota_account *account, enum quota_item item)
{
	struct quota *quota = account->quota;

	if (account->exempt)
		return;
	account->is_above_soft = !account->is_above_soft;
	if (quota->soft_passed)
		quota->soft_passed(quota->refused_ctx, account, item, account->is_above_soft);
}

void quota_warn(struct quota *quota, quota_soft_fn *soft)
{
	quota->soft_passed = soft;
}

struct quota_account *quota_next(const struct quota *quota, int domid)
{
	for (uint32_t i = (uint32_t)(domid + 1); i < quota->n_domids; i++)
		if (quota->accounts[i])
			return quota->accounts[i];
	return NULL;
}

uint32_t quota_limit(const struct quota *quota, enum quota_item item, bool soft)
{
	return soft ? quota->soft[item] : quota->limit[item];
}

void quota_set_limit(struct quota *quota, enum quota_item item, bool soft, uint32_t limit)
{
	uint32_t *global = soft ? quota->soft : quota->limit;

	for (uint32_t i = 0; i < quota->n_domids; i++) {
		struct quota_account *account = quota->accounts[i];
		uint32_t *own;

		if (!account)
			continue;
		own = soft ? account->soft : account->limit;
		if (own[item] == global[item])
			own[item] = limit;
	}
	global[item] = limit;
	if (quota->limit_set)
		quota->limit_set(quota->limit_set_ctx, NULL, item, soft, limit);
}

void quota_set_own_limit(struct quota_account *account, enum quota_item item, bool soft,
			 uint32_t limit)
{
	struct quota *quota = account->quota;

	(soft ? account->soft : account->limit)[item] = limit;
	if (quota->limit_set)
		quota->limit_set(quota->limit_set_ctx, account, item, soft, limit);
}

void quota_observe(struct quota *quota, quota_limit_fn *limit_set, void *ctx)
{
	quota->limit_set = limit_set;
	quota->limit_set_ctx = ctx;
}

uint32_t quota_peak(const struct quota *quota, enum quota_item item)
{
	return quota->peak[item];
}

void quota_reset_peaks(struct quota *quota)
{
	for (int i = 0; i < QUOTA_N; i++)
		quota->peak[i] = 0;
	for (uint32_t i = 0; i < quota->n_domids; i++) {
		struct quota_account *account = quota->accounts[i];

		if (!account)
			continue;
		for (enum quota_item item = 0; item < QUOTA_N; item++) {
			account->peak[item] = account->used[item];
			quota_record_peak(account, item, account->used[item]);
		}
	}
}
