/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's vifs and disks in the store: front half, back half, and libxl's note of both. */
#ifndef DEVTREE_H
#define DEVTREE_H

#include <stdint.h>

struct device;
struct plan_domain;
struct writer;

#define DEVTREE_PATH_MAX 96

/**
 * devtree_write() - add the requests for all devices of a domain
 *
 * libxl's note comes first: by it the devices are found when they are to be taken down again. A
 * back half's state comes last of all: it is what makes the kernel look at the rest, so that no
 * transaction is needed. Source: nodes and permissions as libxl leaves them.
 */
void devtree_write(struct writer *w, const struct plan_domain *plan);

/** devtree_backend() - the path of a device's back half */
void devtree_backend(char path[DEVTREE_PATH_MAX], uint32_t domid, const struct device *device);

#endif
