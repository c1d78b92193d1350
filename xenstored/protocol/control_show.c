/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that show what is there. An answer has room for 4,096 bytes: long lists say how much
 * they left out, and what is for machines goes to a file.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "model/watch.h"
#include "protocol/conn.h"
#include "protocol/control.h"
#include "protocol/dispatch.h"
#include "protocol/metrics.h"
#include "protocol/protocol.h"

/* Lists stop here, so that the line that says so still fits. */
#define LIST_BYTES_MAX 3900

static uint32_t limit_of(const struct quota_account *account, enum quota_item item)
{
	if (!account->exempt)
		return account->limit[item];
	return item == QUOTA_CLIENT_WATCHES || item == QUOTA_CLIENT_TRANSACTIONS
		       ? quota_limit(account->quota, item, false)
		       : 0;
}

static void describe(struct text *text, const struct quota_account *account)
{
	for (size_t i = 0; i < METRICS_N_COUNTERS; i++)
		text_add(text, "%-17s: %8" PRIu64 "\n", metrics_counters[i].name,
			 metrics_counter(&account->stats, i));
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		text_add(text, "%-17s: %8u max %8u limit %8u refused %u\n", quota_names[i].name,
			 account->used[i], account->peak[i], limit_of(account, i),
			 account->refused[i]);
}

static const struct quota_account *find_account(const struct control *c)
{
	return quota_get(c->protocol->quota, (uint32_t)dispatch_number(c->words[0]));
}

static struct conn *find_conn(const struct control *c)
{
	const struct protocol *protocol = c->protocol;
	uint32_t domid = (uint32_t)dispatch_number(c->words[0]);

	return domid < QUOTA_DOMID_MAX ? protocol->host->conn(protocol->host_ctx, domid) : NULL;
}

int control_stats(struct control *c)
{
	const struct quota_account *account;
	const struct conn *conn;

	if (c->n_words == 2 && strcmp(c->words[0], "openmetrics") == 0)
		return metrics_write(c->protocol, c->words[1]);
	if (c->n_words > 1)
		return -EINVAL;
	if (!c->n_words) {
		struct protocol_programs programs = metrics_programs(c->protocol);

		text_add(&c->answer, "Socket clients:\n");
		describe(&c->answer, quota_tools(c->protocol->quota));
		text_add(&c->answer, "%-17s: %8" PRIu64 "\n%-17s: %8u\n", "queue bytes",
			 programs.queue_bytes, "connections", programs.n);
		return 0;
	}
	account = find_account(c);
	if (!account)
		return -ENOENT;
	text_add(&c->answer, "Domain %u:\n", account->domid);
	describe(&c->answer, account);
	conn = find_conn(c);
	if (conn)
		text_add(&c->answer, "%-17s: %8u\n", "queue bytes", conn->out.n_bytes);
	return 0;
}

int control_watches(struct control *c)
{
	struct conn *conn = c->n_words == 1 ? find_conn(c) : NULL;
	const struct watch *watch;
	char path[1024], token[1024];
	uint32_t n = 0, n_shown = 0;

	if (c->n_words != 1)
		return -EINVAL;
	if (!conn)
		return -ENOENT;
	LIST_FOREACH (watch, &conn->watcher.watches, own) {
		n++;
		log_escape(path, sizeof(path), watch->text + watch->skip,
			   watch->path_len - watch->skip);
		log_escape(token, sizeof(token), watch_token(watch), watch->token_len);
		if (c->answer.len + strlen(path) + strlen(token) + 20 > LIST_BYTES_MAX)
			continue;
		n_shown++;
		text_add(&c->answer, "%s %s", path, token);
		if (watch->depth != WATCH_DEPTH_ANY)
			text_add(&c->answer, " depth %u", watch->depth);
		text_add(&c->answer, "\n");
	}
	text_add(&c->answer, "%u watches%s\n", n,
		 n > n_shown ? ", the rest does not fit here" : "");
	return 0;
}

int control_txn(struct control *c)
{
	struct conn *conn = c->n_words == 1 ? find_conn(c) : NULL;
	const struct txn *txn;
	uint32_t n = 0;

	if (c->n_words != 1)
		return -EINVAL;
	if (!conn)
		return -ENOENT;
	LIST_FOREACH (txn, &conn->txns, own) {
		n++;
		if (c->answer.len < LIST_BYTES_MAX - 100)
			text_add(&c->answer, "%u: %u nodes touched, %u changes%s\n", txn->id,
				 txn->n_nodes, txn->n_changes, txn->failed ? ", failed" : "");
	}
	text_add(&c->answer, "%u transactions\n", n);
	return 0;
}

int control_xenbus(struct control *c)
{
	const struct protocol *protocol = c->protocol;
	struct conn *conn = c->n_words == 1 ? find_conn(c) : NULL;

	if (c->n_words != 1)
		return -EINVAL;
	if (!conn)
		return -ENOENT;
	protocol->host->describe(protocol->host_ctx, conn->watcher.subject.domid, &c->answer);
	text_add(&c->answer, "waiting to be sent: %u bytes\nhalf received: %u bytes\n",
		 conn->out.n_bytes, conn->in_len);
	return 0;
}

static void write_memory(FILE *file, const struct protocol *protocol)
{
	struct mallinfo2 heap = mallinfo2();

	fprintf(file,
		"nodes: %u\nformer nodes that transactions still see: %u\n"
		"watches: %u\nheap in use: %zu bytes\nheap free: %zu bytes\nmapped: %zu bytes\n",
		protocol->store->nodes.n_links, protocol->store->dead.n_links,
		watch_count(protocol->watches), heap.uordblks, heap.fordblks, heap.hblkhd);
}

int control_memreport(struct control *c)
{
	const struct trace *trace = &c->protocol->trace;
	const char *name = c->n_words ? c->words[0] : trace->path;
	char path[4200];
	FILE *file;

	if (c->n_words > 1)
		return -EINVAL;
	if (!name)
		return -EBADF;
	snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : TRACE_FOLDER "/", name);
	file = fopen(path, "ae");
	if (!file)
		return -EBADF;
	write_memory(file, c->protocol);
	fclose(file);
	return 0;
}
