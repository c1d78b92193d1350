/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views of one domain. The map draws the table as it is numbered, one cell for as many ports as it
 * takes to fit the screen; a cell shows the kind that most of its ports are of, so that a run of
 * one backend's rings is a block.
 */
#include "domainview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "paint.h"

#define NAME_WIDTH 24
#define MAP_WIDTH  64
#define MAP_ROWS   16

static const struct {
	char sign;
	enum paint_colour colour;
} kinds[SCAN_N_KINDS] = {
	[SCAN_CLOSED] = { '.', PAINT_DIM },	   [SCAN_UNBOUND] = { '?', PAINT_YELLOW },
	[SCAN_INTERDOMAIN] = { '=', PAINT_GREEN }, [SCAN_PIRQ] = { 'p', PAINT_BLUE },
	[SCAN_VIRQ] = { 'v', PAINT_BLUE },	   [SCAN_IPI] = { 'i', PAINT_BLUE },
	[SCAN_OWNED] = { 'x', PAINT_RED },	   [SCAN_OTHER] = { '!', PAINT_RED },
};

/* ": TIMER x2, DEBUG": the VIRQs of the table, each once. */
static void print_virqs(const struct paint *paint, const struct scan *scan)
{
	uint32_t count[32] = { 0 };
	const char *separator = "   ";

	for (size_t i = 0; i < scan->n_ports; i++)
		if (scan->ports[i].kind == SCAN_VIRQ && scan->ports[i].irq < 32)
			count[scan->ports[i].irq]++;
	for (uint32_t virq = 0; virq < 32; virq++) {
		const char *name = scan_virq_name(virq);

		if (!count[virq])
			continue;
		if (name)
			fprintf(paint->to, "%s%s", separator, name);
		else
			fprintf(paint->to, "%s%" PRIu32, separator, virq);
		if (count[virq] > 1)
			fprintf(paint->to, " x%" PRIu32, count[virq]);
		separator = ", ";
	}
}

static void print_kinds(const struct paint *paint, const struct census_domain *domain)
{
	const struct tally *tally = &domain->tally;

	for (unsigned int kind = SCAN_CLOSED + 1; kind < SCAN_N_KINDS; kind++) {
		if (!tally->n_kind[kind])
			continue;
		fprintf(paint->to, "  %-12s %7" PRIu32, scan_kind_name(kind), tally->n_kind[kind]);
		if (kind == SCAN_VIRQ)
			print_virqs(paint, &domain->scan);
		if (kind == SCAN_INTERDOMAIN && tally->n_self)
			fprintf(paint->to, "   %" PRIu32 " of them to itself", tally->n_self);
		if (kind == SCAN_OWNED)
			fputs("   the hypervisor's ends: device model, memory events", paint->to);
		fputc('\n', paint->to);
	}
}

int domainview_peers(const struct paint *paint, const struct census *census,
		     const struct census_domain *domain, size_t n_peers)
{
	const struct tally *tally = &domain->tally;
	CLEANUP(free) struct tally_peer *peers = calloc(tally->n_peers + 1, sizeof(*peers));

	if (!peers)
		return -ENOMEM;
	if (!tally->n_peers)
		return 0;
	memcpy(peers, tally->peers, tally->n_peers * sizeof(*peers));
	qsort(peers, tally->n_peers, sizeof(*peers), tally_by_size);
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to, "  %6s %-*s %10s %8s\n", "peer", NAME_WIDTH, "name", "connected",
		"waiting");
	paint_off(paint);
	for (size_t i = 0; i < tally->n_peers && i < n_peers; i++) {
		const struct census_domain *peer = census_find(census, peers[i].domid);

		fprintf(paint->to, "  %6" PRIu32 " ", peers[i].domid);
		paint_name(paint, peer ? peer->name : "(no such domain)", NAME_WIDTH);
		fprintf(paint->to, " %10" PRIu32 " %8" PRIu32 "\n", peers[i].n_connected,
			peers[i].n_waiting);
	}
	if (tally->n_peers > n_peers)
		fprintf(paint->to, "  and %zu more; --by-peer shows all\n",
			tally->n_peers - n_peers);
	return 0;
}

/* The kind that most of the ports of one cell are of; closed only if all are. */
static enum scan_kind dominant(const uint32_t count[SCAN_N_KINDS])
{
	enum scan_kind best = SCAN_CLOSED;
	uint32_t n = 0;

	for (unsigned int kind = SCAN_CLOSED + 1; kind < SCAN_N_KINDS; kind++) {
		if (count[kind] > n) {
			n = count[kind];
			best = kind;
		}
	}
	return best;
}

