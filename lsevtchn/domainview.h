/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One domain as text for people. */
#ifndef DOMAINVIEW_H
#define DOMAINVIEW_H

#include <stddef.h>

struct census;
struct census_domain;
struct paint;

/**
 * domainview_print() - its limits, a bar, ports by kind and by peer, a map of the table
 * @n_peers: how many peers are shown, the largest first
 *
 * Return: 0 or -ENOMEM.
 */
int domainview_print(const struct paint *paint, const struct census *census,
		     const struct census_domain *domain, size_t n_peers);

/** domainview_peers() - only its ports by peer. Return: 0 or -ENOMEM. */
int domainview_peers(const struct paint *paint, const struct census *census,
		     const struct census_domain *domain, size_t n_peers);

/** domainview_ports() - a line for each port in use, with the names of things. */
void domainview_ports(const struct paint *paint, const struct census *census,
		      const struct census_domain *domain);

#endif
