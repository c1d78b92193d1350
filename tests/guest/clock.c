/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time from the shared page and the time stamp counter; sleep by SCHEDOP_poll: it needs neither an
 * interrupt handler nor a timer event, and leaves the vCPU blocked, costing nothing. Upcalls stay
 * masked, as the builder left them.
 *
 * Source: xen/xen.h, struct vcpu_time_info; xen/sched.h, SCHEDOP_poll.
 */
#include "guest.h"

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

uint64_t clock_ns(struct guest *guest)
{
	volatile struct vcpu_time_info *time = &guest->shared->vcpu_info[0].time;
	uint32_t version;
	uint64_t delta, ns;

	do {
		version = time->version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		delta = read_tsc() - time->tsc_timestamp;
		if (time->tsc_shift < 0)
			delta >>= -time->tsc_shift;
		else
			delta <<= time->tsc_shift;
		ns = time->system_time +
		     (uint64_t)((unsigned __int128)delta * time->tsc_to_system_mul >> 32);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((version & 1) || version != time->version);
	return ns;
}

void clock_take(struct guest *guest, uint32_t port)
{
	xen_ulong_t bit = (xen_ulong_t)1 << (port % 64);

	if (__atomic_fetch_and(&guest->shared->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST) &
	    bit)
		guest->woken |= port == guest->store.port ? WAKE_STORE : WAKE_CONSOLE;
}

void clock_sleep(struct guest *guest, uint64_t until_ns)
{
	evtchn_port_t ports[] = { guest->store.port, guest->console.port };

	hyper_poll(ports, 2, until_ns);
}
