/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which domains the host has, by number, UUID and name. */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct names;
struct storeclient;
struct xc_interface_core;

struct names_entry {
	uint32_t domid;
	uint8_t uuid[16];
	char *name; /* owned; NULL: it has none in the store */
};

/**
 * names_new() - begin to list the host: numbers and UUIDs by one hypercall per 1,024 domains, names
 * by one read each, all of them in flight at once
 * @out:   owned by the caller; only to be freed after @done
 * @store: connected
 * @done:  called from the loop, @error 0 or a negative errno; names that could not be read are NULL
 *
 * Return: 0, -ENOMEM, -ENOTCONN, or what the hypervisor says.
 */
int names_new(struct names **out, struct xc_interface_core *xch, struct storeclient *store,
	      void (*done)(void *ctx, int error), void *ctx);
void names_free(struct names *names);
DEFINE_CLEANUP(struct names *, names_free)

/** names_entries() - what was found, in rising order of domids, without domain 0. */
const struct names_entry *names_entries(const struct names *names, size_t *n);

#endif
