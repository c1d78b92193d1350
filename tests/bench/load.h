/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of one run of the load generator: one case against one daemon. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hist.h"
#include "step.h"
#include "wire.h"

#define LOAD_DEPTH_MAX 64

struct load;

enum load_order {
	LOAD_TOGETHER, /* every client has its operations in flight all the time */
	LOAD_IN_TURN,  /* one operation at a time, each by the next client */
};

/* A case: what is there before, what is done over and over, what of it is measured. */
struct load_case {
	const char *name;
	const char *what;
	uint32_t n; /* size of what is there: clients, watches, domains, nodes; --n overrides */
	uint32_t active; /* clients that do something; 0: n of them */
	uint32_t depth;	 /* operations in flight per client; more than 1 only for a single step */
	enum load_order order;
	const struct step *steps; /* one operation */
	uint32_t n_steps;
	bool exactly_n; /* n operations from nothing and no warm-up, not as many as the time allows
			 */
	uint32_t batch; /* operations between before() and after(), which are not measured; 0: none
			 */
	void (*setup)(struct load *load);
	void (*before)(struct load *load);
	void (*after)(struct load *load);
	void (*measured)(struct load *load); /* instead of steps */
};

/* A domain that exists on the host, for INTRODUCE. */
struct load_domain {
	uint32_t domid, frame, port;
};

struct load_client {
	struct wire *wire; /* borrowed: the load frees wires last */
	uint32_t number;
	uint32_t iteration; /* of the operation last started */
	uint32_t step;	    /* index of the step in flight (depth 1) */
	uint32_t txid;
	uint32_t n_missing; /* answer and events that the step still waits for (depth 1) */
	bool answered;
	uint64_t started_ns[LOAD_DEPTH_MAX]; /* ring; oldest at n_done % LOAD_DEPTH_MAX */
	uint32_t n_started, n_done;
};

struct load_result {
	uint64_t ops, events, retries;
	uint64_t warm_ops; /* before those that are measured */
	uint64_t wall_ns, cpu_ns;
	uint64_t pss_before, pss_after;
	struct hist latency_ns;
};

struct load {
	const struct load_case *which;
	const char *socket;
	pid_t pid; /* of the daemon; 0: its CPU and memory are not asked for */
	bool floor;
	uint32_t n;
	double seconds;
	uint64_t ops;
	bool pause;

	int epoll_fd;
	struct wire *wires; /* owned */
	uint32_t n_wires, wires_size;
	char *buffer;		     /* owned; WIRE_BUFFER_BYTES */
	struct load_client *clients; /* owned */
	uint32_t n_clients;
	struct load_domain *domains; /* owned */
	uint32_t n_domains;

	/* Set by the case's setup: whom STEP_TO_TARGETS and %t mean. */
	uint32_t first_target, n_targets;
	uint32_t batch;	      /* which->batch, unless setup makes it smaller */
	uint32_t batch_first; /* iteration with which the batch at hand begins */
	/* %d is domain_base + iteration % domain_span; batches end before one comes again. */
	uint32_t domain_base, domain_span;

	struct load_result result;
};

/** load_fail() - say what went wrong and exit: a bench that goes on after an error measures
 * nothing. */
void load_fail(const struct load *load, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/** load_connect() - open @n more connections; returns the first one's place in load->wires. */
uint32_t load_connect(struct load *load, uint32_t n);

/** load_now_ns() - CLOCK_MONOTONIC. */
uint64_t load_now_ns(void);

#endif
