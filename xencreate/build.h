/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an empty shell to a domain that could run: memory, kernel, page tables, first vCPU, the two
 * reserved grants. */
#ifndef BUILD_H
#define BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct build_moulds;
struct guestcfg;
struct shell;
struct xc_interface_core;
struct xentoollog_logger;

struct build_result {
	uint64_t store_frame; /* of the store ring: a machine frame for PV, a guest frame for PVH */
	uint64_t console_frame; /* of the console ring */
};

struct build_request {
	struct xc_interface_core *xch;
	const struct guestcfg *config; /* with its images loaded */
	const struct shell *shell;
	uint32_t store_domid;
	uint32_t console_domid;
};

/**
 * build_moulds_new() - remember what is built often, so that it can be had for less
 * @out:    owned by the caller, who frees it before the handle and the configs that are built with
 *          it; all builds with it name the same store and console domain
 * @logger: for the libraries; outlives it
 *
 * Return: 0 or -ENOMEM.
 */
int build_moulds_new(struct build_moulds **out, struct xentoollog_logger *logger);
void build_moulds_free(struct build_moulds *moulds);
/** build_moulds_count() - how many configs are cast by now? */
unsigned int build_moulds_count(const struct build_moulds *moulds);
/** build_moulds_count_whole() - and of those, how many without any help of the library's? */
unsigned int build_moulds_count_whole(const struct build_moulds *moulds);
DEFINE_CLEANUP(struct build_moulds *, build_moulds_free)

/**
 * build_domain() - fill a shell
 * @moulds:  NULL: by the library alone
 * @message: out: on error, what the library says was wrong
 *
 * What was allocated in the domain by a build that fails goes when the domain is destroyed.
 *
 * Return: 0, or a negative errno of the library: -ENOMEM (not enough memory on the host, or in the
 * guest for its kernel), -EINVAL, …; -EIO if it gives none; or mould_cast(). Source: xenguest.h.
 */
int build_domain(struct build_result *result, const struct build_request *request,
		 struct build_moulds *moulds, char *message, size_t message_size);

#endif
