/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of hypercalls to families, and multicall; see hypercall.h. */
#include "hypercall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "fault.h"
#include "host.h"
#include "interface.h"
#include "log.h"

int hypercall_unknown(struct host *host, const char *what, uint64_t cmd, const char *name)
{
	char full[64];

	if (name)
		snprintf(full, sizeof(full), "%s.%s", what, name);
	else
		snprintf(full, sizeof(full), "%s.%llu", what, (unsigned long long)cmd);
	for (uint32_t i = 0; i < host->n_unknown; i++)
		if (!strcmp(host->unknown[i], full))
			return -ENOSYS;
	if (host->n_unknown < HOST_UNKNOWN_MAX)
		strcpy(host->unknown[host->n_unknown++], full);
	log_warning(host->log, "not simulated: %s (answered ENOSYS; said once)", full);
	return -ENOSYS;
}

struct domain *hypercall_domain(struct host *host, uint32_t domid)
{
	if (domid == DOMID_SELF)
		return host_domain(host, 0);
	return domid < HOST_DOMIDS ? host_domain(host, (uint16_t)domid) : NULL;
}

int hypercall_fault(struct host *host, const char *name)
{
	struct fault_verdict verdict = fault_call(host->faults, name);
	struct domain *domain;

	if (verdict.delay_us && host->hooks.delay)
		host->hooks.delay(host->hooks.ctx, verdict.delay_us);
	if (verdict.kill) {
		domain = hypercall_domain(host, verdict.kill);
		if (domain)
			domain_destroy(domain);
	}
	if (verdict.error)
		log_info(host->log, "fault: %s answers %s", name, strerrorname_np(-verdict.error));
	return verdict.error;
}

static int64_t multicall(struct host *host, struct caller *caller, uint64_t arg, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		multicall_entry_t entry;
		uint64_t at = arg + i * sizeof(entry), args[5];

		if (caller->read(caller, &entry, at, sizeof(entry)) < 0)
			return -EFAULT;
		for (int j = 0; j < 5; j++)
			args[j] = entry.args[j];
		if (entry.op == __HYPERVISOR_multicall)
			entry.result = (unsigned long)-EINVAL;
		else
			entry.result = (unsigned long)hypercall(host, caller, entry.op, args);
		if (caller->write(caller, at + offsetof(multicall_entry_t, result), &entry.result,
				  sizeof(entry.result)) < 0)
			return -EFAULT;
	}
	return 0;
}

int64_t hypercall(struct host *host, struct caller *caller, uint64_t op, const uint64_t args[5])
{
	switch (op) {
	case __HYPERVISOR_multicall:
		return hypercall_fault(host, "multicall")
			       ?: multicall(host, caller, args[0], args[1]);
	case __HYPERVISOR_domctl:
		return domctl(host, caller, args[0]);
	case __HYPERVISOR_sysctl:
		return sysctl_op(host, caller, args[0]);
	case __HYPERVISOR_memory_op:
		return memory_op(host, caller, args[0], args[1]);
	case __HYPERVISOR_event_channel_op:
		return event_op(host, caller, args[0], args[1]);
	case __HYPERVISOR_grant_table_op:
		return grant_op(host, caller, args[0], args[1], args[2]);
	case __HYPERVISOR_xen_version:
		return version_op(host, caller, args[0], args[1]);
	case __HYPERVISOR_hvm_op:
		return hvm_op(host, caller, args[0], args[1]);
	case __HYPERVISOR_sched_op:
		return sched_op(host, caller, args[0], args[1]);
	case __HYPERVISOR_mmuext_op:
		return mmuext_op(host, caller, args);
	case __HYPERVISOR_xsm_op: /* no security module is loaded: the true answer */
		return hypercall_fault(host, "xsm_op") ?: -ENOSYS;
	case __HYPERVISOR_tmem_op:
	case __HYPERVISOR_argo_op:
		return -ENOSYS;
	default:
		return hypercall_unknown(host, "hypercall", op, NULL);
	}
}
