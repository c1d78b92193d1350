/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures this host: limits and use of everything that a batch of domains needs. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct capacity;
struct census;
struct demand_facts;
struct guest;
struct hyper;

/* Ports of domain 0 left free: for saving and migrating, which take one each. */
#define MEASURE_RESERVE_PORTS 16
/* Memory left free, for what the hypervisor does by the way. */
#define MEASURE_RESERVE_KIB 8192

/** measure_facts() - what the backends of this domain do, for demand_make(). */
void measure_facts(struct demand_facts *facts, const struct census *census);

/**
 * measure_capacity() - fill in what there is
 * @capacity: filled; what cannot be found out is in it as unknown, with the reason
 * @census:   surveyed
 * @guests:   whose backends and bridges are looked at
 * @reserve_ports: of domain 0, to be left free
 *
 * Return: 0 or -ENOMEM.
 */
int measure_capacity(struct capacity *capacity, struct hyper *hyper, const struct census *census,
		     const struct guest *guests, size_t n_guests, uint64_t reserve_ports);

#endif
