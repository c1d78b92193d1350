/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source of port states for tests: one table, and ports that answer with an error. */
#ifndef FAKEHOST_H
#define FAKEHOST_H

#include <errno.h>
#include <stdlib.h>

#include "scan.h"

struct fakehost {
	uint32_t domid;
	uint32_t n_valid;	       /* ports below answer */
	uint32_t shrink_at, shrink_to; /* once port @shrink_at was asked for, only @shrink_to are
					  valid; 0: never */
	uint32_t fail_at;	       /* this port answers @fail_with; 0: never */
	int fail_with;
	uint32_t at_once;	       /* answers given per question; 0: all */
	const struct scan_port *ports; /* borrowed; any order, any gap: the rest is closed */
	size_t n_ports;
	uint32_t n_questions; /* counted: questions, and ports asked for */
	uint32_t n_asked;
};

static inline struct scan_answer fakehost_answer(struct fakehost *host, uint32_t domid,
						 uint32_t port)
{
	struct scan_answer answer = { .port.kind = SCAN_CLOSED };

	if (host->shrink_at && port >= host->shrink_at)
		host->n_valid = host->shrink_to;
	if (domid != host->domid)
		answer.error = -ESRCH;
	else if (host->fail_at && port == host->fail_at)
		answer.error = host->fail_with;
	else if (port >= host->n_valid)
		answer.error = -EINVAL;
	for (size_t i = 0; !answer.error && i < host->n_ports; i++) {
		if (host->ports[i].port != port)
			continue;
		if (host->ports[i].kind == SCAN_OWNED)
			answer.error = -EACCES;
		answer.port = host->ports[i];
	}
	return answer;
}

static inline int fakehost_status(void *ctx, uint32_t domid, uint32_t first, uint32_t n,
				  struct scan_answer *answers)
{
	struct fakehost *host = ctx;

	host->n_questions++;
	host->n_asked += n;
	if (host->at_once && host->at_once < n)
		n = host->at_once;
	for (uint32_t i = 0; i < n; i++)
		answers[i] = fakehost_answer(host, domid, first + i);
	return n;
}

static inline struct scan_source fakehost_source(struct fakehost *host)
{
	return (struct scan_source){ .status = fakehost_status, .ctx = host };
}

#endif
