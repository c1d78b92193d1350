/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domctls about vCPUs: their number, affinity, registers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "domain.h"
#include "domctl.h"
#include "host.h"
#include "interface.h"
#include "vcpu.h"

#define HVM_CONTEXT_MAX	  4568
#define HVM_CONTEXT_USED  1464
#define HVM_CONTEXT_LIMIT (1 << 20)

int domctl_max_vcpus(struct host *host, struct caller *caller, struct domain *domain,
		     struct xen_domctl *op)
{
	(void)host, (void)caller;
	return domain_set_vcpus(domain, op->u.max_vcpus.max);
}

int domctl_setvcpucontext(struct host *host, struct caller *caller, struct domain *domain,
			  struct xen_domctl *op)
{
	CLEANUP(free) vcpu_guest_context_t *context = malloc(sizeof(*context));
	struct domain_vcpu *vcpu;
	uint64_t start_info, cr3;
	int r;

	(void)host;
	if (!context)
		return -ENOMEM;
	if (op->u.vcpucontext.vcpu >= domain->n_vcpus || domain->config.hvm)
		return -EINVAL;
	vcpu = &domain->vcpus[op->u.vcpucontext.vcpu];
	if (!op->u.vcpucontext.ctxt.p) { /* take the vCPU down */
		vcpu->initialised = vcpu->online = false;
		return 0;
	}
	if (caller->read(caller, context, (uintptr_t)op->u.vcpucontext.ctxt.p, sizeof(*context)) <
	    0)
		return -EFAULT;
	vcpu_start(vcpu, &start_info, &cr3);
	if (vcpu->initialised && context->ctrlreg[3] != cr3)
		return -EOPNOTSUPP;
	r = vcpu_set_context(vcpu, context);
	if (r < 0)
		return r;
	vcpu->initialised = true;
	vcpu->online = context->flags & VGCF_online;
	return 0;
}

int domctl_getvcpucontext(struct host *host, struct caller *caller, struct domain *domain,
			  struct xen_domctl *op)
{
	CLEANUP(free) vcpu_guest_context_t *context = malloc(sizeof(*context));
	const struct domain_vcpu *vcpu;

	(void)host;
	if (!context)
		return -ENOMEM;
	if (!domain->id || op->u.vcpucontext.vcpu >= domain->n_vcpus)
		return -EINVAL;
	vcpu = &domain->vcpus[op->u.vcpucontext.vcpu];
	if (!vcpu->initialised || !vcpu_get_context(vcpu, context))
		return -ENODATA;
	context->ctrlreg[0] = 0x80050033;
	context->ctrlreg[4] = 0x660;
	if (caller->write(caller, (uintptr_t)op->u.vcpucontext.ctxt.p, context, sizeof(*context)) <
	    0)
		return -EFAULT;
	return DOMCTL_COPY_BACK;
}

int domctl_getvcpuinfo(struct host *host, struct caller *caller, struct domain *domain,
		       struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	const struct domain_vcpu *vcpu;

	(void)caller;
	if (!domain->n_vcpus)
		return -ESRCH;
	if (info->vcpu >= domain->n_vcpus)
		return -EINVAL;
	vcpu = &domain->vcpus[info->vcpu];
	info->online = vcpu->online;
	info->blocked = vcpu->blocked;
	info->running = !domain->id;
	info->cpu = domain->id % host->config.n_cpus;
	info->cpu_time = vcpu->cpu_time_ns;
	return DOMCTL_COPY_BACK;
}

static int read_map(struct caller *caller, const struct xenctl_bitmap *from, uint8_t *map,
		    size_t size)
{
	size_t n = (from->nr_bits + 7) / 8;

	memset(map, 0, size);
	return caller->read(caller, map, (uintptr_t)from->bitmap.p, n < size ? n : size);
}

/* Keeps the CPUs that exist; false: none is left. */
static bool clip_to_cpus(const struct host *host, uint8_t *map, size_t size)
{
	bool any = false;

	for (size_t i = 0; i < 8 * size; i++) {
		if (i >= host->config.n_cpus)
			map[i / 8] &= (uint8_t) ~(1u << (i % 8));
		else
			any = any || (map[i / 8] >> (i % 8) & 1);
	}
	return any;
}

int domctl_setvcpuaffinity(struct host *host, struct caller *caller, struct domain *domain,
			   struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct domain_vcpu *vcpu;
	uint8_t hard[sizeof(vcpu->hard_affinity)], soft[sizeof(vcpu->soft_affinity)];

	if (a->vcpu >= domain->n_vcpus)
		return domain->n_vcpus ? -EINVAL : -ESRCH;
	if (!a->flags)
		return -EINVAL;
	vcpu = &domain->vcpus[a->vcpu];
	memcpy(hard, vcpu->hard_affinity, sizeof(hard));
	memcpy(soft, vcpu->soft_affinity, sizeof(soft));
	if ((a->flags & XEN_VCPUAFFINITY_HARD) &&
	    read_map(caller, &a->cpumap_hard, hard, sizeof(hard)) < 0)
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) &&
	    read_map(caller, &a->cpumap_soft, soft, sizeof(soft)) < 0)
		return -EFAULT;
	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		uint8_t effective[sizeof(hard)];

		memcpy(effective, hard, sizeof(hard));
		if (!clip_to_cpus(host, effective, sizeof(effective)))
			return -EINVAL;
		memcpy(vcpu->hard_affinity, hard, sizeof(hard));
		if (domctl_copy_map(caller, &a->cpumap_hard, effective, host->config.n_cpus) < 0)
			return -EFAULT;
	}
	if (a->flags & XEN_VCPUAFFINITY_SOFT) {
		memcpy(vcpu->soft_affinity, soft, sizeof(soft));
		for (size_t i = 0; i < sizeof(soft); i++)
			soft[i] &= vcpu->hard_affinity[i];
		clip_to_cpus(host, soft, sizeof(soft));
		if (domctl_copy_map(caller, &a->cpumap_soft, soft, host->config.n_cpus) < 0)
			return -EFAULT;
	}
	return 0;
}

