/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <errno.h>
#include <string.h>

static void domain_deinit(struct host_domain *domain)
{
	free(domain->name);
	scan_deinit(&domain->scan);
	tally_deinit(&domain->tally);
}

void host_deinit(struct host *host)
{
	for (size_t i = 0; i < host->n_domains; i++)
		domain_deinit(&host->domains[i]);
	free(host->domains);
	host->domains = NULL;
	host->n_domains = 0;
}

int host_set_domains(struct host *host, size_t n)
{
	struct host_domain *domains = calloc(n ? n : 1, sizeof(*domains));

	if (!domains)
		return -ENOMEM;
	host_deinit(host);
	host->domains = domains;
	host->n_domains = n;
	return 0;
}

int host_scan_domain(struct host_domain *domain, const struct scan_source *source)
{
	int r = scan_read(&domain->scan, domain->domid, source);

	if (r == -ENOMEM)
		return r;
	tally_deinit(&domain->tally);
	if (tally_make(&domain->tally, &domain->scan) < 0)
		return -ENOMEM;
	domain->evidence.n_valid = domain->scan.n_valid;
	domain->abi = abi_judge(&domain->evidence);
	return r;
}

int host_scan(struct host *host, const struct scan_source *source)
{
	size_t n = 0;
	int first = 0;

	for (size_t i = 0; i < host->n_domains; i++) {
		struct host_domain *domain = &host->domains[i];
		int r = first == -ENOMEM ? -ENOMEM : host_scan_domain(domain, source);

		if (r == -ESRCH) {
			domain_deinit(domain);
			continue;
		}
		if (r == -ENOMEM || (r < 0 && !first))
			first = r;
		if (n != i) {
			host->domains[n] = *domain;
			memset(domain, 0, sizeof(*domain));
		}
		n++;
	}
	host->n_domains = n;
	return first;
}

struct host_domain *host_find(const struct host *host, uint32_t domid)
{
	size_t low = 0, high = host->n_domains;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (host->domains[middle].domid == domid)
			return &host->domains[middle];
		if (host->domains[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct host_domain *host_find_name(const struct host *host, const char *name)
{
	for (size_t i = 0; i < host->n_domains; i++)
		if (host->domains[i].name && strcmp(host->domains[i].name, name) == 0)
			return &host->domains[i];
	return NULL;
}

uint32_t host_usable(const struct host_domain *domain)
{
	uint32_t cap = domain->cap.source == CAP_SOURCE_UNKNOWN ? CAP_NONE : domain->cap.max_port;

	return cap_usable(cap, abi_ports(domain->abi.kind));
}

uint32_t host_headroom(const struct host_domain *domain)
{
	uint32_t usable = host_usable(domain);

	return usable > domain->tally.n_used ? usable - domain->tally.n_used : 0;
}

uint32_t host_ports_for(const struct host_domain *in, uint32_t domid)
{
	const struct tally_peer *peer = tally_peer(&in->tally, domid);

	return peer ? peer->n_connected + peer->n_waiting : 0;
}

uint32_t host_pending(const struct host *host, uint32_t domid)
{
	uint32_t n = 0;

	for (size_t i = 0; i < host->n_domains; i++) {
		const struct tally_peer *peer;

		if (host->domains[i].domid == domid || host->domains[i].dying)
			continue;
		peer = tally_peer(&host->domains[i].tally, domid);
		n += peer ? peer->n_waiting : 0;
	}
	return n;
}
