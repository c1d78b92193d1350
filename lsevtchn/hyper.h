/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hypervisor is asked: the state of ports, in batches; which domains there are; what the
 * host has. */
#ifndef HYPER_H
#define HYPER_H

#include "abi.h"
#include "capproof.h"
#include "scan.h"

struct census;
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

/**
 * hyper_domains() - list all domains
 * @census: its domains are replaced; filled are domid, handle, type (HVM or PV: PVH looks like HVM
 * from here), state, vCPUs, memory and word size
 *
 * Return: 0, -ENOMEM, or what the hypervisor says (-EPERM, …).
 * Source: xen/sysctl.h, getdomaininfolist; xen/domctl.h, get_address_size.
 */
int hyper_domains(struct hyper *hyper, struct census *census);

/**
 * hyper_told() - which interface the domain that we run in speaks
 * @evidence: its told is set
 *
 * Only a FIFO domain's ports have priorities. One that cannot exist is asked for, so nothing is
 * changed.
 *
 * Return: 0, or what the hypervisor says if it answers neither way.
 * Source: xen/event_channel.h, EVTCHNOP_set_priority.
 */
int hyper_told(struct hyper *hyper, struct abi_evidence *evidence);

/** hyper_memory() - free and total memory of the host. Return: 0, or what the hypervisor says. */
int hyper_memory(struct hyper *hyper, uint64_t *free_kib, uint64_t *total_kib);

/**
 * hyper_parameter() - a number from the hypervisor's command line
 * @name: "gnttab_max_frames"
 *
 * Return: 0, -ENOENT (not there), or what the hypervisor says.
 */
int hyper_parameter(struct hyper *hyper, const char *name, uint64_t *value);

/** hyper_pause() - stop a domain until it is unpaused. Return: 0, or what the hypervisor says. */
int hyper_pause(struct hyper *hyper, uint32_t domid);

/**
 * hyper_set_cap() - change the cap of a living domain
 *
 * Return: 0, -EOPNOTSUPP (hypervisors since 4.12 cannot), or what the hypervisor says.
 */
int hyper_set_cap(struct hyper *hyper, uint32_t domid, uint32_t max_port);

/** hyper_taker() - for capproof_run(); valid as long as @hyper. */
struct capproof_taker hyper_taker(struct hyper *hyper);

#endif
