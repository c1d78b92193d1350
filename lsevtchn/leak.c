/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of one table that are wrong in the same way towards the same domain make one finding: a
 * backend that loses a domain loses all its rings at once.
 */
#include "leak.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"

/* More suspects than this, and the table is read again rather than asked about port by port. */
#define ASKED_SINGLY 16

/* One port that waits, and since when. */
struct age {
	uint32_t domid, port, peer;
	uint64_t since_ms;
};

struct leak_ages {
	struct age *ages; /* owned; sorted */
	size_t n;
};

/* A port that is wrong. */
struct suspect {
	enum finding_kind kind;
	const struct scan_port *port; /* borrowed from the host's scan */
	uint64_t waited_ms;
};

static const struct scan_port *find_port(const struct scan *scan, uint32_t number)
{
	size_t low = 0, high = scan->n_ports;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->ports[middle].port == number)
			return &scan->ports[middle];
		if (scan->ports[middle].port < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool same_port(const struct scan_port *a, const struct scan_port *b)
{
	return a->kind == b->kind && a->peer == b->peer &&
	       (a->kind != SCAN_INTERDOMAIN || a->peer_port == b->peer_port);
}

/*
 * A second look at one domain. A few ports are asked about one by one; for more the table is read
 * once more, in batches, so that a table full of leaks costs no more than twice a clean one.
 */
struct second_look {
	const struct scan_source *source; /* borrowed */
	uint32_t domid;
	unsigned int n_asked;
	struct scan scan; /* once it has been read */
	uint32_t peer;	  /* was asked about last */
	bool peer_asked, peer_gone;
};

/* Does this port still look as it did? */
static bool unchanged(struct second_look *look, const struct scan_port *port)
{
	struct scan_answer answer;
	const struct scan_port *again;

	if (look->n_asked++ < ASKED_SINGLY)
		return look->source->status(look->source->ctx, look->domid, port->port, 1,
					    &answer) == 1 &&
		       answer.error == 0 && same_port(&answer.port, port);
	if (!look->scan.n_valid && scan_read(&look->scan, look->domid, look->source) < 0)
		return false;
	again = find_port(&look->scan, port->port);
	return again && same_port(again, port);
}

static bool is_gone(struct second_look *look, uint32_t domid)
{
	struct scan_answer answer;

	if (!look->peer_asked || look->peer != domid) {
		look->peer_gone = look->source->status(look->source->ctx, domid, 0, 1, &answer) ==
					  1 &&
				  answer.error == -ESRCH;
		look->peer_asked = true;
		look->peer = domid;
	}
	return look->peer_gone;
}

/* Does the other end of @port, in domain @domid, point back? */
static bool points_back(const struct scan_port *other, uint32_t domid, const struct scan_port *port)
{
	return other && other->kind == SCAN_INTERDOMAIN && other->peer == domid &&
	       other->peer_port == port->port;
}

static bool one_end_confirmed(struct second_look *look, const struct scan_port *port)
{
	struct scan_answer answer;

	if (look->source->status(look->source->ctx, port->peer, port->peer_port, 1, &answer) != 1)
		return false;
	if (answer.error == -EACCES || answer.error == -ESRCH)
		return false; /* an end of the hypervisor's own, or gone: not this finding */
	if (!answer.error && points_back(&answer.port, look->domid, port))
		return false;
	return unchanged(look, port);
}

static uint64_t waited(const struct leak_ages *ages, uint32_t domid, const struct scan_port *port,
		       uint64_t now_ms)
{
	size_t low = 0, high = ages ? ages->n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct age *age = &ages->ages[middle];

		if (age->domid == domid && age->port == port->port)
			return age->peer == port->peer && now_ms > age->since_ms
				       ? now_ms - age->since_ms
				       : 0;
		if (age->domid < domid || (age->domid == domid && age->port < port->port))
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* Is @port of @domain suspect? */
static bool judge(struct suspect *suspect, const struct census *census,
		  const struct census_domain *domain, const struct scan_port *port,
		  struct second_look *look)
{
	const struct census_domain *peer;

	if (port->kind != SCAN_UNBOUND && port->kind != SCAN_INTERDOMAIN)
		return false;
	peer = census_find(census, port->peer);
	suspect->port = port;
	if (!peer) {
		suspect->kind = FINDING_DEAD_PEER;
		return is_gone(look, port->peer) && unchanged(look, port);
	}
	if (peer->dying || domain->dying || domain->shutdown)
		return false;
	if (port->kind == SCAN_UNBOUND) {
		suspect->kind = FINDING_WAITING;
		return true;
	}
	if (peer->scan.error)
		return false;
	suspect->kind = FINDING_ONE_END;
	return !points_back(find_port(&peer->scan, port->peer_port), domain->domid, port) &&
	       one_end_confirmed(look, port);
}

static int by_kind_and_peer(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->port->peer != y->port->peer)
		return x->port->peer < y->port->peer ? -1 : 1;
	return x->port->port < y->port->port ? -1 : x->port->port > y->port->port;
}

static int report(struct finding_list *list, const struct census_domain *domain,
		  const struct suspect *suspect, size_t n)
{
	const struct finding finding = {
		.kind = suspect->kind,
		.notice = suspect->kind == FINDING_WAITING,
		.domid = domain->domid,
		.peer = suspect->port->peer,
		.port = suspect->port->port,
		.n = n,
	};
	const char *s = n == 1 ? "" : "s";

	switch (suspect->kind) {
	case FINDING_DEAD_PEER:
		return finding_add(list, &finding,
				   "%zu port%s towards domain %" PRIu32 ", which does not exist", n,
				   s, finding.peer);
	case FINDING_ONE_END:
		return finding_add(list, &finding,
				   "%zu port%s connected with domain %" PRIu32
				   ", whose end is not there",
				   n, s, finding.peer);
	case FINDING_FORGOTTEN:
		return finding_add(list, &finding,
				   "%zu port%s waiting for domain %" PRIu32 " for %" PRIu64 " s", n,
				   s, finding.peer, suspect->waited_ms / 1000);
	default:
		return finding_add(list, &finding, "%zu port%s waiting for domain %" PRIu32, n, s,
				   finding.peer);
	}
}

/* Ports that are wrong in the same way towards the same domain are one finding. @suspects: sorted.
 */
static int report_groups(struct finding_list *list, const struct census_domain *domain,
			 const struct suspect *suspects, size_t n)
{
	size_t first = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && suspects[i].kind == suspects[first].kind &&
		    suspects[i].port->peer == suspects[first].port->peer)
			continue;
		if (report(list, domain, &suspects[first], i - first) < 0)
			return -ENOMEM;
		first = i;
	}
	return 0;
}

