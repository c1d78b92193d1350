/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of a family stand together, so the census is gone through once a family. */
#include "metrics.h"

#include <inttypes.h>

#include "census.h"
#include "finding.h"

#define PREFIX "xen_evtchn_"

static void print_family(FILE *to, const char *name, const char *help)
{
	fprintf(to, "# TYPE " PREFIX "%s gauge\n# HELP " PREFIX "%s %s\n", name, name, help);
}

/* A label's value: backslash, quote and newline are escaped. */
static void print_value(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', to);
		if (*text == '\n')
			fputs("\\n", to);
		else
			fputc(*text, to);
	}
	fputc('"', to);
}

static void print_sample(FILE *to, const char *name, const struct census_domain *domain,
			 const char *label, const char *value, uint64_t number)
{
	fprintf(to, PREFIX "%s{domid=\"%" PRIu32 "\",name=", name, domain->domid);
	print_value(to, domain->name ? domain->name : "");
	if (label) {
		fprintf(to, ",%s=", label);
		print_value(to, value);
	}
	fprintf(to, "} %" PRIu64 "\n", number);
}

static uint64_t n_ports(const struct census_domain *domain)
{
	return domain->tally.n_used;
}

static uint64_t n_table(const struct census_domain *domain)
{
	return domain->scan.n_valid;
}

static uint64_t n_usable(const struct census_domain *domain)
{
	return census_usable(domain);
}

static uint64_t n_headroom(const struct census_domain *domain)
{
	return census_headroom(domain);
}

static uint64_t n_promised(const struct census_domain *domain)
{
	return domain->n_pending;
}

static uint64_t is_proven(const struct census_domain *domain)
{
	return domain->abi.proof == ABI_PROVEN;
}

static void print_each(FILE *to, const struct census *census, const char *name, const char *help,
		       uint64_t (*of)(const struct census_domain *))
{
	print_family(to, name, help);
	for (size_t i = 0; i < census->n_domains; i++)
		if (!census->domains[i].scan.error)
			print_sample(to, name, &census->domains[i], NULL, NULL,
				     of(&census->domains[i]));
}

static void print_kinds(FILE *to, const struct census *census)
{
	print_family(to, "ports_by_kind", "Ports in use by kind.");
	for (size_t i = 0; i < census->n_domains; i++)
		for (unsigned int kind = SCAN_CLOSED + 1; kind < SCAN_N_KINDS; kind++)
			if (census->domains[i].tally.n_kind[kind])
				print_sample(to, "ports_by_kind", &census->domains[i], "kind",
					     scan_kind_name(kind),
					     census->domains[i].tally.n_kind[kind]);
}

static void print_dom0(FILE *to, const struct census *census)
{
	const struct census_domain *dom0 = census_find(census, 0);

	print_family(to, "ports_in_dom0", "Ports that domain 0 holds for this domain.");
	for (size_t i = 0; dom0 && i < census->n_domains; i++)
		if (census->domains[i].domid)
			print_sample(to, "ports_in_dom0", &census->domains[i], NULL, NULL,
				     census_ports_for(dom0, census->domains[i].domid));
}

static void print_findings(FILE *to, const struct finding_list *findings)
{
	uint64_t n[FINDING_N_KINDS] = { 0 };

	for (size_t i = 0; i < findings->n; i++)
		n[findings->findings[i].kind]++;
	print_family(to, "findings", "What an audit has found, notices among them.");
	for (unsigned int kind = 0; kind < FINDING_N_KINDS; kind++)
		fprintf(to, PREFIX "findings{kind=\"%s\"} %" PRIu64 "\n", finding_kind_name(kind),
			n[kind]);
}

void metrics_print(FILE *to, const struct census *census, const struct finding_list *findings,
		   int64_t time_s)
{
	print_each(to, census, "ports", "Ports in use.", n_ports);
	print_kinds(to, census);
	print_each(to, census, "table_size",
		   "Ports that the table has room for: its high-water mark.", n_table);
	print_each(to, census, "usable_ports", "Ports that interface and cap allow at least.",
		   n_usable);
	print_each(to, census, "headroom", "Ports that are left at least.", n_headroom);
	print_each(to, census, "promised_ports",
		   "Ports that will be taken when others have connected.", n_promised);
	print_each(to, census, "abi_proven", "Is the interface, and with it the limit, proven?",
		   is_proven);
	print_dom0(to, census);
	print_findings(to, findings);
	print_family(to, "domains", "Domains there are.");
	fprintf(to, PREFIX "domains %zu\n", census->n_domains);
	print_family(to, "census_time_seconds", "When this was taken, in seconds since 1970.");
	fprintf(to,
		"# UNIT " PREFIX "census_time_seconds seconds\n" PREFIX
		"census_time_seconds %" PRId64 "\n",
		time_s);
	fputs("# EOF\n", to);
}
