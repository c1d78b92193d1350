/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the model together and tells connections about domains that come and go. */
#include "protocol/protocol.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/watch.h"
#include "protocol/conn.h"

/* Silence about refusals costs users days: the first of each kind per domain is always logged. */
static void quota_refused(void *ctx, struct quota_account *account, enum quota_item item,
			  uint32_t value, uint32_t limit)
{
	struct protocol *protocol = ctx;

	if (account->refused[item] == 1 && account == quota_tools(protocol->quota))
		log_warning(protocol->log,
			    "a program: quota \"%s\" refuses %u, its limit is %u (later refusals "
			    "are counted only)",
			    quota_names[item].name, value, limit);
	else if (account->refused[item] == 1)
		log_warning(protocol->log,
			    "domain %u: quota \"%s\" refuses %u, its limit is %u (later refusals "
			    "are counted only)",
			    account->domid, quota_names[item].name, value, limit);
}

#define SOFT_WARNING_MS 10000

/* A domain that goes up and down around its limit is not to fill the log. */
static void soft_passed(void *ctx, struct quota_account *account, enum quota_item item, bool above)
{
	struct protocol *protocol = ctx;
	uint64_t now_ms = protocol->host->now_ms(protocol->host_ctx);

	account->stats.n_soft_warnings += above;
	if (account->warned_ms && now_ms - account->warned_ms < SOFT_WARNING_MS)
		return;
	if (above)
		account->warned_ms = now_ms ? now_ms : 1;
	log_warning(protocol->log,
		    "domain %u: quota \"%s\": %s the soft limit of %u (%u, limit %u)",
		    account->domid, quota_names[item].name, above ? "above" : "below again",
		    account->soft[item], account->used[item], account->limit[item]);
}

int protocol_new(struct protocol **out, const struct hash_key *key,
		 const struct protocol_host *host, void *host_ctx, struct log *log)
{
	CLEANUP(protocol_free) struct protocol *protocol = calloc(1, sizeof(*protocol));
	int r;

	if (!protocol)
		return -ENOMEM;
	protocol->host = host;
	protocol->host_ctx = host_ctx;
	protocol->log = log;
	trace_init(&protocol->trace);
	r = backlog_set_init(&protocol->backlogs);
	if (r == 0)
		r = contention_init(&protocol->contention);
	if (r == 0)
		r = quota_new(&protocol->quota, quota_refused, protocol);
	if (r == 0)
		quota_warn(protocol->quota, soft_passed);
	if (r == 0)
		r = store_new(&protocol->store, key, protocol->quota);
	if (r == 0)
		r = watch_index_new(&protocol->watches, key, conn_event, protocol);
	if (r < 0)
		return r;
	*out = STEAL(protocol);
	return 0;
}

void protocol_free(struct protocol *protocol)
{
	if (!protocol)
		return;
	/* What goes now is nobody's news, and the host may be gone. */
	if (protocol->quota)
		quota_warn(protocol->quota, NULL);
	watch_index_free(protocol->watches);
	store_free(protocol->store);
	quota_free(protocol->quota);
	outq_pool_deinit(&protocol->pool);
	backlog_set_deinit(&protocol->backlogs);
	contention_deinit(&protocol->contention);
	trace_deinit(&protocol->trace);
	free(protocol);
}

void protocol_fire_special(struct protocol *protocol, int special, uint32_t domid, bool plain,
			   bool named)
{
	struct store *store = protocol->store;
	struct watch_firing firing = {
		.perms = store->specials[special]->perms,
		.parent = store->root->perms,
	};
	char text[32];
	struct path path;

	firing.path = &path;
	if (plain) {
		firing.kind = WATCH_SPECIAL;
		snprintf(text, sizeof(text), "%s", store_special_names[special]);
		if (path_parse(&path, &store->key, "", text, strlen(text), true) == 0)
			watch_fire(protocol->watches, &firing);
	}
	if (named) {
		firing.kind = WATCH_SPECIAL_DOMID;
		snprintf(text, sizeof(text), "%s/%u", store_special_names[special], domid);
		if (path_parse(&path, &store->key, "", text, strlen(text), true) == 0)
			watch_fire(protocol->watches, &firing);
	}
}
