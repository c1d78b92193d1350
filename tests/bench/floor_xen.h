/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What INTRODUCE cannot be done without: the guest's page is mapped, its port bound and notified.
 */
#ifndef FLOOR_XEN_H
#define FLOOR_XEN_H

#include <stdint.h>

struct floor_xen;

/** floor_xen_new() - open the handles; needs a Xen host. Return: 0 or a negative errno. */
int floor_xen_new(struct floor_xen **out);

/**
 * floor_xen_introduce() - carry out "domid\0frame\0port\0" of @len bytes
 *
 * Return: 0, -EINVAL, or what the hypervisor says.
 */
int floor_xen_introduce(struct floor_xen *xen, const char *payload, uint32_t len);

#endif
