/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers are counted by sorting: one (domid, waiting) pair a port, then a run per domain. Domids are
 * few, ports up to 131,071, and no table indexed by domid is needed.
 */
#include "tally.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct mention {
	uint32_t domid;
	bool waiting;
};

static int by_domid(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;

	return x->domid < y->domid ? -1 : x->domid > y->domid;
}

static int count_peers(struct tally *tally, struct mention *mentions, size_t n)
{
	size_t n_peers = 0;

	qsort(mentions, n, sizeof(*mentions), by_domid);
	for (size_t i = 0; i < n; i++)
		n_peers += i == 0 || mentions[i].domid != mentions[i - 1].domid;
	tally->peers = calloc(n_peers ? n_peers : 1, sizeof(*tally->peers));
	if (!tally->peers)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct tally_peer *peer;

		if (i == 0 || mentions[i].domid != mentions[i - 1].domid)
			tally->peers[tally->n_peers++].domid = mentions[i].domid;
		peer = &tally->peers[tally->n_peers - 1];
		if (mentions[i].waiting)
			peer->n_waiting++;
		else
			peer->n_connected++;
	}
	return 0;
}

int tally_make(struct tally *tally, const struct scan *scan)
{
	CLEANUP(free) struct mention *mentions = calloc(scan->n_ports + 1, sizeof(*mentions));
	size_t n = 0;
	int r;

	if (!mentions)
		return -ENOMEM;
	memset(tally, 0, sizeof(*tally));
	for (size_t i = 0; i < scan->n_ports; i++) {
		const struct scan_port *port = &scan->ports[i];
		bool links = port->kind == SCAN_INTERDOMAIN || port->kind == SCAN_UNBOUND;

		tally->n_kind[port->kind]++;
		tally->n_used++;
		if (port->port > tally->highest)
			tally->highest = port->port;
		if (port->kind == SCAN_INTERDOMAIN && port->peer == scan->domid)
			tally->n_self++;
		if (links && port->peer != scan->domid)
			mentions[n++] = (struct mention){ .domid = port->peer,
							  .waiting = port->kind == SCAN_UNBOUND };
		else
			tally->n_private++;
	}
	r = count_peers(tally, mentions, n);
	if (r < 0)
		tally_deinit(tally);
	return r;
}

void tally_deinit(struct tally *tally)
{
	free(tally->peers);
	memset(tally, 0, sizeof(*tally));
}

const struct tally_peer *tally_peer(const struct tally *tally, uint32_t domid)
{
	size_t low = 0, high = tally->n_peers;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tally->peers[middle].domid == domid)
			return &tally->peers[middle];
		if (tally->peers[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int tally_by_size(const void *a, const void *b)
{
	const struct tally_peer *x = a, *y = b;
	uint64_t x_ports = (uint64_t)x->n_connected + x->n_waiting;
	uint64_t y_ports = (uint64_t)y->n_connected + y->n_waiting;

	if (x_ports != y_ports)
		return x_ports > y_ports ? -1 : 1;
	return x->domid < y->domid ? -1 : x->domid > y->domid;
}
