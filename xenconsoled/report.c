/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains are visited by rising number, so that some may come and go between two pieces. */
#include "report.h"

#include "backlog.h"
#include "console.h"
#include "domain.h"
#include "domains.h"
#include "journal.h"
#include "logfile.h"
#include "server.h"
#include "stats.h"
#include "storeclient.h"

#define DOMAINS_PER_PIECE 64

static const char *flow_name(enum console_flow flow)
{
	static const char *const names[] = {
		[CONSOLE_LISTENING] = "event",
		[CONSOLE_QUEUED] = "turn",
		[CONSOLE_PAUSED] = "rate",
		[CONSOLE_BLOCKED] = "reader",
	};

	return names[flow];
}

static uint64_t lost_by_logs(const struct console *console)
{
	return (console->logfile ? logfile_lost_bytes(console->logfile) : 0) +
	       (console->journal_source ? journal_lost_bytes(console->journal_source) : 0);
}

static struct stats_console figures_of(const struct console *console, const char *name)
{
	return (struct stats_console){
		.domid = console->domid,
		.name = name,
		.suffix = console->kind->log_suffix,
		.tty = console->tty.path,
		.attached = console_is_attached(console),
		.flow = flow_name(console->flow),
		.out_bytes = console->stats.out_bytes,
		.in_bytes = console->stats.in_bytes,
		.n_events = console->stats.n_events,
		.backlog_bytes = console->backlog.size_bytes,
		.dropped_bytes = console->backlog.dropped_bytes,
		.log_lost_bytes = lost_by_logs(console),
		.paused_ms = console->stats.paused_ms,
		.n_bad_rings = console->stats.n_bad_rings,
		.n_clients = console->clients.n_clients,
	};
}

static void add_to(struct stats_daemon *total, const struct stats_console *console)
{
	total->out_bytes += console->out_bytes;
	total->in_bytes += console->in_bytes;
	total->n_events += console->n_events;
	total->dropped_bytes += console->dropped_bytes;
	total->log_lost_bytes += console->log_lost_bytes;
	total->paused_ms += console->paused_ms;
	total->n_bad_rings += console->n_bad_rings;
}

void report_console_gone(const struct console *console)
{
	struct stats_console figures = figures_of(console, NULL);

	add_to(&console->server->totals, &figures);
}

static struct stats_daemon gather_daemon(struct server *server)
{
	struct stats_daemon total = server->totals;
	struct domain *domain;

	for (domain = domains_first(server->domains); domain; domain = domains_next(domain)) {
		for (unsigned int i = 0; i < CONSOLE_N_KINDS; i++) {
			struct stats_console figures = figures_of(&domain->consoles[i], NULL);

			add_to(&total, &figures);
			total.n_attached += figures.attached;
			total.n_ttys += *figures.tty != '\0';
			total.n_clients += figures.n_clients;
		}
	}
	total.n_domains = domains_count(server->domains);
	total.backlog_memory_bytes = backlog_pool_used_bytes(server->pool);
	total.backlog_cap_bytes = backlog_pool_cap_bytes(server->pool);
	total.store_connected = storeclient_is_connected(server->store);
	return total;
}

void report_begin(struct report *report, bool metrics)
{
	*report = (struct report){ .metrics = metrics };
}

/* A console that was never complete is of interest to nobody. */
static bool is_shown(const struct console *console)
{
	return console_is_attached(console) || tty_is_open(&console->tty) ||
	       console->stats.out_bytes;
}

static void put_domain(const struct report *report, const struct domain *domain,
		       struct evbuffer *out)
{
	for (unsigned int i = 0; i < CONSOLE_N_KINDS; i++) {
		struct stats_console figures = figures_of(&domain->consoles[i], domain->name);

		if (!is_shown(&domain->consoles[i]))
			continue;
		if (report->metrics)
			stats_metrics_console(out, report->family, &figures);
		else
			stats_text_console(out, &figures);
	}
}

/* Return: false if there are no more. */
static bool put_domains(struct report *report, struct server *server, struct evbuffer *out)
{
	for (unsigned int n = 0; n < DOMAINS_PER_PIECE; n++) {
		struct domain *domain = domains_from(server->domains, report->next_domid);

		if (!domain)
			return false;
		report->next_domid = domain->domid + 1;
		put_domain(report, domain, out);
	}
	return true;
}

static void begin(const struct report *report, struct server *server, struct evbuffer *out)
{
	struct stats_daemon daemon = gather_daemon(server);

	if (report->metrics) {
		stats_metrics_daemon(out, &daemon);
		stats_metrics_family(out, 0);
	} else {
		stats_text_daemon(out, &daemon);
		stats_text_heading(out);
	}
}

bool report_continue(struct report *report, struct server *server, struct evbuffer *out)
{
	if (!report->begun) {
		begin(report, server, out);
		report->begun = true;
	}
	if (put_domains(report, server, out))
		return true;
	if (!report->metrics)
		return false;
	report->next_domid = 0;
	if (++report->family < STATS_N_FAMILIES) {
		stats_metrics_family(out, report->family);
		return true;
	}
	stats_metrics_end(out);
	return false;
}
