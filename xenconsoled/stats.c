/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names are foreign text: in both formats control and non-ASCII bytes are written as \xNN, and the
 * backslash is escaped once more where OpenMetrics wants it.
 * Source: openmetrics.io, specification 1.0.
 */
#include "stats.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#define NAME_SIZE 256

static const char *escaped_name(const char *name, char buf[NAME_SIZE])
{
	return name ? log_escape(buf, NAME_SIZE, name, strlen(name)) : "";
}

/* --- text --- */

void stats_text_daemon(struct evbuffer *out, const struct stats_daemon *daemon)
{
	evbuffer_add_printf(out,
			    "domains          %" PRIu64 ", %" PRIu64 " of them served, %" PRIu64
			    " ptys, %" PRIu64 " clients\n",
			    daemon->n_domains, daemon->n_attached, daemon->n_ttys,
			    daemon->n_clients);
	evbuffer_add_printf(out, "output           %" PRIu64 " bytes, %" PRIu64 " events\n",
			    daemon->out_bytes, daemon->n_events);
	evbuffer_add_printf(out, "input            %" PRIu64 " bytes\n", daemon->in_bytes);
	evbuffer_add_printf(out, "unread output    %" PRIu64 " bytes of %" PRIu64 "\n",
			    daemon->backlog_memory_bytes, daemon->backlog_cap_bytes);
	evbuffer_add_printf(out,
			    "lost             %" PRIu64 " bytes unread, %" PRIu64
			    " bytes that logs did not take\n",
			    daemon->dropped_bytes, daemon->log_lost_bytes);
	evbuffer_add_printf(out, "rate limit       %" PRIu64 ".%03" PRIu64 " s\n",
			    daemon->paused_ms / 1000, daemon->paused_ms % 1000);
	evbuffer_add_printf(out, "bad rings        %" PRIu64 "\n", daemon->n_bad_rings);
	evbuffer_add_printf(out,
			    "store            %s, connections %" PRIu64
			    ", looks at consoles %" PRIu64 ", at all domains %" PRIu64 "\n",
			    daemon->store_connected ? "connected" : "away",
			    daemon->n_store_connections, daemon->n_probes, daemon->n_scans);
}

void stats_text_heading(struct evbuffer *out)
{
	evbuffer_add_printf(out, "\n%5s %-7s %3s %-14s %12s %10s %10s %10s %10s %9s %4s  %s\n",
			    "DOMID", "WAITS", "CLI", "TTY", "OUT", "IN", "UNREAD", "DROPPED",
			    "LOGLOST", "LIMITED", "BAD", "NAME");
}

void stats_text_console(struct evbuffer *out, const struct stats_console *console)
{
	char name[NAME_SIZE];

	evbuffer_add_printf(
		out,
		"%5" PRIu32 " %-7s %3u %-14s %12" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
		" %10" PRIu64 " %5" PRIu64 ".%03" PRIu64 " %4" PRIu64 "  %s%s\n",
		console->domid, console->attached ? console->flow : "-", console->n_clients,
		*console->tty ? console->tty : "-", console->out_bytes, console->in_bytes,
		console->backlog_bytes, console->dropped_bytes, console->log_lost_bytes,
		console->paused_ms / 1000, console->paused_ms % 1000, console->n_bad_rings,
		escaped_name(console->name, name), console->suffix);
}

/* --- OpenMetrics --- */

/* A counter's samples are named with _total behind. */
static void put_family(struct evbuffer *out, const char *name, bool counter, const char *unit,
		       const char *help)
{
	evbuffer_add_printf(out, "# TYPE xenconsoled_%s %s\n", name, counter ? "counter" : "gauge");
	if (*unit)
		evbuffer_add_printf(out, "# UNIT xenconsoled_%s %s\n", name, unit);
	evbuffer_add_printf(out, "# HELP xenconsoled_%s %s\n", name, help);
}

static void put_daemon(struct evbuffer *out, const char *name, bool counter, const char *unit,
		       const char *help, uint64_t value)
{
	put_family(out, name, counter, unit, help);
	evbuffer_add_printf(out, "xenconsoled_%s%s %" PRIu64 "\n", name, counter ? "_total" : "",
			    value);
}

