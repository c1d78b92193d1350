/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view of the file system for one simulated host: its own /run/xen, /run/xenstored, /var/lib/xen,
 * /var/log/xen, /run/lock and /etc/xen, in a mount namespace of its own. Nothing outside changes.
 */
#ifndef ENCLOSURE_H
#define ENCLOSURE_H

/**
 * enclosure_enter() - move this process into a new view
 * @dir:   folder of the host, in which the private folders are made
 * @stock: where Debian's Xen packages are unpacked, or NULL; its lib/xen-* folders appear at their
 *         place, because tools call each other by absolute path
 *
 * As root in a mount namespace, otherwise also in a user namespace in which we are root.
 *
 * Return: 0, or a negative errno with @what saying what failed.
 */
int enclosure_enter(const char *dir, const char *stock, const char **what);

#endif
