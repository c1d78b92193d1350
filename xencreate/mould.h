/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the library has put into one domain, kept as a mould for the next ones of the same config:
 * PV domains differ in which machine frames they got and in nothing else, PVH domains not even in
 * that. Casting one maps none of its memory; the library maps it in eight pieces. PV: six
 * hypercalls, the library makes eighteen.
 */
#ifndef MOULD_H
#define MOULD_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct build_result;
struct mould;
struct shell;
struct xc_dom_image;
struct xentoollog_logger;

/**
 * mould_take() - from a domain that the library has just built, and that has not run
 * @out: owned by the caller
 * @dom: the library's image of it. On success it is the mould's, which releases it; the config and
 *       its kernel, and the handle that it was built with, must outlive the mould
 *
 * The domain is as before afterwards.
 *
 * Return: 0, -EOPNOTSUPP (a kind of domain that is not cast: neither 64-bit PV nor PVH, or more
 * pages written than one frame of grants covers), -EPROTO (its memory is not as expected), -ENOMEM,
 * or what opening the devices, the hypervisor or the grant copy says. Source: xenguest.h;
 * grant_table.h, GNTTABOP_copy.
 */
int mould_take(struct mould **out, struct xc_dom_image *dom, struct xentoollog_logger *logger);

/**
 * mould_cast() - fill a shell with the same
 * @what: out: on error, the step that failed
 *
 * As after build_domain(): memory, kernel, page tables, first vCPU, the two reserved grants; with
 * PVH all but the memory map, which the caller tells.
 *
 * Return: 0, -ENOMEM (not enough memory on the host), -EIO (a page could not be copied), or what
 * the hypervisor says.
 */
int mould_cast(struct mould *mould, struct build_result *result, const struct shell *shell,
	       const char **what);

/** mould_is_whole() - is the library not asked for any step? With PVH that shows when the first one
 * has been cast. */
bool mould_is_whole(const struct mould *mould);

void mould_free(struct mould *mould);
DEFINE_CLEANUP(struct mould *, mould_free)

#endif
