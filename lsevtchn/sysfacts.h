/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc and /sys of domain 0 say of things that run out. Each answer may be missing. */
#ifndef SYSFACTS_H
#define SYSFACTS_H

#include <stdbool.h>
#include <stdint.h>

/* A thing of which there are @limit, @used of them taken. */
struct sysfacts_use {
	uint64_t limit;
	uint64_t used;
};

/** sysfacts_ptys() - pseudo terminals. Return: 0, or why /proc/sys/kernel/pty cannot be read. */
int sysfacts_ptys(struct sysfacts_use *use);

/**
 * sysfacts_is_stock() - is the process that is called @name one that comes with Xen itself?
 *
 * Return: false also if there is none, or nobody can tell.
 */
bool sysfacts_is_stock(const char *name);

/** sysfacts_tasks() - threads and processes. Return: 0, or why /proc cannot be read. */
int sysfacts_tasks(struct sysfacts_use *use);

/**
 * sysfacts_bridge() - ports of a Linux bridge
 *
 * Return: 0, -ENODEV (no such bridge), or why /sys cannot be read.
 * Source: Linux, BR_PORT_BITS 10; port 0 is not used.
 */
int sysfacts_bridge(struct sysfacts_use *use, const char *bridge);

/**
 * sysfacts_descriptors() - of the process that is called @name, or @other
 * @name:  out: the name that was found
 *
 * Return: 0, -ESRCH (no such process), or why /proc cannot be read.
 */
int sysfacts_descriptors(struct sysfacts_use *use, const char **name, const char *other);

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
