/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event-channel hypercalls by dom0; see evtchn.h for the rules. Source: xen/event_channel.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "domain.h"
#include "evtchn.h"
#include "host.h"
#include "hypercall.h"
#include "interface.h"
#include "memory.h"

typedef int event_fn(struct host *host, struct domain *dom0, void *arg);

static int alloc_unbound(struct host *host, struct domain *dom0, void *arg)
{
	struct evtchn_alloc_unbound *a = arg;
	struct domain *domain = hypercall_domain(host, a->dom);

	(void)dom0;
	if (!domain)
		return -ESRCH;
	return evtchn_alloc_unbound(domain, a->remote_dom == DOMID_SELF ? 0 : a->remote_dom,
				    &a->port);
}

static int bind_interdomain(struct host *host, struct domain *dom0, void *arg)
{
	struct evtchn_bind_interdomain *b = arg;
	struct domain *remote = hypercall_domain(host, b->remote_dom);

	if (!remote)
		return -ESRCH;
	return evtchn_bind_interdomain(dom0, remote, b->remote_port, &b->local_port);
}

static int bind_virq(struct host *host, struct domain *dom0, void *arg)
{
	struct evtchn_bind_virq *b = arg;
	int r = evtchn_bind_virq(dom0, b->virq, b->vcpu, &b->port);

	if (r == 0 && b->virq == VIRQ_DOM_EXC)
		changes_begin(host);
	return r;
}

static int bind_pirq(struct host *host, struct domain *dom0, void *arg)
{
	struct evtchn_bind_pirq *b = arg;

	(void)host;
	if (b->pirq >= 1024)
		return -EINVAL;
	return evtchn_bind_pirq(dom0, b->pirq, &b->port);
}

static int bind_ipi(struct host *host, struct domain *dom0, void *arg)
{
	struct evtchn_bind_ipi *b = arg;

	(void)host;
	return evtchn_bind_ipi(dom0, b->vcpu, &b->port);
}

static int close_(struct host *host, struct domain *dom0, void *arg)
{
	(void)host;
	return evtchn_close(dom0, ((struct evtchn_close *)arg)->port);
}

static int send(struct host *host, struct domain *dom0, void *arg)
{
	(void)host;
	return evtchn_send(dom0, ((struct evtchn_send *)arg)->port);
}

static int status(struct host *host, struct domain *dom0, void *arg)
{
	struct evtchn_status *s = arg;
	struct domain *domain = hypercall_domain(host, s->dom);
	const struct evtchn *chn;

	(void)dom0;
	if (!domain)
		return -ESRCH;
	chn = evtchn_get(domain, s->port);
	if (!chn)
		return -EINVAL;
	if (chn->xen_owned)
		return -EACCES;
	s->status = chn->state;
	s->vcpu = chn->vcpu;
	switch (chn->state) {
	case EVTCHN_UNBOUND:
		s->u.unbound.dom = chn->remote_domid;
		break;
	case EVTCHN_INTERDOMAIN:
		s->u.interdomain.dom = chn->remote_domid;
		s->u.interdomain.port = chn->remote_port;
		break;
	case EVTCHN_PIRQ:
		s->u.pirq = chn->remote_port;
		break;
	case EVTCHN_VIRQ:
		s->u.virq = chn->virq;
		break;
	default:
		break;
	}
	return 0;
}

static int bind_vcpu(struct host *host, struct domain *dom0, void *arg)
{
	const struct evtchn_bind_vcpu *b = arg;

	(void)host;
	return evtchn_bind_vcpu(dom0, b->port, b->vcpu);
}

static int unmask(struct host *host, struct domain *dom0, void *arg)
{
	(void)host;
	return evtchn_get(dom0, ((struct evtchn_unmask *)arg)->port) ? 0 : -EINVAL;
}

