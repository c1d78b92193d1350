/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of domains, and dom0's handles on them. */
#include <errno.h>

#include "core/evtchn.h"
#include "core/evtchndev.h"
#include "core/fault.h"
#include "simhost.h"
#include "unit.h"

static void count(void *ctx)
{
	++*(int *)ctx;
}

static struct evtchndev_handle *open_handle(struct simhost *sim, uint32_t number, int *n_readable)
{
	struct evtchndev_handle *handle;

	CHECK_EQ(evtchndev_open(sim->host->evtchndev, number, count, n_readable, &handle), 0);
	return handle;
}

TEST(the_lowest_free_port_is_taken)
{
	struct simhost sim;
	struct domain *d;
	uint32_t port;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	for (uint32_t i = 1; i <= 70; i++) {
		CHECK_EQ(evtchn_alloc_unbound(d, 0, &port), 0);
		CHECK_EQ(port, i);
	}
	CHECK_EQ(evtchn_close(d, 5), 0);
	CHECK_EQ(evtchn_close(d, 3), 0);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &port), 0);
	CHECK_EQ(port, 3);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &port), 0);
	CHECK_EQ(port, 5);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &port), 0);
	CHECK_EQ(port, 71);
	simhost_deinit(&sim);
}

TEST(the_table_grows_by_buckets_and_never_shrinks)
{
	struct simhost sim;
	struct domain *d;
	uint32_t port;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	CHECK_EQ(evtchn_n_valid(&d->evtchn), 64);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(evtchn_alloc_unbound(d, 0, &port), 0);
	CHECK_EQ(evtchn_n_valid(&d->evtchn), 128);
	for (uint32_t i = 1; i <= 64; i++)
		CHECK_EQ(evtchn_close(d, i), 0);
	CHECK_EQ(evtchn_n_valid(&d->evtchn), 128);
	CHECK_EQ(d->evtchn.n_used, 0);
	simhost_deinit(&sim);
}

static uint32_t fill(struct domain *d)
{
	uint32_t port = 0, last = 0;
	int r;

	while (!(r = evtchn_alloc_unbound(d, 0, &port)))
		last = port;
	CHECK_EQ(r, -ENOSPC);
	return last;
}

TEST(cap_and_abi_limit_the_highest_port)
{
	struct simhost sim;
	struct domain *d;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	d->evtchn.max_port = 10;
	CHECK_EQ(fill(d), 10);
	d->evtchn.max_port = 0;
	CHECK_EQ(fill(d), 0);
	d = simhost_domain(&sim, 0);
	d->evtchn.max_port = INT32_MAX;
	CHECK_EQ(fill(d), 4095);
	evtchn_use_fifo(d);
	CHECK_EQ(fill(d), 131071);
	evtchn_reset(d);
	d = simhost_domain(&sim, 0);
	d->evtchn.max_port = 8191;
	CHECK_EQ(fill(d), 4095);
	evtchn_use_fifo(d);
	CHECK_EQ(fill(d), 8191);
	simhost_deinit(&sim);
}

TEST(binding_pends_at_once_and_connects_both_ends)
{
	struct simhost sim;
	struct domain *d, *dom0;
	uint32_t theirs, ours;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	dom0 = host_domain(sim.host, 0);
	CHECK_EQ(evtchn_alloc_unbound(dom0, d->id, &theirs), 0);
	CHECK_EQ(evtchn_bind_interdomain(d, dom0, theirs, &ours), 0);
	CHECK_EQ(sim.n_guest_events, 1);
	CHECK_EQ(sim.last_guest_port, ours);
	CHECK_EQ(evtchn_get(d, ours)->state, EVTCHN_INTERDOMAIN);
	CHECK_EQ(evtchn_get(d, ours)->remote_port, theirs);
	CHECK_EQ(evtchn_get(dom0, theirs)->state, EVTCHN_INTERDOMAIN);
	CHECK_EQ(evtchn_get(dom0, theirs)->remote_domid, d->id);
	CHECK_EQ(evtchn_send(dom0, theirs), 0);
	CHECK_EQ(sim.n_guest_events, 2);
	simhost_deinit(&sim);
}

