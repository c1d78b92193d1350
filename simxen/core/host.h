/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated host: frames, domains, dom0's devices, the console ring of the hypervisor. Pure: no
 * descriptor but the frame file, no clock, no thread. What happens outside is told through hooks.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"

struct conring;
struct domain;
struct domain_config;
struct evtchndev;
struct fault_plan;
struct log;
struct mapping;
struct memory;

#define HOST_DOMIDS	 0x7ff0 /* guests are 1 … 0x7fef */
#define HOST_UNKNOWN_MAX 64

struct host_config {
	uint64_t n_frames;
	uint64_t n_dom0_frames;
	uint32_t n_cpus;
	uint32_t n_dom0_vcpus;
	bool dom0_fifo;	       /* dom0's kernel uses the FIFO event-channel ABI */
	const char *cmdline;   /* borrowed: the hypervisor's command line */
	uint64_t seed;	       /* of everything that is random */
	uint32_t conring_size; /* power of two */
};

/* What the core asks of its surroundings; all are called with the host consistent. */
struct host_hooks {
	void *ctx;
	/* An event is pending on a port of a guest. */
	void (*guest_event)(void *ctx, struct domain *domain, uint32_t port);
	/* The guest may execute from now on, or must stop. */
	void (*guest_runs)(void *ctx, struct domain *domain);
	void (*guest_stops)(void *ctx, struct domain *domain);
	/* The domain is about to be forgotten. */
	void (*guest_gone)(void *ctx, struct domain *domain);
	/* Is this mapping still there? A client can undo it with munmap(), unseen by us. */
	bool (*mapping_alive)(void *ctx, const struct mapping *mapping);
	/* There is something for host_tidy(). */
	void (*tidy_wanted)(void *ctx);
	/* Wait, with others going on: the host may be another one afterwards. */
	void (*delay)(void *ctx, uint32_t us);
	/* Nanoseconds since some point in the past. */
	uint64_t (*now_ns)(void *ctx);
};

struct host {
	struct host_config config;
	struct host_hooks hooks;
	struct log *log;			/* borrowed: the program's, outlives the host */
	struct memory *memory;			/* owned */
	struct evtchndev *evtchndev;		/* owned: dom0's /dev/xen/evtchn */
	struct conring *conring;		/* owned */
	struct fault_plan *faults;		/* owned */
	struct domain **domains;		/* owned array of HOST_DOMIDS owned domains */
	uint16_t highest;			/* no domain above this id */
	uint16_t next_domid;			/* where the chooser goes on */
	uint32_t n_domains;			/* dom0 counted */
	uint64_t n_created;			/* ever */
	uint64_t changed[HOST_DOMIDS / 64 + 1]; /* changes.h */
	LIST_HEAD(, domain) dying;		/* borrowed: also in domains */
	uint64_t outstanding_pages;		/* claimed by all domains and not yet allocated */
	uint64_t overhead_pages; /* what Xen itself would need for the domains there are */
	uint64_t boot_ns;
	uint32_t ratelimit_us; /* of the scheduler */
	uint32_t n_unknown;    /* calls answered ENOSYS and named in the log so far */
	char unknown[HOST_UNKNOWN_MAX][64];
	uint64_t store_mfn;  /* dom0's own store page */
	uint32_t store_port; /* and its port, offered to dom0 */
};

/**
 * host_new() - power on: Xen's own memory, dom0 with the ports that a Linux dom0 has
 *
 * Return: 0, -EINVAL (dom0 does not fit, too many CPUs or none), or what memory_new() says.
 */
int host_new(struct host **out, const struct host_config *config, const struct host_hooks *hooks,
	     struct log *log);
void host_free(struct host *host);
DEFINE_CLEANUP(struct host *, host_free)

/** host_domain() - the domain of that number, or NULL. */
struct domain *host_domain(struct host *host, uint16_t id);
/** host_next_domain() - the domain of that number or the next above, or NULL. */
struct domain *host_next_domain(struct host *host, uint32_t id);

/**
 * host_create() - createdomain
 * @wanted: a free number, or 0 or ≥ HOST_DOMIDS: choose one, counting upwards without reuse
 *
 * Return: 0, -EEXIST, -ENOMEM (also: no number left).
 */
int host_create(struct host *host, uint16_t wanted, const struct domain_config *config,
		struct domain **out);

/** host_choose() - use up the next number as a creation does that fails later; 0: none is left. */
uint16_t host_choose(struct host *host);

/** host_event() - port @port of @domain becomes pending. */
void host_event(struct domain *domain, uint32_t port);

/**
 * host_tidy() - forget dying domains that nothing holds any more; raises VIRQ_DOM_EXC
 * @verify: first look whether what holds the others is still there (mapping_verify())
 *
 * Return: how many dying domains are left.
 */
uint32_t host_tidy(struct host *host, bool verify);

/** host_print() - a line into the hypervisor's console ring. */
void host_print(struct host *host, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** host_fault_ports() - a fault plan says that no port is left for @domain. */
bool host_fault_ports(const struct domain *domain);

/** host_n_free_pages() - free frames as physinfo counts them. */
uint64_t host_n_free_pages(const struct host *host);

uint64_t host_now_ns(struct host *host);

#endif