/* Only a FIFO table knows priorities; here nothing depends on them. */
static int set_priority(struct host *host, struct domain *dom0, void *arg)
{
	const struct evtchn_set_priority *p = arg;
	const struct evtchn *chn = evtchn_get(dom0, p->port);

	(void)host;
	if (!chn)
		return -EINVAL;
	if (dom0->evtchn.abi_ports != EVTCHN_FIFO_PORTS)
		return -ENOSYS;
	if (chn->state == EVTCHN_CLOSED || chn->xen_owned)
		return -EACCES;
	return p->priority > EVTCHN_FIFO_PRIORITY_MIN ? -EINVAL : 0;
}

/* dom0's kernel set up its control blocks and its array as it booted: nobody can do it again. */
static int init_control(struct host *host, struct domain *dom0, void *arg)
{
	const struct evtchn_init_control *c = arg;

	if (c->vcpu >= dom0->n_vcpus)
		return -ENOENT;
	if (c->offset > MEMORY_PAGE_BYTES - sizeof(struct evtchn_fifo_control_block) ||
	    c->offset % 8)
		return -EINVAL;
	if (dom0->evtchn.abi_ports == EVTCHN_FIFO_PORTS)
		return -EINVAL;
	return hypercall_unknown(host, "event_channel_op", EVTCHNOP_init_control, "init_control");
}

static int expand_array(struct host *host, struct domain *dom0, void *arg)
{
	(void)host, (void)arg;
	/* Where dom0's pages are is not simulated: none of them is found. */
	return dom0->evtchn.abi_ports == EVTCHN_FIFO_PORTS ? -EINVAL : -EOPNOTSUPP;
}

static int reset(struct host *host, struct domain *dom0, void *arg)
{
	struct domain *domain = hypercall_domain(host, ((struct evtchn_reset *)arg)->dom);

	if (!domain)
		return -ESRCH;
	/* Somebody else's ports only while the toolstack keeps the domain paused. */
	if (domain != dom0 && !domain->pause_count)
		return -EINVAL;
	evtchn_reset(domain);
	return 0;
}

#define ENTRY(command, size) [EVTCHNOP_##command] = { #command, command, size }

static const struct {
	const char *name;
	event_fn *fn;
	size_t size;
} commands[] = {
	ENTRY(bind_interdomain, sizeof(struct evtchn_bind_interdomain)),
	ENTRY(bind_virq, sizeof(struct evtchn_bind_virq)),
	ENTRY(bind_pirq, sizeof(struct evtchn_bind_pirq)),
	[EVTCHNOP_close] = { "close", close_, sizeof(struct evtchn_close) },
	ENTRY(send, sizeof(struct evtchn_send)),
	ENTRY(status, sizeof(struct evtchn_status)),
	ENTRY(alloc_unbound, sizeof(struct evtchn_alloc_unbound)),
	ENTRY(bind_ipi, sizeof(struct evtchn_bind_ipi)),
	ENTRY(bind_vcpu, sizeof(struct evtchn_bind_vcpu)),
	ENTRY(unmask, sizeof(struct evtchn_unmask)),
	ENTRY(reset, sizeof(struct evtchn_reset)),
	ENTRY(init_control, sizeof(struct evtchn_init_control)),
	ENTRY(expand_array, sizeof(struct evtchn_expand_array)),
	ENTRY(set_priority, sizeof(struct evtchn_set_priority)),
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int64_t event_op(struct host *host, struct caller *caller, uint64_t cmd, uint64_t arg)
{
	const char *name = cmd < N_COMMANDS ? commands[cmd].name : NULL;
	union {
		struct evtchn_status status;
		char bytes[64];
	} buf;
	char full[64];
	int r;

	if (!name)
		return hypercall_unknown(host, "event_channel_op", cmd, name);
	if (caller->read(caller, &buf, arg, commands[cmd].size) < 0)
		return -EFAULT;
	snprintf(full, sizeof(full), "event_channel_op.%s", name);
	r = hypercall_fault(host, full);
	if (!r)
		r = commands[cmd].fn(host, host_domain(host, 0), &buf);
	if (r < 0)
		return r;
	return caller->write(caller, arg, &buf, commands[cmd].size);
}
