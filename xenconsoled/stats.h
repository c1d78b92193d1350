/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a daemon and its consoles, as a table for people and as OpenMetrics. Only
 * formatting: whoever calls gathers the figures, and may do so a few consoles at a time.
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

/* One console. */
struct stats_console {
	uint32_t domid;
	const char *name;   /* borrowed; NULL: not known */
	const char *suffix; /* of the kind: "" or "-vuart0" */
	const char *tty;    /* borrowed; "" if there is none */
	bool attached;
	const char *flow; /* what its ring waits for: "event", "turn", "rate", "reader" */
	uint64_t out_bytes, in_bytes, n_events;
	uint64_t backlog_bytes, dropped_bytes, log_lost_bytes;
	uint64_t paused_ms, n_bad_rings;
	unsigned int n_clients;
};

/* The daemon. Totals include consoles that are gone. */
struct stats_daemon {
	uint64_t n_domains, n_attached, n_ttys, n_clients;
	uint64_t out_bytes, in_bytes, n_events;
	uint64_t dropped_bytes, log_lost_bytes, paused_ms, n_bad_rings;
	uint64_t backlog_memory_bytes, backlog_cap_bytes;
	uint64_t n_scans, n_probes, n_store_connections;
	bool store_connected;
};

/** stats_text_daemon(), stats_text_heading(), stats_text_console() - the table, in this order. */
void stats_text_daemon(struct evbuffer *out, const struct stats_daemon *daemon);
void stats_text_heading(struct evbuffer *out);
void stats_text_console(struct evbuffer *out, const struct stats_console *console);

/*
 * OpenMetrics wants all samples of a family together: for each number below STATS_N_FAMILIES the
 * family's head, then the sample of each console; before them the daemon, behind them the end.
 */
#define STATS_N_FAMILIES 10
void stats_metrics_daemon(struct evbuffer *out, const struct stats_daemon *daemon);
void stats_metrics_family(struct evbuffer *out, unsigned int family);
void stats_metrics_console(struct evbuffer *out, unsigned int family,
			   const struct stats_console *console);
void stats_metrics_end(struct evbuffer *out);

#endif
