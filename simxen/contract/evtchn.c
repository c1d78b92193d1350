/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels by hypercall. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"

int event_op(struct contract *c, int cmd, void *arg, size_t size)
{
	void *copy = xencall_alloc_buffer(c->call, size);
	int r, saved;

	memcpy(copy, arg, size);
	r = xencall2(c->call, __HYPERVISOR_event_channel_op, (unsigned int)cmd, (uintptr_t)copy);
	saved = errno;
	memcpy(arg, copy, size);
	xencall_free_buffer(c->call, copy);
	errno = saved;
	return r;
}

static void port_ops(struct contract *c)
{
	static const uint32_t ports[] = { 0, 5000, 200000 };
	char name[32];

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct evtchn_send send = { .port = ports[i] };
		struct evtchn_close close_it = { .port = ports[i] };

		snprintf(name, sizeof(name), "send %u", ports[i]);
		answer(c, name, event_op(c, EVTCHNOP_send, &send, sizeof(send)));
		snprintf(name, sizeof(name), "close %u", ports[i]);
		answer(c, name, event_op(c, EVTCHNOP_close, &close_it, sizeof(close_it)));
	}
}

static void virqs(struct contract *c)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_CONSOLE };

	answer(c, "bind the console's virq", event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
	virq = (struct evtchn_bind_virq){ .virq = 99 };
	answer(c, "bind virq 99", event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
	virq = (struct evtchn_bind_virq){ .virq = VIRQ_TIMER, .vcpu = 5 };
	answer(c, "bind the timer of vcpu 5", event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
	virq = (struct evtchn_bind_virq){ .virq = VIRQ_CON_RING, .vcpu = 5 };
	answer(c, "bind a global virq on vcpu 5",
	       event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
	virq = (struct evtchn_bind_virq){ .virq = VIRQ_TIMER };
	answer(c, "bind the timer again", event_op(c, EVTCHNOP_bind_virq, &virq, sizeof(virq)));
}

static void bind(struct contract *c, const char *probe, uint32_t domid, uint32_t port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = (domid_t)domid, .remote_port = port };

	if (answer_ok(c, probe, event_op(c, EVTCHNOP_bind_interdomain, &b, sizeof(b))) == 0) {
		struct evtchn_close close_it = { .port = b.local_port };

		say_port(c, "its end", domid, port);
		answer(c, "close it", event_op(c, EVTCHNOP_close, &close_it, sizeof(close_it)));
		say_port(c, "its end", domid, port);
	}
}

static void table(struct contract *c, uint32_t d)
{
	int port = 0, n = 0;

	say_port(c, "status 63", d, 63);
	say_port(c, "status 64", d, 64);
	while (n < 70 && (port = xc_evtchn_alloc_unbound(c->xch, d, 0)) >= 0)
		n++;
	say(c, "70 more", "%d, last %d", n, port);
	say_port(c, "status 100", d, 100);
	say_port(c, "status 127", d, 127);
	say_port(c, "status 128", d, 128);
	while ((port = xc_evtchn_alloc_unbound(c->xch, d, 0)) >= 0)
		n = port;
	say(c, "until there is none", "last %d, then %s", n, strerrorname_np(errno));
	say_port(c, "status 1023", d, 1023);
	say_port(c, "status 1024", d, 1024);
}

static uint32_t capped(struct contract *c, uint32_t cap)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 1,
						     .max_evtchn_port = cap,
						     .max_grant_frames = 4,
						     .grant_opts = 1 } };

	domctl(c, XEN_DOMCTL_createdomain, 0, &op);
	return op.domain;
}

static void caps(struct contract *c)
{
	static const uint32_t some[] = { 0, 1, 2, 10, 5000, UINT32_MAX };
	char name[32];

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		uint32_t d = capped(c, some[i]);
		int port, n = 0, last = -1;

		while ((port = xc_evtchn_alloc_unbound(c->xch, d, 0)) >= 0) {
			last = port;
			n++;
		}
		snprintf(name, sizeof(name), "cap %d", (int)some[i]);
		say(c, name, "%d ports, last %d, then %s", n, last, strerrorname_np(errno));
		xc_domain_destroy(c->xch, d);
		wait_gone(c, name, d);
	}
}

static void resets(struct contract *c, uint32_t d)
{
	struct evtchn_reset reset = { .dom = (domid_t)d };

	xc_domain_unpause(c->xch, d);
	answer(c, "reset, not paused", event_op(c, EVTCHNOP_reset, &reset, sizeof(reset)));
	xc_domain_pause(c->xch, d);
	answer(c, "reset, paused", event_op(c, EVTCHNOP_reset, &reset, sizeof(reset)));
	say_port(c, "status 1", d, 1);
	say_port(c, "status 1023", d, 1023);
	answer(c, "next port", xc_evtchn_alloc_unbound(c->xch, d, 0));
	reset.dom = 999;
	answer(c, "reset of nobody", event_op(c, EVTCHNOP_reset, &reset, sizeof(reset)));
}

void contract_evtchn(struct contract *c)
{
	uint32_t d = create(c, 4);

	section(c, "event channels by hypercall");
	answer(c, "alloc_unbound", xc_evtchn_alloc_unbound(c->xch, d, 0));
	answer(c, "alloc_unbound", xc_evtchn_alloc_unbound(c->xch, d, 0));
	answer(c, "alloc_unbound for 999", xc_evtchn_alloc_unbound(c->xch, d, 999));
	say_port(c, "status 0", d, 0);
	say_port(c, "status 1", d, 1);
	say_port(c, "status 3", d, 3);
	say_port(c, "status 4", d, 4);
	port_ops(c);
	virqs(c);
	bind(c, "bind nobody's", 999, 1);
	bind(c, "bind a free one", d, 40);
	bind(c, "bind one beyond the table", d, 5000);
	bind(c, "bind another's", d, 3);
	bind(c, "bind 1", d, 1);
	table(c, d);
	resets(c, d);
	xc_domain_destroy(c->xch, d);
	wait_gone(c, "it", d);
	caps(c);
}