TEST(a_port_is_bound_once_and_by_whom_it_is_offered_to)
{
	struct simhost sim;
	struct domain *a, *b, *dom0;
	uint32_t offered, port;

	simhost_init(&sim);
	a = simhost_domain(&sim, 0);
	b = simhost_domain(&sim, 0);
	dom0 = host_domain(sim.host, 0);
	CHECK_EQ(evtchn_alloc_unbound(a, 0, &offered), 0);
	CHECK_EQ(evtchn_bind_interdomain(b, a, offered, &port), -EINVAL);
	CHECK_EQ(b->evtchn.n_used, 0);
	CHECK_EQ(evtchn_bind_interdomain(dom0, a, 40, &port), -EINVAL);
	CHECK_EQ(evtchn_bind_interdomain(dom0, a, 5000, &port), -EINVAL);
	CHECK_EQ(evtchn_bind_interdomain(dom0, a, offered, &port), 0);
	CHECK_EQ(evtchn_bind_interdomain(dom0, a, offered, &port), -EINVAL);
	simhost_deinit(&sim);
}

TEST(closing_one_end_leaves_the_other_unbound_and_silent)
{
	struct simhost sim;
	struct domain *d, *dom0;
	uint32_t theirs, ours;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	dom0 = host_domain(sim.host, 0);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &theirs), 0);
	CHECK_EQ(evtchn_bind_interdomain(dom0, d, theirs, &ours), 0);
	CHECK_EQ(evtchn_close(dom0, ours), 0);
	CHECK_EQ(sim.n_guest_events, 0);
	CHECK_EQ(evtchn_get(d, theirs)->state, EVTCHN_UNBOUND);
	CHECK_EQ(evtchn_get(d, theirs)->remote_domid, 0);
	CHECK_EQ(evtchn_send(d, theirs), 0); /* swallowed */
	CHECK_EQ(evtchn_bind_interdomain(dom0, d, theirs, &ours), 0);
	CHECK_EQ(domain_destroy(d), 0);
	CHECK_EQ(evtchn_get(dom0, ours)->state, EVTCHN_UNBOUND);
	CHECK_EQ(evtchn_get(dom0, ours)->remote_domid, d->id);
	CHECK_EQ(evtchn_bind_interdomain(dom0, d, theirs, &ours), -EINVAL); /* dying */
	simhost_deinit(&sim);
}

TEST(what_cannot_be_closed_or_sent_is_refused)
{
	struct simhost sim;
	struct domain *d;
	uint32_t port;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	CHECK_EQ(evtchn_close(d, 0), -EINVAL);
	CHECK_EQ(evtchn_close(d, 63), -EINVAL);
	CHECK_EQ(evtchn_close(d, 5000), -EINVAL);
	CHECK_EQ(evtchn_send(d, 0), -EINVAL);
	CHECK_EQ(evtchn_send(d, 63), -EINVAL);
	CHECK_EQ(evtchn_alloc_xen_owned(d, 0, &port), 0);
	CHECK_EQ(evtchn_close(d, port), -EINVAL);
	CHECK_EQ(evtchn_send(d, port), -EINVAL);
	simhost_deinit(&sim);
}

TEST(status_tells_beyond_the_table_from_closed_and_hides_xens_own)
{
	struct simhost sim;
	struct evtchn_status status = { .dom = 1, .port = 63 };
	struct domain *d;
	uint32_t port;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
			      (uintptr_t)&status, 0, 0),
		 0);
	CHECK_EQ(status.status, EVTCHNSTAT_closed);
	status.port = 64;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
			      (uintptr_t)&status, 0, 0),
		 -EINVAL);
	status.dom = 999;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
			      (uintptr_t)&status, 0, 0),
		 -ESRCH);
	CHECK_EQ(evtchn_alloc_xen_owned(d, 0, &port), 0);
	status = (struct evtchn_status){ .dom = d->id, .port = port };
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
			      (uintptr_t)&status, 0, 0),
		 -EACCES);
	simhost_deinit(&sim);
}

