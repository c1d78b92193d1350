/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "census.h"

#include <errno.h>
#include <string.h>

static void domain_deinit(struct census_domain *domain)
{
	free(domain->name);
	scan_deinit(&domain->scan);
	tally_deinit(&domain->tally);
}

void census_deinit(struct census *census)
{
	for (size_t i = 0; i < census->n_domains; i++)
		domain_deinit(&census->domains[i]);
	free(census->domains);
	census->domains = NULL;
	census->n_domains = 0;
}

int census_set_domains(struct census *census, size_t n)
{
	struct census_domain *domains = calloc(n ? n : 1, sizeof(*domains));

	if (!domains)
		return -ENOMEM;
	census_deinit(census);
	census->domains = domains;
	census->n_domains = n;
	return 0;
}

int census_scan_domain(struct census_domain *domain, const struct scan_source *source)
{
	int r = scan_read(&domain->scan, domain->domid, source);

	tally_deinit(&domain->tally);
	if (tally_make(&domain->tally, &domain->scan) < 0)
		domain->scan.error = r = -ENOMEM;
	domain->evidence.n_valid = domain->scan.n_valid;
	domain->abi = abi_judge(&domain->evidence);
	return r;
}

int census_scan(struct census *census, const struct scan_source *source)
{
	size_t n = 0;
	int first = 0;

	for (size_t i = 0; i < census->n_domains; i++) {
		struct census_domain *domain = &census->domains[i];
		int r = census_scan_domain(domain, source);

		if (r == -ESRCH) {
			domain_deinit(domain);
			continue;
		}
		if (r < 0 && !first)
			first = r;
		if (n != i) {
			census->domains[n] = *domain;
			memset(domain, 0, sizeof(*domain));
		}
		n++;
	}
	census->n_domains = n;
	census_link(census);
	return first;
}

struct census_domain *census_find(const struct census *census, uint32_t domid)
{
	size_t low = 0, high = census->n_domains;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (census->domains[middle].domid == domid)
			return &census->domains[middle];
		if (census->domains[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct census_domain *census_find_name(const struct census *census, const char *name)
{
	for (size_t i = 0; i < census->n_domains; i++)
		if (census->domains[i].name && strcmp(census->domains[i].name, name) == 0)
			return &census->domains[i];
	return NULL;
}

uint32_t census_usable(const struct census_domain *domain)
{
	uint32_t cap = domain->cap.source == CAP_SOURCE_UNKNOWN ? CAP_NONE : domain->cap.max_port;

	return cap_usable(cap, abi_ports(domain->abi.kind));
}

bool census_is_sure(const struct census_domain *domain)
{
	/* A cap below what any interface gives makes the interface irrelevant. */
	return domain->abi.proof == ABI_PROVEN || (domain->cap.source != CAP_SOURCE_UNKNOWN &&
						   domain->cap.max_port < abi_ports(ABI_2L_32));
}

uint32_t census_headroom(const struct census_domain *domain)
{
	uint32_t usable = census_usable(domain);

	return usable > domain->tally.n_used ? usable - domain->tally.n_used : 0;
}

uint32_t census_ports_for(const struct census_domain *in, uint32_t domid)
{
	const struct tally_peer *peer = tally_peer(&in->tally, domid);

	return peer ? peer->n_connected + peer->n_waiting : 0;
}

void census_carry(struct census *census, struct census *old)
{
	for (size_t i = 0; i < census->n_domains; i++) {
		struct census_domain *domain = &census->domains[i],
				     *known = census_find(old, domain->domid);

		/* The number may have been given to another domain since. */
		if (!known || memcmp(known->handle, domain->handle, sizeof(known->handle)) != 0)
			continue;
		domain->name = known->name;
		domain->scan = known->scan;
		domain->tally = known->tally;
		domain->cap = known->cap;
		domain->abi = known->abi;
		domain->looked_up = known->looked_up && known->name;
		domain->over_soft = known->over_soft;
		domain->marked = known->marked;
		domain->evidence = known->evidence;
		if (known->looked_up)
			domain->type = known->type;
		known->name = NULL;
		memset(&known->scan, 0, sizeof(known->scan));
		memset(&known->tally, 0, sizeof(known->tally));
	}
}

void census_link(struct census *census)
{
	for (size_t i = 0; i < census->n_domains; i++)
		census->domains[i].n_pending = 0;
	for (size_t i = 0; i < census->n_domains; i++) {
		const struct census_domain *domain = &census->domains[i];

		for (size_t j = 0; j < domain->tally.n_peers && !domain->dying; j++) {
			struct census_domain *peer =
				census_find(census, domain->tally.peers[j].domid);

			if (peer)
				peer->n_pending += domain->tally.peers[j].n_waiting;
		}
	}
}
