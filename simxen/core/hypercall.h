/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a hypercall: number → entry → sub-operation by name → fault plan → the function that
 * does it. Answers are what a hypercall returns: a value ≥ 0 or a negative errno.
 *
 * Arguments are registers; structures stay in the caller's memory and are copied in and out, as
 * Xen does it.
 */
#ifndef HYPERCALL_H
#define HYPERCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domain;
struct host;

/* The memory of whoever calls. Both give 0 or -EFAULT. */
struct caller {
	int (*read)(struct caller *caller, void *to, uint64_t from, size_t len);
	int (*write)(struct caller *caller, uint64_t to, const void *from, size_t len);
};

/** hypercall() - @op with @args, by dom0. */
int64_t hypercall(struct host *host, struct caller *caller, uint64_t op, const uint64_t args[5]);

/**
 * hypercall_fault() - ask the fault plan about a call named @name, and carry out what it says
 *
 * Return: 0: go on, or the errno to answer.
 */
int hypercall_fault(struct host *host, const char *name);

/** hypercall_unknown() - say once in the log that @what.@cmd is not simulated. Return: -ENOSYS. */
int hypercall_unknown(struct host *host, const char *what, uint64_t cmd, const char *name);

/** hypercall_domain() - the domain of that number, DOMID_SELF being dom0; or NULL. */
struct domain *hypercall_domain(struct host *host, uint32_t domid);

/* The families; each in the file of its name. */
int64_t domctl(struct host *host, struct caller *caller, uint64_t arg);
int64_t sysctl_op(struct host *host, struct caller *caller, uint64_t arg);
int64_t memory_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg);
int64_t event_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg);
int64_t grant_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg,
		 uint64_t count);
int64_t version_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg);
int64_t hvm_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg);
int64_t sched_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg);
int64_t mmuext_op(struct host *host, struct caller *caller, const uint64_t args[5]);

#endif
