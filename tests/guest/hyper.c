/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls: each is a call into the page that Xen filled, 32 bytes per number; arguments in rdi,
 * rsi, rdx, r10. */
#include "guest.h"

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
