/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has which frames mapped. A record is made when a client maps (foreign memory, a grant, a
 * resource) and goes when it says that it unmapped, when its address is used again, when it dies,
 * or when a look at the process shows that a plain munmap() undid it.
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/tree.h>

struct domain;
struct host;

/* A run of consecutive frames at consecutive pages. */
struct mapping_run {
	uint64_t mfn;
	uint32_t page; /* of the mapping */
	uint32_t n;
};

struct mapping {
	struct mapper *mapper; /* borrowed: drops us before it goes */
	struct domain *domain; /* borrowed: does not go before us */
	uint64_t address;      /* in the client */
	uint64_t n_pages;
	bool is_grant;
	bool write;
	uint32_t n_refs;
	uint32_t *refs; /* owned: grants only */
	LIST_ENTRY(mapping) of_domain;
	RB_ENTRY(mapping) of_mapper;
	uint32_t n_runs;
	struct mapping_run runs[];
};

RB_HEAD(mapping_tree, mapping);

/* One client process. Embedded in whoever knows it. */
struct mapper {
	struct host *host;
	struct mapping_tree mappings;
	uint64_t id; /* whatever tells the hooks which process it is */
};

void mapper_init(struct mapper *mapper, struct host *host, uint64_t id);
/** mapper_deinit() - the process is gone, and with it every mapping. */
void mapper_deinit(struct mapper *mapper);

/** mapping_begin() - the client is mapping @n_pages at @address now: what is recorded there is
 * gone. */
void mapping_begin(struct mapper *mapper, uint64_t address, uint64_t n_pages);

/**
 * mapping_add() - remember that @mapper has frames of @domain at @address
 * @mfns: one per page, UINT64_MAX where there is no frame of this domain
 * @refs: the grant references, NULL for foreign memory; one per page
 *
 * After mapping_begin(); a mapping of several domains' grants is added once for each of them.
 *
 * Return: 0 or -ENOMEM.
 */
int mapping_add(struct mapper *mapper, struct domain *domain, uint64_t address, uint64_t n_pages,
		const uint64_t *mfns, const uint32_t *refs, bool write);

/**
 * mapping_remove() - the client unmapped @n_pages at @address
 *
 * Return: 0 or -EINVAL (no such grant mapping begins there with that length, if @is_grant).
 */
int mapping_remove(struct mapper *mapper, uint64_t address, uint64_t n_pages, bool is_grant);

/** mapping_find_grant() - is a grant mapping of exactly this range known? */
bool mapping_find_grant(struct mapper *mapper, uint64_t address, uint64_t n_pages);

/** mapping_verify() - drop those records of @domain that the hook says are not there any more. */
void mapping_verify(struct domain *domain);

/** mapping_has_ref() - has somebody grant @ref of @domain mapped (for writing, if @write)? */
bool mapping_has_ref(const struct domain *domain, uint32_t ref, bool write);

/** mapping_covers() - does somebody have @mfn of @domain mapped? */
bool mapping_covers(const struct domain *domain, uint64_t mfn);

#endif
