/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hypervisor is asked: the state of ports, in batches. */
#ifndef HYPER_H
#define HYPER_H

#include "scan.h"

struct hyper;
struct xentoollog_logger;

/**
 * hyper_open() - open the hypervisor's control interface
 * @out:    owned by the caller
 * @logger: borrowed as long as @out lives; NULL: the libraries write to stderr
 *
 * Return: 0, -ENOMEM, or what opening the privileged command device says: -ENOENT (not on Xen),
 * -EACCES, … Source: xenctrl.h, xc_interface_open(); xencall.h, xencall_open().
 */
int hyper_open(struct hyper **out, struct xentoollog_logger *logger);
void hyper_free(struct hyper *hyper);
DEFINE_CLEANUP(struct hyper *, hyper_free)

/** hyper_source() - for scan_read(); valid as long as @hyper. */
struct scan_source hyper_source(struct hyper *hyper);

#endif
