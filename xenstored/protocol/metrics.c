/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenMetrics wants all samples of one name together, so each is a walk over the domains. */
#include "protocol/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/quota.h"
#include "model/store.h"
#include "model/watch.h"
#include "protocol/conn.h"

const struct metrics_name metrics_counters[METRICS_N_COUNTERS] = {
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

struct protocol_programs metrics_programs(const struct protocol *protocol)
{
	struct protocol_programs programs = { 0 };

	if (protocol->host->programs)
		protocol->host->programs(protocol->host_ctx, &programs);
	return programs;
}

static void head(FILE *file, const char *name, const char *type, const char *help)
{
	fprintf(file, "# TYPE xenstored_%s %s\n# HELP xenstored_%s %s\n", name, type, name, help);
}

static void gauge(FILE *file, const char *name, const char *help, uint64_t value)
{
	head(file, name, "gauge", help);
	fprintf(file, "xenstored_%s %" PRIu64 "\n", name, value);
}

static const struct quota_account *next(const struct protocol *protocol,
					const struct quota_account *account)
{
	return quota_next(protocol->quota, account ? (int)account->domid : -1);
}

static void write_counters(FILE *file, const struct protocol *protocol)
{
	for (size_t i = 0; i < METRICS_N_COUNTERS; i++) {
		const struct quota_account *account = NULL;
		const char *name = metrics_counters[i].name;

		head(file, name, "counter", metrics_counters[i].help);
		fprintf(file, "xenstored_%s_total{domid=\"tools\"} %" PRIu64 "\n", name,
			metrics_counter(&quota_tools(protocol->quota)->stats, i));
		while ((account = next(protocol, account)))
			fprintf(file, "xenstored_%s_total{domid=\"%u\"} %" PRIu64 "\n", name,
				account->domid, metrics_counter(&account->stats, i));
	}
}

/* One value of each account and quota; @offset: of an array in struct quota_account. */
static void write_quotas(FILE *file, const struct protocol *protocol, const char *name,
			 size_t offset)
{
	const struct quota_account *account = NULL;

	while ((account = next(protocol, account))) {
		const uint32_t *values = (const uint32_t *)((const char *)account + offset);

		for (enum quota_item i = 0; i < QUOTA_N; i++)
			fprintf(file, "xenstored_%s{domid=\"%u\",quota=\"%s\"} %u\n", name,
				account->domid, quota_names[i].name, values[i]);
	}
}

static void write_limits(FILE *file, const struct protocol *protocol)
{
	const struct quota_account *account = NULL;

	head(file, "limit", "gauge", "What a domain may hold, by quota; 0: no limit.");
	while ((account = next(protocol, account)))
		for (enum quota_item i = 0; i < QUOTA_N; i++)
			fprintf(file, "xenstored_limit{domid=\"%u\",quota=\"%s\"} %u\n",
				account->domid, quota_names[i].name,
				account->exempt ? 0 : account->limit[i]);
}

static void write_refused(FILE *file, const struct protocol *protocol)
{
	const struct quota_account *tools = quota_tools(protocol->quota);

	head(file, "refused", "counter", "Times that a limit said no, by quota (time: held back).");
	for (enum quota_item i = QUOTA_CLIENT_WATCHES; i <= QUOTA_CLIENT_TRANSACTIONS; i++)
		fprintf(file, "xenstored_refused_total{domid=\"tools\",quota=\"%s\"} %u\n",
			quota_names[i].name, tools->refused[i]);
	write_quotas(file, protocol, "refused_total", offsetof(struct quota_account, refused));
}

static void write_queues(FILE *file, const struct protocol *protocol)
{
	const struct quota_account *account = NULL;

	head(file, "queue_bytes", "gauge", "Bytes of answers and events that wait to be read.");
	fprintf(file, "xenstored_queue_bytes{domid=\"tools\"} %" PRIu64 "\n",
		metrics_programs(protocol).queue_bytes);
	while ((account = next(protocol, account))) {
		struct conn *conn = protocol->host->conn(protocol->host_ctx, account->domid);

		if (conn)
			fprintf(file, "xenstored_queue_bytes{domid=\"%u\"} %u\n", account->domid,
				conn->out.n_bytes);
	}
}

static void write_daemon(FILE *file, const struct protocol *protocol)
{
	struct mallinfo2 heap = mallinfo2();

	gauge(file, "nodes", "Nodes in the store.", protocol->store->nodes.n_links);
	gauge(file, "former_nodes", "Former nodes that open transactions still see.",
	      protocol->store->dead.n_links);
	gauge(file, "watches", "Watches of all clients.", watch_count(protocol->watches));
	gauge(file, "programs", "Programs connected to the sockets.", metrics_programs(protocol).n);
	gauge(file, "heap_bytes", "Memory in use by the daemon.", heap.uordblks + heap.hblkhd);
	gauge(file, "no_room", "1: the state cannot be saved, and changes are refused.",
	      protocol->is_full);
}

static void write_metrics(FILE *file, const struct protocol *protocol)
{
	write_counters(file, protocol);
	head(file, "used", "gauge", "What a domain holds, by quota.");
	write_quotas(file, protocol, "used", offsetof(struct quota_account, used));
	write_limits(file, protocol);
	write_refused(file, protocol);
	write_queues(file, protocol);
	write_daemon(file, protocol);
	fprintf(file, "# EOF\n");
}

/* A reader of the file never sees half of it. */
int metrics_write(const struct protocol *protocol, const char *name)
{
	char temporary[4200];
	FILE *file;
	bool ok;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	file = fopen(temporary, "we");
	if (!file)
		return -EBADF;
	write_metrics(file, protocol);
	ok = !ferror(file);
	ok = fclose(file) == 0 && ok;
	if (ok && rename(temporary, name) == 0)
		return 0;
	remove(temporary);
	return -EIO;
}
