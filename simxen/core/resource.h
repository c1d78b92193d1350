/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that a domain's tools map as a resource: its grant table. Source: xen/memory.h. */
#ifndef RESOURCE_H
#define RESOURCE_H

#include <stdint.h>

struct host;

/**
 * resource_size() - length in frames
 *
 * Return: 0, -ESRCH (no such domain), -EOPNOTSUPP (no such type), -EINVAL (not for this domain).
 */
int resource_size(struct host *host, uint32_t domid, uint32_t type, uint32_t id, uint64_t *n);

/**
 * resource_frame() - frame @frame of the resource; the grant table grows up to it
 *
 * Return: 0, and beyond resource_size(): -EINVAL (beyond its end), -EBUSY (dying), -ENOMEM.
 */
int resource_frame(struct host *host, uint32_t domid, uint32_t type, uint32_t id, uint64_t frame,
		   uint64_t *mfn);

#endif
