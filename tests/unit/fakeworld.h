/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several domains with tables that a test fills, and a source that answers for them. */
#ifndef FAKEWORLD_H
#define FAKEWORLD_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "census.h"

#define FAKEWORLD_DOMAINS 8
#define FAKEWORLD_PORTS	  4224

struct fakeworld_domain {
	bool there;
	int error; /* its table answers with this */
	uint32_t n_valid;
	struct scan_port ports[FAKEWORLD_PORTS]; /* by number */
};

struct fakeworld {
	struct fakeworld_domain domains[FAKEWORLD_DOMAINS];
	/* Called before each answer, so that the world can change under the reader. */
	void (*meanwhile)(struct fakeworld *world, uint32_t domid, uint32_t port);
	unsigned int n_asked;
};

static inline void fakeworld_set(struct fakeworld *world, uint32_t domid, uint32_t port,
				 struct scan_port state)
{
	struct fakeworld_domain *domain = &world->domains[domid];

	domain->there = true;
	state.port = port;
	domain->ports[port] = state;
	while (domain->n_valid <= port)
		domain->n_valid += SCAN_BUCKET;
}

/* Connects a port of each. */
static inline void fakeworld_connect(struct fakeworld *world, uint32_t a, uint32_t a_port,
				     uint32_t b, uint32_t b_port)
{
	fakeworld_set(
		world, a, a_port,
		(struct scan_port){ .kind = SCAN_INTERDOMAIN, .peer = b, .peer_port = b_port });
	fakeworld_set(
		world, b, b_port,
		(struct scan_port){ .kind = SCAN_INTERDOMAIN, .peer = a, .peer_port = a_port });
}

static inline int fakeworld_status(void *ctx, uint32_t domid, uint32_t first, uint32_t n,
				   struct scan_answer *answers)
{
	struct fakeworld *world = ctx;

	for (uint32_t i = 0; i < n; i++) {
		struct fakeworld_domain *domain = domid < FAKEWORLD_DOMAINS ? &world->domains[domid]
									    : NULL;

		world->n_asked++;
		if (world->meanwhile)
			world->meanwhile(world, domid, first + i);
		memset(&answers[i], 0, sizeof(answers[i]));
		if (!domain || !domain->there)
			answers[i].error = -ESRCH;
		else if (domain->error)
			answers[i].error = domain->error;
		else if (first + i >= domain->n_valid)
			answers[i].error = -EINVAL;
		else if (domain->ports[first + i].kind == SCAN_OWNED)
			answers[i].error = -EACCES;
		else
			answers[i].port = domain->ports[first + i];
	}
	return n;
}

static inline struct scan_source fakeworld_source(struct fakeworld *world)
{
	return (struct scan_source){ .status = fakeworld_status, .ctx = world };
}

/* A host that lists the domains that are there. Return: as census_scan(). */
static inline int fakeworld_host(struct census *census, struct fakeworld *world)
{
	const struct scan_source source = fakeworld_source(world);
	size_t n = 0;

	for (uint32_t i = 0; i < FAKEWORLD_DOMAINS; i++)
		n += world->domains[i].there;
	if (census_set_domains(census, n) < 0)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < FAKEWORLD_DOMAINS; i++) {
		if (!world->domains[i].there)
			continue;
		census->domains[n].domid = i;
		census->domains[n].evidence.word = 64;
		if (!world->domains[i].n_valid)
			world->domains[i].n_valid = SCAN_BUCKET;
		if (i == 0)
			census->domains[n].cap =
				(struct cap){ .max_port = CAP_NONE, .source = CAP_SOURCE_DOM0 };
		n++;
	}
	return census_scan(census, &source);
}

#endif
