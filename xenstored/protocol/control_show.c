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
#include "protocol/protocol.h"

/* Lists stop here, so that the line that says so still fits. */
#define LIST_BYTES_MAX 3900

static const struct {
	const char *name;
	const char *help;
	size_t offset;
} counters[] = {
	{ "requests", "Requests served.", offsetof(struct stats, n_requests) },
	{ "errors", "Requests answered with an error.", offsetof(struct stats, n_errors) },
	{ "bytes_in", "Bytes of requests.", offsetof(struct stats, bytes_in) },
	{ "bytes_out", "Bytes of answers and events.", offsetof(struct stats, bytes_out) },
	{ "processing_ns", "Nanoseconds of processing that it caused.",
	  offsetof(struct stats, processing_ns) },
	{ "events", "Watch events queued.", offsetof(struct stats, n_events) },
	{ "events_merged", "Watch events not queued because the same one was waiting.",
	  offsetof(struct stats, n_events_merged) },
	{ "events_lost", "Watch events dropped for lack of room, or left unread too long.",
	  offsetof(struct stats, n_events_lost) },
	{ "commits", "Transactions committed.", offsetof(struct stats, n_commits) },
	{ "conflicts", "Transactions refused because of a conflict.",
	  offsetof(struct stats, n_conflicts) },
	{ "soft_warnings", "Times that memory passed its soft limit.",
	  offsetof(struct stats, n_soft_warnings) },
	{ "stalls", "Times that requests had to wait for answers to be read.",
	  offsetof(struct stats, n_stalls) },
};

#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t counter(const struct stats *stats, size_t i)
{
	return *(const uint64_t *)((const char *)stats + counters[i].offset);
}

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
	for (size_t i = 0; i < N_COUNTERS; i++)
		text_add(text, "%-17s: %8" PRIu64 "\n", counters[i].name,
			 counter(&account->stats, i));
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

static void write_metrics(FILE *file, struct quota *quota)
{
	const struct quota_account *account;

	for (size_t i = 0; i < N_COUNTERS; i++) {
		fprintf(file, "# TYPE xenstored_%s counter\n# HELP xenstored_%s %s\n",
			counters[i].name, counters[i].name, counters[i].help);
		fprintf(file, "xenstored_%s_total{domid=\"tools\"} %" PRIu64 "\n", counters[i].name,
			counter(&quota_tools(quota)->stats, i));
		for (account = quota_next(quota, -1); account;
		     account = quota_next(quota, (int)account->domid))
			fprintf(file, "xenstored_%s_total{domid=\"%u\"} %" PRIu64 "\n",
				counters[i].name, account->domid, counter(&account->stats, i));
	}
	fprintf(file, "# TYPE xenstored_used gauge\n"
		      "# HELP xenstored_used What a domain holds, by quota.\n");
	for (account = quota_next(quota, -1); account;
	     account = quota_next(quota, (int)account->domid))
		for (enum quota_item i = 0; i < QUOTA_N; i++)
			fprintf(file, "xenstored_used{domid=\"%u\",quota=\"%s\"} %u\n",
				account->domid, quota_names[i].name, account->used[i]);
	fprintf(file, "# TYPE xenstored_refused counter\n"
		      "# HELP xenstored_refused Requests refused, by quota.\n");
	for (enum quota_item i = QUOTA_CLIENT_WATCHES; i <= QUOTA_CLIENT_TRANSACTIONS; i++)
		fprintf(file, "xenstored_refused_total{domid=\"tools\",quota=\"%s\"} %u\n",
			quota_names[i].name, quota_tools(quota)->refused[i]);
	for (account = quota_next(quota, -1); account;
	     account = quota_next(quota, (int)account->domid))
		for (enum quota_item i = 0; i < QUOTA_N; i++)
			fprintf(file, "xenstored_refused_total{domid=\"%u\",quota=\"%s\"} %u\n",
				account->domid, quota_names[i].name, account->refused[i]);
	fprintf(file, "# EOF\n");
}

/* A reader of the file never sees half of it. */
static int stats_to_file(struct control *c, const char *name)
{
	char temporary[4200];
	FILE *file;
	bool ok;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	file = fopen(temporary, "we");
	if (!file)
		return -EBADF;
	write_metrics(file, c->protocol->quota);
	ok = !ferror(file);
	ok = fclose(file) == 0 && ok;
	if (ok && rename(temporary, name) == 0)
		return 0;
	remove(temporary);
	return -EIO;
}

int control_stats(struct control *c)
{
	const struct quota_account *account;

	if (c->n_words == 2 && strcmp(c->words[0], "openmetrics") == 0)
		return stats_to_file(c, c->words[1]);
	if (c->n_words > 1)
		return -EINVAL;
	if (!c->n_words) {
		text_add(&c->answer, "Socket clients:\n");
		describe(&c->answer, quota_tools(c->protocol->quota));
		return 0;
	}
	account = find_account(c);
	if (!account)
		return -ENOENT;
	text_add(&c->answer, "Domain %u:\n", account->domid);
	describe(&c->answer, account);
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
