/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that domains grant, mapped. The kernel's driver keeps what one handle has mapped in one
 * list and walks through it for each new mapping, twice: so the domains are spread over several
 * handles, neighbours together.
 */
#ifndef GRANTS_H
#define GRANTS_H

#include <stdint.h>

#include "cleanup.h"

struct grants;
struct xengntdev_handle;
struct xentoollog_logger;

/**
 * grants_new() - the first handle; others are opened when their domains come
 * @out:    owned by the caller; grants_free() leaves mapped what is
 * @logger: borrowed until then
 *
 * Return: 0, -ENOMEM, or what opening says.
 */
int grants_new(struct grants **out, struct xentoollog_logger *logger);
void grants_free(struct grants *grants);
DEFINE_CLEANUP(struct grants *, grants_free)

/**
 * grants_of() - the handle for what @domid grants: always the same one for a domain. Without
 * descriptors for a new one it is the first.
 */
struct xengntdev_handle *grants_of(struct grants *grants, uint32_t domid);

#endif