TEST(priorities_are_for_fifo_tables_only)
{
	struct simhost sim;
	struct evtchn_set_priority priority = { .port = 0, .priority = 99 };
	struct domain *dom0;
	uint32_t port;

	simhost_init(&sim);
	dom0 = host_domain(sim.host, 0);
	evtchn_use_fifo(dom0);
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_set_priority,
			      (uintptr_t)&priority, 0, 0),
		 -EACCES);
	CHECK_EQ(evtchn_alloc_unbound(dom0, 1, &port), 0);
	priority.port = port;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_set_priority,
			      (uintptr_t)&priority, 0, 0),
		 -EINVAL);
	priority.priority = EVTCHN_FIFO_PRIORITY_MIN;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_set_priority,
			      (uintptr_t)&priority, 0, 0),
		 0);
	evtchn_reset(dom0);
	priority.port = 0;
	CHECK_EQ(simhost_call(&sim, __HYPERVISOR_event_channel_op, EVTCHNOP_set_priority,
			      (uintptr_t)&priority, 0, 0),
		 -ENOSYS);
	simhost_deinit(&sim);
}

TEST(a_global_virq_has_one_owner)
{
	struct simhost sim;
	struct domain *dom0;
	uint32_t port, other;

	simhost_init(&sim);
	dom0 = host_domain(sim.host, 0);
	CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_DOM_EXC, 0, &port), 0);
	CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_DOM_EXC, 0, &other), -EEXIST);
	CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_CONSOLE, 0, &other), -EEXIST); /* the kernel has it */
	CHECK_EQ(evtchn_bind_virq(dom0, 99, 0, &other), -EINVAL);
	CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_CON_RING, 5, &other), -EINVAL);
	CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_TIMER, 5, &other), -ENOENT);
	CHECK_EQ(evtchn_close(dom0, port), 0);
	CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_DOM_EXC, 0, &other), 0);
	simhost_deinit(&sim);
}

TEST(a_fired_port_stays_off_until_unmasked_and_remembers_once)
{
	struct simhost sim;
	struct evtchndev_handle *handle;
	uint32_t a, b, got[4];
	int n = 0;

	simhost_init(&sim);
	handle = open_handle(&sim, 1, &n);
	CHECK_EQ(evtchndev_bind_unbound(handle, 0, &a), 0);
	CHECK_EQ(evtchndev_bind_interdomain(handle, 0, a, &b), 0);
	CHECK_EQ(evtchndev_take(handle, got, 4), 1); /* pending at once */
	CHECK_EQ(got[0], b);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(evtchndev_notify(handle, a), 0);
	CHECK_EQ(evtchndev_take(handle, got, 4), 0);
	evtchndev_unmask(handle, b);
	CHECK_EQ(evtchndev_take(handle, got, 4), 1);
	evtchndev_unmask(handle, b);
	CHECK_EQ(evtchndev_take(handle, got, 4), 0);
	CHECK_EQ(evtchndev_notify(handle, a), 0);
	CHECK_EQ(evtchndev_notify(handle, a), 0);
	CHECK_EQ(evtchndev_take(handle, got, 4), 1);
	evtchndev_close(handle);
	simhost_deinit(&sim);
}