static void print_map(const struct paint *paint, const struct census_domain *domain)
{
	const struct scan *scan = &domain->scan;
	uint32_t per_cell = 1, first = 0;
	size_t at = 0;

	while (scan->n_valid > per_cell * MAP_WIDTH * MAP_ROWS)
		per_cell *= 2;
	fprintf(paint->to,
		"  table, %" PRIu32
		" port%s a sign: = connected, ? waiting, p pirq, v virq, i ipi, x xen\n",
		per_cell, per_cell == 1 ? "" : "s");
	while (first < scan->n_valid) {
		fprintf(paint->to, "  %6" PRIu32 " ", first);
		for (unsigned int cell = 0; cell < MAP_WIDTH && first < scan->n_valid; cell++) {
			uint32_t count[SCAN_N_KINDS] = { 0 };
			enum scan_kind kind;

			first += per_cell;
			for (; at < scan->n_ports && scan->ports[at].port < first; at++)
				count[scan->ports[at].kind]++;
			kind = dominant(count);
			paint_on(paint, kinds[kind].colour);
			fputc(kinds[kind].sign, paint->to);
			paint_off(paint);
		}
		fputc('\n', paint->to);
	}
}

static void print_limits(const struct paint *paint, const struct census_domain *domain)
{
	const struct tally *tally = &domain->tally;
	uint32_t usable = census_usable(domain), pending = domain->n_pending;

	fprintf(paint->to, "  interface    %s, %s: %s\n", abi_name(domain->abi.kind),
		abi_proof_name(domain->abi.proof), domain->abi.why);
	if (domain->cap.source == CAP_SOURCE_UNKNOWN)
		fputs("  cap          unknown\n", paint->to);
	else if (domain->cap.max_port == CAP_NONE)
		fprintf(paint->to, "  cap          none (%s)\n",
			cap_source_name(domain->cap.source));
	else
		fprintf(paint->to, "  cap          %" PRIu32 " (%s)\n", domain->cap.max_port,
			cap_source_name(domain->cap.source));
	fprintf(paint->to, "  in use       %7" PRIu32 " of %" PRIu32 "%s, %" PRIu32 " left",
		tally->n_used, usable, domain->abi.proof == ABI_PROVEN ? "" : " at least",
		census_headroom(domain));
	if (pending)
		fprintf(paint->to, ", %" PRIu32 " promised to others", pending);
	fprintf(paint->to, "; highest port %" PRIu32 ", table of %" PRIu32 "\n", tally->highest,
		domain->scan.n_valid);
	fputs("  ", paint->to);
	paint_bar(paint, MAP_WIDTH + 7, tally->n_used, pending, usable);
	fputc('\n', paint->to);
}

int domainview_print(const struct paint *paint, const struct census *census,
		     const struct census_domain *domain, size_t n_peers)
{
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to, "domain %" PRIu32, domain->domid);
	if (domain->name) {
		fputc(' ', paint->to);
		paint_name(paint, domain->name, 0);
	}
	paint_off(paint);
	fputc('\n', paint->to);
	if (domain->scan.error) {
		fprintf(paint->to, "  its table cannot be read: %s\n",
			strerror(-domain->scan.error));
		return 0;
	}
	print_limits(paint, domain);
	print_kinds(paint, domain);
	if (domainview_peers(paint, census, domain, n_peers) < 0)
		return -ENOMEM;
	print_map(paint, domain);
	return 0;
}

void domainview_ports(const struct paint *paint, const struct census *census,
		      const struct census_domain *domain)
{
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to, "  %6s %4s %-12s %s\n", "port", "vcpu", "kind", "other end");
	paint_off(paint);
	for (size_t i = 0; i < domain->scan.n_ports; i++) {
		const struct scan_port *port = &domain->scan.ports[i];
		bool links = port->kind == SCAN_INTERDOMAIN || port->kind == SCAN_UNBOUND;
		const struct census_domain *peer = links ? census_find(census, port->peer) : NULL;

		fprintf(paint->to, "  %6" PRIu32 " %4" PRIu32 " %-12s", port->port, port->vcpu,
			scan_kind_name(port->kind));
		if (links)
			fprintf(paint->to, " domain %" PRIu32, port->peer);
		if (peer && peer->name) {
			fputs(" (", paint->to);
			paint_name(paint, peer->name,
				   strlen(peer->name) < NAME_WIDTH ? strlen(peer->name)
								   : NAME_WIDTH);
			fputc(')', paint->to);
		}
		if (port->kind == SCAN_INTERDOMAIN)
			fprintf(paint->to, ", port %" PRIu32, port->peer_port);
		else if (port->kind == SCAN_VIRQ && scan_virq_name(port->irq))
			fprintf(paint->to, " %s", scan_virq_name(port->irq));
		else if (port->kind == SCAN_PIRQ || port->kind == SCAN_VIRQ ||
			 port->kind == SCAN_OTHER)
			fprintf(paint->to, " %" PRIu32, port->irq);
		fputc('\n', paint->to);
	}
}
