/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of every kind, by hypercall: what they say they are, and what can be done with each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"

#define OWN_VIRQ VIRQ_XENOPROF /* per vCPU, and no kernel binds it */

struct kinds {
	uint32_t ipi, virq, unbound, ours, theirs;
};

static void status_of(struct contract *c, const char *probe, uint32_t port)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

	if (answer(c, probe, event_op(c, EVTCHNOP_status, &s, sizeof(s))) < 0)
		return;
	say(c, probe, "status %u, vcpu %u", s.status, s.vcpu);
}

static void make(struct contract *c, struct kinds *k)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_bind_virq virq = { .virq = OWN_VIRQ };
	struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain pair = { .remote_dom = DOMID_SELF };

	answer(c, "an ipi", event_op(c, EVTCHNOP_bind_ipi, &ipi, sizeof(ipi)));
	answer(c, "a virq", event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
	answer(c, "an unbound one", event_op(c, EVTCHNOP_alloc_unbound, &unbound, sizeof(unbound)));
	*k = (struct kinds){ .ipi = ipi.port, .virq = virq.port, .unbound = unbound.port };
	answer(c, "one to bind", event_op(c, EVTCHNOP_alloc_unbound, &unbound, sizeof(unbound)));
	pair.remote_port = k->theirs = unbound.port;
	answer(c, "a pair", event_op(c, EVTCHNOP_bind_interdomain, &pair, sizeof(pair)));
	k->ours = pair.local_port;
	say(c, "their numbers", "+%u +%u +%u +%u", k->virq - k->ipi, k->unbound - k->virq,
	    k->theirs - k->unbound, k->ours - k->theirs);
	ipi.vcpu = 5;
	answer(c, "an ipi of vcpu 5", event_op(c, EVTCHNOP_bind_ipi, &ipi, sizeof(ipi)));
	answer(c, "the virq again", event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
	status_of(c, "status of the ipi", k->ipi);
	status_of(c, "status of the virq", k->virq);
	status_of(c, "status of the unbound one", k->unbound);
	status_of(c, "status of one end", k->ours);
	status_of(c, "status of the other", k->theirs);
	status_of(c, "status of port 0", 0);
	status_of(c, "status of port 131072", 131072);
}

static void move(struct contract *c, const char *probe, uint32_t port, uint32_t vcpu)
{
	struct evtchn_bind_vcpu b = { .port = port, .vcpu = vcpu };

	answer(c, probe, event_op(c, EVTCHNOP_bind_vcpu, &b, sizeof(b)));
}

static void moves(struct contract *c, const struct kinds *k)
{
	move(c, "move the ipi to vcpu 0", k->ipi, 0);
	move(c, "move the virq to vcpu 0", k->virq, 0);
	move(c, "move the unbound one to vcpu 0", k->unbound, 0);
	move(c, "move one end to vcpu 0", k->ours, 0);
	move(c, "move one end to vcpu 5", k->ours, 5);
	move(c, "move port 0", 0, 0);
	move(c, "move port 131072", 131072, 0);
	move(c, "move port 131072 to vcpu 5", 131072, 5);
}

static void urge(struct contract *c, const char *probe, uint32_t port, uint32_t priority)
{
	struct evtchn_set_priority p = { .port = port, .priority = priority };

	answer(c, probe, event_op(c, EVTCHNOP_set_priority, &p, sizeof(p)));
}

static void priorities(struct contract *c, const struct kinds *k)
{
	urge(c, "priority 0 of one end", k->ours, 0);
	urge(c, "priority 15 of one end", k->ours, 15);
	urge(c, "priority 16 of one end", k->ours, 16);
	urge(c, "priority 3 of the unbound one", k->unbound, 3);
	urge(c, "priority 3 of the virq", k->virq, 3);
	urge(c, "priority 3 of port 0", 0, 3);
	urge(c, "priority 16 of port 0", 0, 16);
	urge(c, "priority 3 of port 131072", 131072, 3);
	urge(c, "priority 16 of port 131072", 131072, 16);
}

static void send(struct contract *c, const char *probe, uint32_t port)
{
	struct evtchn_send s = { .port = port };

	answer(c, probe, event_op(c, EVTCHNOP_send, &s, sizeof(s)));
}

static void unmask(struct contract *c, const char *probe, uint32_t port)
{
	struct evtchn_unmask u = { .port = port };

	answer(c, probe, event_op(c, EVTCHNOP_unmask, &u, sizeof(u)));
}

static void events(struct contract *c, const struct kinds *k)
{
	send(c, "send to the unbound one", k->unbound);
	send(c, "send to the virq", k->virq);
	unmask(c, "unmask the unbound one", k->unbound);
	unmask(c, "unmask port 131072", 131072);
}

/* The kernel has set up its control block and its table long ago: nothing here may succeed. */
static void fifo(struct contract *c)
{
	struct evtchn_init_control control = { .control_gfn = ~0ull >> 12, .vcpu = 5 };
	struct evtchn_expand_array array = { .array_gfn = ~0ull >> 12 };

	answer(c, "control block of vcpu 5",
	       event_op(c, EVTCHNOP_init_control, &control, sizeof(control)));
	control.vcpu = 0;
	control.offset = 4092;
	answer(c, "control block over the end of its page",
	       event_op(c, EVTCHNOP_init_control, &control, sizeof(control)));
	control.offset = 4;
	answer(c, "control block that is not aligned",
	       event_op(c, EVTCHNOP_init_control, &control, sizeof(control)));
	control.offset = 0;
	answer(c, "a second control block",
	       event_op(c, EVTCHNOP_init_control, &control, sizeof(control)));
	answer(c, "a page that is not there for the table",
	       event_op(c, EVTCHNOP_expand_array, &array, sizeof(array)));
}

static void shut(struct contract *c, const char *probe, uint32_t port)
{
	struct evtchn_close close_it = { .port = port };

	answer(c, probe, event_op(c, EVTCHNOP_close, &close_it, sizeof(close_it)));
}

static void closes(struct contract *c, const struct kinds *k)
{
	shut(c, "close one end", k->ours);
	status_of(c, "status of the other", k->theirs);
	send(c, "send from it", k->theirs);
	shut(c, "close the other", k->theirs);
	shut(c, "close it again", k->theirs);
	shut(c, "close the unbound one", k->unbound);
	shut(c, "close the virq", k->virq);
	shut(c, "close the ipi", k->ipi);
	move(c, "move a closed one", k->ours, 0);
	urge(c, "priority of a closed one", k->ours, 3);
	unmask(c, "unmask a closed one", k->ours);
	send(c, "send to a closed one", k->ours);
	status_of(c, "status of a closed one", k->ours);
}

/* What a device has to do with ports of dom0; 5000 is no interrupt of any machine. */
static void pirqs(struct contract *c)
{
	struct evtchn_bind_pirq p = { .pirq = 100000 };

	answer(c, "pirq 100000", event_op(c, EVTCHNOP_bind_pirq, &p, sizeof(p)));
}

void contract_ports(struct contract *c)
{
	struct kinds kinds;

	section(c, "kinds of ports");
	make(c, &kinds);
	moves(c, &kinds);
	priorities(c, &kinds);
	events(c, &kinds);
	fifo(c);
	closes(c, &kinds);
	pirqs(c);
}
