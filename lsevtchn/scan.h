/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event-channel table of one domain, read port by port from whoever can answer: the hypervisor,
 * or a table in a test.
 */
#ifndef SCAN_H
#define SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

/* No table has more ports (FIFO; the others are smaller). Source: xen/event_channel.h,
 * EVTCHN_FIFO_NR_CHANNELS. */
#define SCAN_PORTS_MAX (1u << 17)
/* Tables grow by so many ports. Source: Xen, struct evtchn buckets of one page. */
#define SCAN_BUCKET 64u
/* The most ports that are asked for at once. */
#define SCAN_BATCH_MAX 512u

enum scan_kind {
	SCAN_CLOSED,
	SCAN_UNBOUND,	  /* peer: the domain that may bind */
	SCAN_INTERDOMAIN, /* peer, peer_port: the other end */
	SCAN_PIRQ,	  /* irq */
	SCAN_VIRQ,	  /* irq */
	SCAN_IPI,
	SCAN_OWNED, /* the hypervisor's own end (device model, vm_event): it says no more (Xen 4.15
		       to 4.18) */
	SCAN_OTHER, /* a state that this program does not know; irq holds its number */
	SCAN_N_KINDS,
};

struct scan_port {
	uint32_t port;
	enum scan_kind kind;
	uint32_t vcpu; /* that is notified */
	union {
		struct {
			uint32_t peer;
			uint32_t peer_port;
		};
		uint32_t irq;
	};
};

/* What a source says of one port; @error is 0, -EINVAL (beyond the table), -EACCES (hypervisor's
 * own), or a failure. */
struct scan_answer {
	int error;
	struct scan_port port;
};

struct scan_source {
	/*
	 * Ask for the @n ports from @first on (@n ≤ SCAN_BATCH_MAX) and fill @answers in the same
	 * order. Need not answer all: the return value says how many (≥ 1), or is a negative errno
	 * if nothing could be asked.
	 */
	int (*status)(void *ctx, uint32_t domid, uint32_t first, uint32_t n,
		      struct scan_answer *answers);
	void *ctx;
};

struct scan {
	uint32_t domid;
	int error; /* 0, or what ended the scan early: -ESRCH (no such domain, or gone while we
		      looked), … */
	struct scan_port *ports; /* owned; rising, without the closed ones */
	size_t n_ports;
	size_t n_alloc;
	uint32_t n_valid; /* ports the table has room for: its high-water mark in buckets; it never
			     shrinks in life */
};

/**
 * scan_read() - read the table of @domid
 * @scan: filled, freed of a former content; scan_deinit()
 *
 * What was read before an error stays in @scan.
 *
 * Return: 0, scan->error, or -ENOMEM.
 */
int scan_read(struct scan *scan, uint32_t domid, const struct scan_source *source);
void scan_deinit(struct scan *scan);

/** scan_add() - append a port; for sources that make a table up. Return: 0 or -ENOMEM. */
int scan_add(struct scan *scan, const struct scan_port *port);

/** scan_kind_name() - one word, lower case: "unbound", "interdomain", … */
const char *scan_kind_name(enum scan_kind kind);

/** scan_virq_name() - "TIMER" for 0, …; NULL if it has none. Source: xen/xen.h, VIRQ_*;
 * arch-x86/xen-mca.h. */
const char *scan_virq_name(uint32_t virq);

#endif
