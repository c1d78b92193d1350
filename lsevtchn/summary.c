/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include <inttypes.h>
#include <stdbool.h>

#include "tally.h"

/* "TIMER ×2, DEBUG": the VIRQs of the table, each once. */
static void print_virqs(FILE *to, const struct scan *scan)
{
	uint32_t count[32] = { 0 };
	bool first = true;

	for (size_t i = 0; i < scan->n_ports; i++)
		if (scan->ports[i].kind == SCAN_VIRQ && scan->ports[i].irq < 32)
			count[scan->ports[i].irq]++;
	for (uint32_t virq = 0; virq < 32; virq++) {
		const char *name = scan_virq_name(virq);

		if (!count[virq])
			continue;
		fputs(first ? "   " : ", ", to);
		first = false;
		if (name)
			fputs(name, to);
		else
			fprintf(to, "%" PRIu32, virq);
		if (count[virq] > 1)
			fprintf(to, " x%" PRIu32, count[virq]);
	}
}

void summary_kinds(FILE *to, const struct scan *scan, const struct tally *tally)
{
	for (unsigned int kind = SCAN_CLOSED + 1; kind < SCAN_N_KINDS; kind++) {
		if (!tally->n_kind[kind])
			continue;
		fprintf(to, "  %-12s %7" PRIu32, scan_kind_name(kind), tally->n_kind[kind]);
		if (kind == SCAN_VIRQ)
			print_virqs(to, scan);
		if (kind == SCAN_INTERDOMAIN && tally->n_self)
			fprintf(to, "   %" PRIu32 " of them to itself", tally->n_self);
		fputc('\n', to);
	}
	fprintf(to, "  %-12s %7" PRIu32 "   highest port %" PRIu32 ", table of %" PRIu32 "\n",
		"in use", tally->n_used, tally->highest, scan->n_valid);
}

void summary_peers(FILE *to, struct tally *tally)
{
	fprintf(to, "  %6s %10s %10s\n", "domain", "connected", "waiting");
	qsort(tally->peers, tally->n_peers, sizeof(*tally->peers), tally_by_size);
	for (size_t i = 0; i < tally->n_peers; i++)
		fprintf(to, "  %6" PRIu32 " %10" PRIu32 " %10" PRIu32 "\n", tally->peers[i].domid,
			tally->peers[i].n_connected, tally->peers[i].n_waiting);
}
