/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain from createdomain to the release of its last page. It dies in two steps, as under Xen:
 * destroyed, it is listed as dying and keeps the frames that somebody still has mapped; without
 * such frames it goes at the next host_tidy().
 */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "evtchn.h"
#include "grant.h"
#include "p2m.h"

struct guest;
struct host;
struct mapping;
struct vcpu_state;

/* A range of frames that the domain was given. */
struct domain_extent {
	uint64_t mfn : 58;
	uint64_t order : 6;
};

#define DOMAIN_CPUS_MAX 128 /* of the host */

struct domain_vcpu {
	bool initialised;
	bool online;
	bool blocked;
	uint64_t cpu_time_ns;
	uint8_t soft_affinity[DOMAIN_CPUS_MAX / 8], hard_affinity[DOMAIN_CPUS_MAX / 8];
	struct vcpu_state *state; /* owned; NULL until the builder sets it */
};

/* What createdomain asks for; plain copy of the fields of xen_domctl_createdomain that count. */
struct domain_config {
	uint32_t ssidref;
	uint8_t handle[16];
	bool hvm, hap, xenstore_domain;
	uint32_t max_vcpus;
	uint32_t max_evtchn_port;
	uint32_t max_grant_frames;
	uint32_t max_maptrack_frames;
	uint32_t grant_version; /* highest that the guest may use */
	uint32_t cpupool;
	uint32_t emulation_flags;
	uint32_t misc_flags;
};

LIST_HEAD(domain_mappings, mapping);

struct domain {
	struct host *host; /* borrowed: owns us */
	uint16_t id;
	uint64_t unique_id; /* not 0 */
	struct domain_config config;

	uint32_t pause_count;
	bool dying;
	bool shut_down;
	uint8_t shutdown_code;

	struct domain_vcpu *vcpus; /* owned, n_vcpus of them; NULL until max_vcpus */
	uint32_t n_vcpus;

	uint64_t tot_pages;
	uint64_t max_pages;
	uint64_t claimed_pages;	       /* promised and not yet allocated */
	struct domain_extent *extents; /* owned */
	uint32_t n_extents;
	struct p2m p2m;		    /* HVM only */
	uint64_t shared_info;	    /* mfn */
	uint64_t shared_info_gfn;   /* HVM: where the guest placed it, or ~0 */
	uint64_t paging_pool_bytes; /* HVM */
	uint64_t hvm_params[40];
	uint32_t weight, cap; /* scheduler */
	uint32_t tsc_mode;
	uint32_t address_bits;

	struct evtchn_table evtchn;
	struct grant_table grant;
	struct domain_mappings mappings; /* borrowed records: who has which of our frames mapped */
	struct guest *guest;		 /* borrowed: belongs to whoever plays the guests */
	LIST_ENTRY(domain) of_dying;
};

/**
 * domain_new() - make a paused domain
 * @out: borrowed: the host owns it, domain_destroy() ends it
 * @id:  not in use
 *
 * Return: 0 or -ENOMEM.
 */
int domain_new(struct domain **out, struct host *host, uint16_t id,
	       const struct domain_config *config);

/** domain_free() - forget it with all it has; for host_tidy() and host_free(). */
void domain_free(struct domain *domain);

/**
 * domain_destroy() - kill it; raises VIRQ_DOM_EXC. Again is fine.
 *
 * Return: 0 or -EINVAL (dom0).
 */
int domain_destroy(struct domain *domain);

/** domain_may_go() - nothing holds the dying domain any more. */
bool domain_may_go(const struct domain *domain);

/** domain_claim() - promise @n_pages in all. Return: 0, -EINVAL (not above what it has, above its
 * limit, or a claim is there), -ENOMEM. */
int domain_claim(struct domain *domain, uint64_t n_pages);

/**
 * domain_set_vcpus() - make the vCPUs
 *
 * Return: 0 (also when they are there), -EINVAL (not the number given at creation), -ENOMEM.
 */
int domain_set_vcpus(struct domain *domain, uint32_t n);

/** domain_pause() - count one pause. */
void domain_pause(struct domain *domain);

/**
 * domain_unpause() - take one pause back
 *
 * Return: 0 or -EINVAL (not paused, or shut down with no pause left).
 */
int domain_unpause(struct domain *domain);

/** domain_runs() - the guest may execute. */
bool domain_runs(const struct domain *domain);

/** domain_shutdown() - the guest stops for good, with SHUTDOWN_* @code; raises VIRQ_DOM_EXC once.
 * The first code stays. */
void domain_shutdown(struct domain *domain, uint8_t code);

/** domain_resume() - take a shutdown back, whatever its code. */
void domain_resume(struct domain *domain);

/**
 * domain_populate() - give the domain 2^@order frames
 * @gpfn: HVM: where they appear; ignored for PV
 * @mfn:  out: the first frame
 *
 * Return: 0, -ENOMEM (host full), -E2BIG (its own limit), -EINVAL (@gpfn taken or out of range).
 */
int domain_populate(struct domain *domain, uint64_t gpfn, unsigned int order, uint64_t *mfn);

/**
 * domain_release_frame() - take one frame back (decrease_reservation)
 * @frame: mfn for PV, gfn for HVM
 *
 * Return: 0 or -EINVAL (not its frame).
 */
int domain_release_frame(struct domain *domain, uint64_t frame);

/** domain_mapping_gone() - a record of @domain->mappings was removed: a dying domain frees what is
 * not mapped any more. */
void domain_mapping_gone(struct domain *domain);

/**
 * domain_frame_for() - the machine frame that a foreign map of @frame shows
 * @frame: mfn for PV, gfn for HVM
 *
 * Return: 0, -EINVAL (hole or no frame at all), -EPERM (Xen's own), -EBUSY (another domain's).
 */
int domain_frame_for(struct domain *domain, uint64_t frame, uint64_t *mfn);

#endif
