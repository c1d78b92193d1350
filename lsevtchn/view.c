/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views of all domains at once. */
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "capcheck.h"
#include "census.h"
#include "finding.h"

#define NAME_WIDTH 20
#define BAR_WIDTH  12

static const char *const sort_names[VIEW_N_SORTS] = {
	[VIEW_BY_DOMID] = "domid", [VIEW_BY_NAME] = "name", [VIEW_BY_PORTS] = "ports",
	[VIEW_BY_LEFT] = "left",   [VIEW_BY_DOM0] = "dom0",
};

const char *view_sort_name(enum view_sort sort)
{
	return sort_names[sort];
}

int view_sort_parse(enum view_sort *sort, const char *name)
{
	for (unsigned int i = 0; i < VIEW_N_SORTS; i++) {
		if (strcmp(name, sort_names[i]) == 0) {
			*sort = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* A domain and what it is sorted by; the smaller comes first. */
struct ranked {
	const struct census_domain *domain; /* borrowed */
	const char *name;
	int64_t key;
};

static int by_key(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int names = strcmp(x->name, y->name);

	if (names)
		return names;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->domain->domid < y->domain->domid ? -1 : x->domain->domid > y->domain->domid;
}

/* The domains of @census in the order of @sort. Owned by the caller; NULL: no memory. */
static struct ranked *rank(const struct census *census, enum view_sort sort)
{
	const struct census_domain *dom0 = census_find(census, 0);
	struct ranked *ranked = calloc(census->n_domains + 1, sizeof(*ranked));

	for (size_t i = 0; ranked && i < census->n_domains; i++) {
		const struct census_domain *domain = &census->domains[i];

		ranked[i] = (struct ranked){ .domain = domain, .name = "" };
		if (sort == VIEW_BY_NAME)
			ranked[i].name = domain->name ? domain->name : "";
		else if (sort == VIEW_BY_PORTS)
			ranked[i].key = -(int64_t)domain->tally.n_used;
		else if (sort == VIEW_BY_LEFT)
			ranked[i].key = census_headroom(domain);
		else if (sort == VIEW_BY_DOM0 && dom0)
			ranked[i].key = -(int64_t)census_ports_for(dom0, domain->domid);
	}
	if (ranked)
		qsort(ranked, census->n_domains, sizeof(*ranked), by_key);
	return ranked;
}

static char state_of(const struct census_domain *domain)
{
	return domain->dying ? 'd' : domain->shutdown ? 's' : domain->paused ? 'p' : 'r';
}

/* How sure the limit is: nothing, "~" or "?". */
static char doubt(const struct census_domain *domain)
{
	if (census_is_sure(domain))
		return ' ';
	return domain->abi.proof == ABI_ASSUMED ? '~' : '?';
}

static void print_cap(const struct paint *paint, const struct census_domain *domain)
{
	if (domain->cap.source == CAP_SOURCE_UNKNOWN)
		fprintf(paint->to, " %7s", "?");
	else if (domain->cap.max_port == CAP_NONE)
		fprintf(paint->to, " %7s", "none");
	else
		fprintf(paint->to, " %7" PRIu32, domain->cap.max_port);
}

static void print_domain(const struct paint *paint, const struct census *census,
			 const struct census_domain *domain)
{
	const struct census_domain *dom0 = census_find(census, 0);
	const struct tally *tally = &domain->tally;
	uint32_t usable = census_usable(domain);

	fprintf(paint->to, "%5" PRIu32 " ", domain->domid);
	paint_name(paint, domain->name, NAME_WIDTH);
	fprintf(paint->to, " %-4s %c",
		domain->type == DOMTYPE_UNKNOWN ? "?" : domtype_name(domain->type),
		state_of(domain));
	if (domain->scan.error) {
		fprintf(paint->to, "  table cannot be read: %s\n", strerror(-domain->scan.error));
		return;
	}
	fprintf(paint->to,
		" %6" PRIu32 " %6" PRIu32 " %5" PRIu32 " %5" PRIu32 " %5" PRIu32 " %5" PRIu32
		" %5" PRIu32,
		tally->n_used, tally->n_kind[SCAN_INTERDOMAIN], tally->n_kind[SCAN_UNBOUND],
		tally->n_kind[SCAN_PIRQ], tally->n_kind[SCAN_VIRQ], tally->n_kind[SCAN_IPI],
		tally->n_kind[SCAN_OWNED] + tally->n_kind[SCAN_OTHER]);
	fprintf(paint->to, " %6" PRIu32, domain->scan.n_valid);
	print_cap(paint, domain);
	fprintf(paint->to, " %6" PRIu32 "%c ", usable, doubt(domain));
	paint_on(paint, paint_level(tally->n_used, usable));
	fprintf(paint->to, "%6" PRIu32, census_headroom(domain));
	paint_off(paint);
	if (domain->domid && dom0)
		fprintf(paint->to, " %6" PRIu32 "  ", census_ports_for(dom0, domain->domid));
	else
		fprintf(paint->to, " %6s  ", "-");
	paint_bar(paint, BAR_WIDTH, tally->n_used, 0, usable);
	fputc('\n', paint->to);
}

static void print_totals(const struct paint *paint, const struct census *census)
{
	const struct census_domain *dom0 = census_find(census, 0);
	uint64_t n_ports = 0, n_guest_ports = 0;
	uint32_t pending;

	for (size_t i = 0; i < census->n_domains; i++)
		n_ports += census->domains[i].tally.n_used;
	fprintf(paint->to, "%zu domains, %" PRIu64 " ports", census->n_domains, n_ports);
	if (!dom0 || dom0->scan.error) {
		fputc('\n', paint->to);
		return;
	}
	for (size_t i = 0; i < dom0->tally.n_peers; i++)
		n_guest_ports += dom0->tally.peers[i].n_connected + dom0->tally.peers[i].n_waiting;
	pending = dom0->n_pending;
	fprintf(paint->to,
		"; domain 0: %" PRIu32 " of %" PRIu32 " in use, %" PRIu32 " for itself and %" PRIu64
		" for others, %" PRIu32 " left",
		dom0->tally.n_used, census_usable(dom0), dom0->tally.n_private, n_guest_ports,
		census_headroom(dom0));
	if (pending)
		fprintf(paint->to, ", %" PRIu32 " promised", pending);
	fputc('\n', paint->to);
}

int view_all(const struct paint *paint, const struct census *census, enum view_sort sort)
{
	CLEANUP(free) struct ranked *ranked = rank(census, sort);

	if (!ranked)
		return -ENOMEM;
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to,
		"%5s %-*s %-4s %c %6s %6s %5s %5s %5s %5s %5s %6s %7s %6s  %6s %6s  %s\n", "domid",
		NAME_WIDTH, "name", "type", 's', "ports", "connec", "waits", "pirq", "virq", "ipi",
		"xen", "table", "cap", "limit", "left", "dom0", "used of limit");
	paint_off(paint);
	for (size_t i = 0; i < census->n_domains; i++)
		print_domain(paint, census, ranked[i].domain);
	print_totals(paint, census);
	for (size_t i = 0; i < census->n_domains; i++) {
		if (doubt(&census->domains[i]) == ' ')
			continue;
		fputs("A limit with ? or ~ is the smallest that it can be: the domain may speak FIFO (131071).\n",
		      paint->to);
		break;
	}
	return 0;
}

static void print_policy_number(const struct paint *paint, uint32_t number)
{
	if (number == POLICY_NONE)
		fprintf(paint->to, " %7s", "-");
	else
		fprintf(paint->to, " %7" PRIu32, number);
}

int view_caps(const struct paint *paint, const struct census *census, const struct policy *policy)
{
	paint_on(paint, PAINT_BOLD);
	fprintf(paint->to, "%5s %-*s %-4s %6s %7s %6s %7s %-13s %7s %7s\n", "domid", NAME_WIDTH,
		"name", "type", "ports", "highest", "table", "cap", "known from", "hard", "soft");
	paint_off(paint);
	for (size_t i = 0; i < census->n_domains; i++) {
		const struct census_domain *domain = &census->domains[i];
		struct policy_rule rule = capcheck_rule(policy, domain);

		if (!domain->domid)
			continue;
		fprintf(paint->to, "%5" PRIu32 " ", domain->domid);
		paint_name(paint, domain->name, NAME_WIDTH);
		fprintf(paint->to, " %-4s %6" PRIu32 " %7" PRIu32 " %6" PRIu32,
			domtype_name(domain->type), domain->tally.n_used, domain->tally.highest,
			domain->scan.n_valid);
		print_cap(paint, domain);
		fprintf(paint->to, " %-13s", cap_source_name(domain->cap.source));
		print_policy_number(paint, rule.hard);
		print_policy_number(paint, rule.soft);
		fputc('\n', paint->to);
	}
	return 0;
}

void view_findings(const struct paint *paint, const struct census *census,
		   const struct finding_list *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->findings[i];
		const struct census_domain *domain = census_find(census, finding->domid);

		paint_on(paint, finding->notice ? PAINT_YELLOW : PAINT_RED);
		fputs(finding->notice ? "notice: " : "finding: ", paint->to);
		paint_off(paint);
		fprintf(paint->to, "domain %" PRIu32, finding->domid);
		if (domain && domain->name) {
			fputs(" (", paint->to);
			paint_name(paint, domain->name,
				   strlen(domain->name) < NAME_WIDTH ? strlen(domain->name)
								     : NAME_WIDTH);
			fputc(')', paint->to);
		}
		fprintf(paint->to, ": %s: %s\n", finding_kind_name(finding->kind), finding->text);
	}
	if (!finding_n(findings))
		fputs("no findings\n", paint->to);
}
