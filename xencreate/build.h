/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an empty shell to a domain that could run: memory, kernel, page tables, first vCPU, the two
 * reserved grants. */
#ifndef BUILD_H
#define BUILD_H

#include <stddef.h>
#include <stdint.h>

struct guestcfg;
struct shell;
struct xc_interface_core;

struct build_result {
	uint64_t store_frame; /* of the store ring: a machine frame for PV, a guest frame for PVH */
	uint64_t console_frame; /* of the console ring */
};

/**
 * build_domain() - fill a shell
 * @config:  with its images loaded
 * @message: out: on error, what the library says was wrong
 *
 * What was allocated in the domain by a build that fails goes when the domain is destroyed.
 *
 * Return: 0, or a negative errno of the library: -ENOMEM (not enough memory on the host, or in the
 * guest for its kernel), -EINVAL, …; -EIO if it gives none. Source: xenguest.h.
 */
int build_domain(struct build_result *result, struct xc_interface_core *xch,
		 const struct guestcfg *config, const struct shell *shell, uint32_t store_domid,
		 uint32_t console_domid, char *message, size_t message_size);

#endif