int domctl_getvcpuaffinity(struct host *host, struct caller *caller, struct domain *domain,
			   struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	const struct domain_vcpu *vcpu;

	if (a->vcpu >= domain->n_vcpus)
		return domain->n_vcpus ? -EINVAL : -ESRCH;
	if (!a->flags)
		return -EINVAL;
	vcpu = &domain->vcpus[a->vcpu];
	if ((a->flags & XEN_VCPUAFFINITY_HARD) &&
	    domctl_copy_map(caller, &a->cpumap_hard, vcpu->hard_affinity, host->config.n_cpus) < 0)
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) &&
	    domctl_copy_map(caller, &a->cpumap_soft, vcpu->soft_affinity, host->config.n_cpus) < 0)
		return -EFAULT;
	return 0;
}

static char *put_record(char *at, uint16_t type, const void *data, size_t data_len, uint32_t len)
{
	struct hvm_save_descriptor record = { .typecode = type, .length = len };

	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), data, data_len);
	return at + sizeof(record) + len;
}

/* A header, the first CPU (of the length that fills the whole), MTRRs, and the end. */
static void fill_context(char *context, const struct domain *domain)
{
	const struct hvm_save_header header = { .magic = HVM_FILE_MAGIC,
						.version = HVM_FILE_VERSION };
	struct hvm_hw_cpu cpu = { .cr0 = 0x11 };
	const struct hvm_hw_mtrr mtrr = { .msr_pat_cr = 0x0007040600070406ull,
					  .msr_mtrr_cap = 0x508 };
	uint32_t cpu_len = (uint32_t)(HVM_CONTEXT_USED - 4 * sizeof(struct hvm_save_descriptor) -
				      sizeof(header) - sizeof(mtrr));
	char *at = context;

	if (domain->n_vcpus)
		vcpu_get_hvm(&domain->vcpus[0], &cpu.rip, &cpu.rbx);
	at = put_record(at, HVM_SAVE_CODE(HEADER), &header, sizeof(header), sizeof(header));
	at = put_record(at, HVM_SAVE_CODE(CPU), &cpu, sizeof(cpu), cpu_len);
	at = put_record(at, HVM_SAVE_CODE(MTRR), &mtrr, sizeof(mtrr), sizeof(mtrr));
	put_record(at, HVM_SAVE_CODE(END), "", 0, 0);
}

int domctl_gethvmcontext(struct host *host, struct caller *caller, struct domain *domain,
			 struct xen_domctl *op)
{
	struct xen_domctl_hvmcontext *h = &op->u.hvmcontext;
	CLEANUP(free) char *context = calloc(1, HVM_CONTEXT_USED);

	(void)host;
	if (!context)
		return -ENOMEM;
	if (!domain->config.hvm)
		return -EINVAL;
	if (!h->buffer.p) {
		h->size = HVM_CONTEXT_MAX;
		return DOMCTL_COPY_BACK;
	}
	if (h->size < HVM_CONTEXT_USED)
		return -ENOSPC;
	fill_context(context, domain);
	if (caller->write(caller, (uintptr_t)h->buffer.p, context, HVM_CONTEXT_USED) < 0)
		return -EFAULT;
	h->size = HVM_CONTEXT_USED;
	return DOMCTL_COPY_BACK;
}

/* Walks the records of a saved state; the registers of vCPU 0 are what counts here. */
static int load_records(struct domain *domain, const char *context, size_t size)
{
	size_t at = 0;

	while (at + sizeof(struct hvm_save_descriptor) <= size) {
		struct hvm_save_descriptor record;
		struct hvm_hw_cpu cpu = { .rip = 0 };

		memcpy(&record, context + at, sizeof(record));
		at += sizeof(record);
		if (record.typecode == HVM_SAVE_CODE(END))
			return 0;
		if (record.length > size - at)
			return -EINVAL;
		if (record.typecode == HVM_SAVE_CODE(CPU)) {
			struct domain_vcpu *vcpu;

			if (record.instance >= domain->n_vcpus)
				return -EINVAL;
			vcpu = &domain->vcpus[record.instance];
			memcpy(&cpu, context + at,
			       record.length < sizeof(cpu) ? record.length : sizeof(cpu));
			if (vcpu_set_hvm(vcpu, cpu.rip, cpu.rbx) < 0)
				return -ENOMEM;
			vcpu->initialised = vcpu->online = true;
		}
		at += record.length;
	}
	return -EINVAL;
}

int domctl_sethvmcontext(struct host *host, struct caller *caller, struct domain *domain,
			 struct xen_domctl *op)
{
	const struct xen_domctl_hvmcontext *h = &op->u.hvmcontext;
	CLEANUP(free) char *context = NULL;

	(void)host;
	if (!domain->config.hvm || h->size > HVM_CONTEXT_LIMIT)
		return -EINVAL;
	context = malloc(h->size ? h->size : 1);
	if (!context)
		return -ENOMEM;
	if (caller->read(caller, context, (uintptr_t)h->buffer.p, h->size) < 0)
		return -EFAULT;
	return load_records(domain, context, h->size);
}
