/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc and /sys of domain 0 say of things that run out. Each answer may be missing. */
#ifndef SYSFACTS_H
#define SYSFACTS_H

#include <stdint.h>
#include <sys/types.h>

/* A thing of which there are @limit, @used of them taken. */
struct sysfacts_use {
	uint64_t limit;
	uint64_t used;
};

/** sysfacts_ptys() - pseudo terminals. Return: 0, or why /proc/sys/kernel/pty cannot be read. */
int sysfacts_ptys(struct sysfacts_use *use);

/** sysfacts_tasks() - threads and processes. Return: 0, or why /proc cannot be read. */
int sysfacts_tasks(struct sysfacts_use *use);

/**
 * sysfacts_bridge() - ports of a Linux bridge
 *
 * Return: 0, -ENODEV (no such bridge), or why /sys cannot be read.
 * Source: Linux, BR_PORT_BITS 10; port 0 is not used.
 */
int sysfacts_bridge(struct sysfacts_use *use, const char *bridge);

/** sysfacts_descriptors() - of a process. Return: 0, or why /proc cannot be read. */
int sysfacts_descriptors(struct sysfacts_use *use, pid_t pid);

/**
 * sysfacts_parameter() - of a kernel module: "xen_netback/parameters/max_queues"
 * @value: a switch gives 0 or 1
 *
 * Return: 0, -ENOENT (module or parameter not there), -EINVAL.
 */
int sysfacts_parameter(uint64_t *value, const char *name);

/** sysfacts_cpus() - online in this domain, at least 1. */
uint32_t sysfacts_cpus(void);

#endif