TEST(only_the_holder_of_a_port_may_use_it)
{
	struct simhost sim;
	struct evtchndev_handle *one, *two;
	uint32_t port;
	int n = 0;

	simhost_init(&sim);
	one = open_handle(&sim, 1, &n);
	two = open_handle(&sim, 2, &n);
	CHECK_EQ(evtchndev_bind_unbound(one, 7, &port), 0); /* of a domain that is not there */
	CHECK_EQ(evtchndev_notify(two, port), -ENOTCONN);
	CHECK_EQ(evtchndev_unbind(two, port), -ENOTCONN);
	CHECK_EQ(evtchndev_unbind(two, 5000), -EINVAL);
	CHECK_EQ(evtchndev_notify(two, 5000), -ENOTCONN);
	evtchndev_unmask(two, port);
	CHECK_EQ(evtchndev_notify(one, port), 0); /* nobody there: swallowed */
	CHECK_EQ(evtchndev_unbind(one, port), 0);
	CHECK_EQ(evtchndev_unbind(one, port), -ENOTCONN);
	evtchndev_close(one);
	evtchndev_close(two);
	simhost_deinit(&sim);
}

TEST(closing_a_handle_closes_its_ports)
{
	struct simhost sim;
	struct evtchndev_handle *handle;
	struct domain *d;
	uint32_t theirs, ours, virq;
	int n = 0;

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &theirs), 0);
	handle = open_handle(&sim, 1, &n);
	CHECK_EQ(evtchndev_bind_interdomain(handle, d->id, theirs, &ours), 0);
	CHECK_EQ(evtchndev_bind_virq(handle, VIRQ_DOM_EXC, &virq), 0);
	evtchndev_close(handle);
	CHECK_EQ(evtchn_get(d, theirs)->state, EVTCHN_UNBOUND);
	handle = open_handle(&sim, 2, &n);
	CHECK_EQ(evtchndev_bind_interdomain(handle, d->id, theirs, &ours), 0);
	CHECK_EQ(evtchndev_bind_virq(handle, VIRQ_DOM_EXC, &virq), 0);
	evtchndev_close(handle);
	simhost_deinit(&sim);
}

TEST(a_restricted_handle_serves_one_domain)
{
	struct simhost sim;
	struct evtchndev_handle *handle;
	uint32_t port;
	int n = 0;

	simhost_init(&sim);
	handle = open_handle(&sim, 1, &n);
	CHECK_EQ(evtchndev_restrict(handle, 1), 0);
	CHECK_EQ(evtchndev_bind_virq(handle, VIRQ_DOM_EXC, &port), -EACCES);
	CHECK_EQ(evtchndev_bind_interdomain(handle, 0, 6, &port), -EACCES);
	CHECK_EQ(evtchndev_bind_unbound(handle, 1, &port), 0);
	evtchndev_close(handle);
	simhost_deinit(&sim);
}

TEST(a_fault_plan_can_lose_and_double_events_and_use_up_ports)
{
	struct simhost sim;
	struct domain *d, *dom0;
	uint32_t theirs, ours;
	char why[64];

	simhost_init(&sim);
	d = simhost_domain(&sim, 0);
	dom0 = host_domain(sim.host, 0);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &theirs), 0);
	CHECK_EQ(evtchn_bind_interdomain(dom0, d, theirs, &ours), 0);
	CHECK_EQ(fault_command(sim.host->faults, "event lose domid=1 nth=2", why, sizeof(why)), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(evtchn_send(dom0, ours), 0);
	CHECK_EQ(sim.n_guest_events, 2);
	CHECK_EQ(fault_command(sim.host->faults, "clear", why, sizeof(why)), 0);
	CHECK_EQ(fault_command(sim.host->faults, "event double", why, sizeof(why)), 0);
	CHECK_EQ(evtchn_send(dom0, ours), 0);
	CHECK_EQ(sim.n_guest_events, 4);
	CHECK_EQ(fault_command(sim.host->faults, "ports none 1", why, sizeof(why)), 0);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &theirs), -ENOSPC);
	CHECK_EQ(evtchn_alloc_unbound(dom0, 0, &theirs), 0);
	CHECK_EQ(fault_command(sim.host->faults, "ports ok 1", why, sizeof(why)), 0);
	CHECK_EQ(evtchn_alloc_unbound(d, 0, &theirs), 0);
	simhost_deinit(&sim);
}
