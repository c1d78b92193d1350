/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of the daemon under test, as seen from outside. */
#ifndef PROC_H
#define PROC_H

#include <stdint.h>
#include <sys/types.h>

/**
 * proc_cpu_ns() - time that all threads of @pid have spent on a CPU, user and system
 * @cpu_ns: out
 *
 * The figure of a thread that is running is up to a tick old: ask when it sleeps, or use
 * proc_cpu_settled_ns().
 *
 * Return: 0, or -ESRCH (no such process). Source: proc(5), /proc/[pid]/task/[tid]/schedstat.
 */
int proc_cpu_ns(pid_t pid, uint64_t *cpu_ns);

/** proc_cpu_settled_ns() - the same, once two readings 11 ms apart agree (at most 1.1 s). */
int proc_cpu_settled_ns(pid_t pid, uint64_t *cpu_ns);

/**
 * proc_memory() - memory that would come back if @pid went away
 * @pss_bytes: out; pages shared with others count in part
 *
 * Return: 0, or -ESRCH. Source: proc(5), /proc/[pid]/smaps_rollup.
 */
int proc_memory(pid_t pid, uint64_t *pss_bytes);

#endif