int leak_find(struct finding_list *list, const struct census *census,
	      const struct scan_source *source, const struct leak_ages *ages, uint64_t now_ms,
	      uint64_t forgotten_ms)
{
	for (size_t i = 0; i < census->n_domains; i++) {
		const struct census_domain *domain = &census->domains[i];
		struct second_look look = { .source = source, .domid = domain->domid };
		CLEANUP(free)
		struct suspect *suspects = calloc(domain->scan.n_ports + 1, sizeof(*suspects));
		size_t n = 0;

		if (!suspects)
			return -ENOMEM;
		for (size_t j = 0; j < domain->scan.n_ports; j++) {
			struct suspect *suspect = &suspects[n];

			if (!judge(suspect, census, domain, &domain->scan.ports[j], &look))
				continue;
			if (suspect->kind == FINDING_WAITING) {
				suspect->waited_ms =
					waited(ages, domain->domid, suspect->port, now_ms);
				if (suspect->waited_ms >= forgotten_ms && ages)
					suspect->kind = FINDING_FORGOTTEN;
			}
			n++;
		}
		scan_deinit(&look.scan);
		qsort(suspects, n, sizeof(*suspects), by_kind_and_peer);
		if (report_groups(list, domain, suspects, n) < 0)
			return -ENOMEM;
	}
	return 0;
}

int leak_ages_new(struct leak_ages **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void leak_ages_free(struct leak_ages *ages)
{
	if (!ages)
		return;
	free(ages->ages);
	free(ages);
}

int leak_ages_update(struct leak_ages *ages, const struct census *census, uint64_t now_ms)
{
	struct age *fresh;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < census->n_domains; i++)
		n += census->domains[i].tally.n_kind[SCAN_UNBOUND];
	fresh = calloc(n ? n : 1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	for (size_t i = 0; i < census->n_domains; i++) {
		const struct census_domain *domain = &census->domains[i];

		for (size_t j = 0; j < domain->scan.n_ports; j++) {
			const struct scan_port *port = &domain->scan.ports[j];

			if (port->kind != SCAN_UNBOUND)
				continue;
			fresh[at++] = (struct age){
				.domid = domain->domid,
				.port = port->port,
				.peer = port->peer,
				.since_ms = now_ms - waited(ages, domain->domid, port, now_ms),
			};
		}
	}
	free(ages->ages);
	ages->ages = fresh;
	ages->n = at;
	return 0;
}
