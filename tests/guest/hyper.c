/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls: each is a call into the page that Xen filled, 32 bytes per number; arguments in rdi,
 * rsi, rdx, r10. */
#include "guest.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>

extern char hypercall_page[];

static long hypercall(unsigned int number, unsigned long a1, unsigned long a2, unsigned long a3)
{
	long result;

	__asm__ volatile("call *%[entry]"
			 : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3)
			 : [entry] "r"(hypercall_page + 32 * number)
			 : "rcx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

int hyper_evtchn_op(int cmd, void *arg)
{
	return (int)hypercall(__HYPERVISOR_event_channel_op, (unsigned long)cmd, (unsigned long)arg,
			      0);
}

int hyper_update_va(void *va, uint64_t pte)
{
	return (int)hypercall(__HYPERVISOR_update_va_mapping, (unsigned long)va, pte, UVMF_INVLPG);
}

uint64_t hyper_mfn_to_pfn(uint64_t mfn)
{
	/* Xen shows every PV guest its machine-to-physical table, read-only. */
	return ((const uint64_t *)HYPERVISOR_VIRT_START)[mfn];
}

static void cpuid(uint32_t leaf, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	__asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}

void hyper_enable(uint64_t page_paddr)
{
	uint32_t base = XEN_CPUID_FIRST_LEAF, a, b, c, d;

	/* Another interface may stand before Xen's, in steps of 0x100. */
	for (;; base += 0x100) {
		cpuid(base, &a, &b, &c, &d);
		if (b == XEN_CPUID_SIGNATURE_EBX && c == XEN_CPUID_SIGNATURE_ECX &&
		    d == XEN_CPUID_SIGNATURE_EDX)
			break;
	}
	cpuid(base + 2, &a, &b, &c, &d);
	__asm__ volatile("wrmsr"
			 :
			 : "c"(b), "a"((uint32_t)page_paddr), "d"((uint32_t)(page_paddr >> 32))
			 : "memory");
}

int hyper_map_shared(uint64_t paddr)
{
	struct xen_add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = paddr >> 12,
	};

	return (int)hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (unsigned long)&add,
			      0);
}

uint64_t hyper_param(uint32_t index)
{
	struct xen_hvm_param param = { .domid = DOMID_SELF, .index = index };

	return hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (unsigned long)&param, 0)
		       ? 0
		       : param.value;
}

void hyper_notify(uint32_t port)
{
	struct evtchn_send send = { .port = port };

	hyper_evtchn_op(EVTCHNOP_send, &send);
}

int hyper_poll(evtchn_port_t *ports, unsigned int n_ports, uint64_t until_ns)
{
	struct sched_poll poll = { .nr_ports = n_ports,
				   .timeout = until_ns == NEVER ? 0 : until_ns };

	set_xen_guest_handle(poll.ports, ports);
	return (int)hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (unsigned long)&poll, 0);
}

void hyper_shutdown(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	for (;;)
		hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)&shutdown, 0);
}

void hyper_fault(void)
{
	__asm__ volatile("movl $0, 0x10");
}