void stats_metrics_daemon(struct evbuffer *out, const struct stats_daemon *daemon)
{
	put_daemon(out, "domains", false, "", "Domains known.", daemon->n_domains);
	put_daemon(out, "consoles_served", false, "", "Consoles attached.", daemon->n_attached);
	put_daemon(out, "ptys", false, "", "Pseudo-terminals open.", daemon->n_ttys);
	put_daemon(out, "clients", false, "", "Clients that have a console open.",
		   daemon->n_clients);
	put_daemon(out, "output_bytes", true, "bytes", "Taken from all guests.", daemon->out_bytes);
	put_daemon(out, "input_bytes", true, "bytes", "Given to all guests.", daemon->in_bytes);
	put_daemon(out, "events", true, "", "Events received from guests.", daemon->n_events);
	put_daemon(out, "unread_memory_bytes", false, "bytes", "Memory that unread output takes.",
		   daemon->backlog_memory_bytes);
	put_daemon(out, "unread_memory_cap_bytes", false, "bytes", "What it may take at most.",
		   daemon->backlog_cap_bytes);
	put_daemon(out, "dropped_bytes", true, "bytes", "Output dropped because nobody read it.",
		   daemon->dropped_bytes);
	put_daemon(out, "log_lost_bytes", true, "bytes", "Output that logs did not take.",
		   daemon->log_lost_bytes);
	put_daemon(out, "bad_rings", true, "", "Times a ring's indices made no sense.",
		   daemon->n_bad_rings);
	put_daemon(out, "probes", true, "", "Looks at a domain's console nodes.", daemon->n_probes);
	put_daemon(out, "scans", true, "", "Looks at the list of all domains.", daemon->n_scans);
	put_daemon(out, "store_connections", true, "", "Connections made to the store.",
		   daemon->n_store_connections);
	put_daemon(out, "store_connected", false, "", "1 while there is a connection to the store.",
		   daemon->store_connected);
}

static const struct {
	const char *name;
	bool counter;
	const char *unit;
	const char *help;
} families[STATS_N_FAMILIES] = {
	{ "console_output_bytes", true, "bytes", "Taken from the guest." },
	{ "console_input_bytes", true, "bytes", "Given to the guest." },
	{ "console_events", true, "", "Events received from the guest." },
	{ "console_unread_bytes", false, "bytes", "Output that nobody has read yet." },
	{ "console_dropped_bytes", true, "bytes", "Output dropped because nobody read it." },
	{ "console_log_lost_bytes", true, "bytes", "Output that the log did not take." },
	{ "console_limited_seconds", true, "seconds", "Time held back by the rate limit." },
	{ "console_bad_rings", true, "", "Times the ring's indices made no sense." },
	{ "console_clients", false, "", "Clients that have the console open." },
	{ "console_served", false, "", "1 if the console is attached." },
};

void stats_metrics_family(struct evbuffer *out, unsigned int family)
{
	put_family(out, families[family].name, families[family].counter, families[family].unit,
		   families[family].help);
}

/* A label's value: @name as escaped for people, in quotes that it cannot leave. */
static void put_label(struct evbuffer *out, const char *name)
{
	char buf[NAME_SIZE];

	for (const char *p = escaped_name(name, buf); *p; p++) {
		if (*p == '\\' || *p == '"')
			evbuffer_add(out, "\\", 1);
		evbuffer_add(out, p, 1);
	}
}

static uint64_t value_of(unsigned int family, const struct stats_console *console)
{
	const uint64_t values[STATS_N_FAMILIES] = {
		console->out_bytes,	console->in_bytes,	console->n_events,
		console->backlog_bytes, console->dropped_bytes, console->log_lost_bytes,
		console->paused_ms,	console->n_bad_rings,	console->n_clients,
		console->attached,
	};

	return values[family];
}

void stats_metrics_console(struct evbuffer *out, unsigned int family,
			   const struct stats_console *console)
{
	uint64_t value = value_of(family, console);

	evbuffer_add_printf(out, "xenconsoled_%s%s{domid=\"%" PRIu32 "\",name=\"",
			    families[family].name, families[family].counter ? "_total" : "",
			    console->domid);
	put_label(out, console->name);
	if (!strcmp(families[family].unit, "seconds"))
		evbuffer_add_printf(out, "\",kind=\"pv%s\"} %" PRIu64 ".%03" PRIu64 "\n",
				    console->suffix, value / 1000, value % 1000);
	else
		evbuffer_add_printf(out, "\",kind=\"pv%s\"} %" PRIu64 "\n", console->suffix, value);
}

void stats_metrics_end(struct evbuffer *out)
{
	evbuffer_add_printf(out, "# EOF\n");
}
