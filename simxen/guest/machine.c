/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as the words see it: what hyper.c and clock.c of tests/guest/ are on real Xen.
 * Runs on the guest's stack.
 */
#include "core/domain.h"
#include "core/evtchn.h"
#include "played.h"

static struct played *current(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return (struct played *)(here & ~(uintptr_t)(PLAYED_BLOCK_BYTES - 1));
}

int hyper_evtchn_op(int cmd, void *arg)
{
	struct domain *domain = current()->domain;
	struct evtchn_alloc_unbound *alloc = arg;

	switch (cmd) {
	case EVTCHNOP_send:
		return evtchn_send(domain, ((struct evtchn_send *)arg)->port);
	case EVTCHNOP_alloc_unbound:
		if (alloc->dom != DOMID_SELF && alloc->dom != domain->id)
			return -XEN_EPERM;
		return evtchn_alloc_unbound(
			domain, alloc->remote_dom == DOMID_SELF ? domain->id : alloc->remote_dom,
			&alloc->port);
	case EVTCHNOP_close:
		return evtchn_close(domain, ((struct evtchn_close *)arg)->port);
	default:
		return -XEN_ENOSYS;
	}
}

void hyper_notify(uint32_t port)
{
	evtchn_send(current()->domain, port);
}

int hyper_poll(evtchn_port_t *ports, unsigned int n_ports, uint64_t until_ns)
{
	struct played *played = current();

	played->n_ports = n_ports < 2 ? n_ports : 2;
	for (uint32_t i = 0; i < played->n_ports; i++)
		played->ports[i] = ports[i];
	if (played_has_pending(played))
		return 0;
	played->wake_ns = until_ns;
	played_switch(played, PLAYED_POLL);
	return 0;
}

void hyper_shutdown(unsigned int reason)
{
	struct played *played = current();

	played->shutdown_code = reason;
	for (;;)
		played_switch(played, PLAYED_SHUTDOWN);
}

void hyper_fault(void)
{
	hyper_shutdown(SHUTDOWN_crash);
}

uint64_t clock_ns(struct guest *guest)
{
	struct played *played = (struct played *)guest;
	uint64_t now_ns = played_now_ns(played);

	if (now_ns < played->slice_end_ns)
		return now_ns;
	played_switch(played, PLAYED_YIELD);
	now_ns = played_now_ns(played);
	return now_ns;
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
