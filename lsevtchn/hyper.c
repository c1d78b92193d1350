/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EVTCHNOP_status for one port is a system call and a hypercall. A multicall takes hundreds of them
 * through both at once, which makes a full table many times cheaper than the loop that the
 * interface suggests. Where multicalls are refused (nothing known does so), ports are asked for one
 * by one through libxenctrl.
 */
#include "hyper.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <xencall.h>
#include <xenctrl.h>

struct hyper {
	xc_interface *control;	/* owned */
	xencall_handle *calls;	/* owned */
	struct call_page *page; /* owned: memory the hypervisor reads and writes */
	bool singly;		/* multicalls are refused */
};

/* In hypercall-safe memory. */
struct call_page {
	multicall_entry_t entries[SCAN_BATCH_MAX];
	xc_evtchn_status_t status[SCAN_BATCH_MAX];
};

int hyper_open(struct hyper **out, struct xentoollog_logger *logger)
{
	CLEANUP(hyper_free) struct hyper *hyper = calloc(1, sizeof(*hyper));

	if (!hyper)
		return -ENOMEM;
	hyper->control = xc_interface_open(logger, logger, 0);
	if (!hyper->control)
		return errno ? -errno : -ENODEV;
	hyper->calls = xencall_open(logger, 0);
	if (!hyper->calls)
		return errno ? -errno : -ENODEV;
	hyper->page = xencall_alloc_buffer(hyper->calls, sizeof(*hyper->page));
	if (!hyper->page)
		return -ENOMEM;
	*out = STEAL(hyper);
	return 0;
}

void hyper_free(struct hyper *hyper)
{
	if (!hyper)
		return;
	if (hyper->page)
		xencall_free_buffer(hyper->calls, hyper->page);
	if (hyper->calls)
		xencall_close(hyper->calls);
	if (hyper->control)
		xc_interface_close(hyper->control);
	free(hyper);
}

static struct scan_port decode(const xc_evtchn_status_t *status)
{
	struct scan_port port = { .port = status->port, .vcpu = status->vcpu };

	switch (status->status) {
	case EVTCHNSTAT_closed:
		port.kind = SCAN_CLOSED;
		break;
	case EVTCHNSTAT_unbound:
		port.kind = SCAN_UNBOUND;
		port.peer = status->u.unbound.dom;
		break;
	case EVTCHNSTAT_interdomain:
		port.kind = SCAN_INTERDOMAIN;
		port.peer = status->u.interdomain.dom;
		port.peer_port = status->u.interdomain.port;
		break;
	case EVTCHNSTAT_pirq:
		port.kind = SCAN_PIRQ;
		port.irq = status->u.pirq;
		break;
	case EVTCHNSTAT_virq:
		port.kind = SCAN_VIRQ;
		port.irq = status->u.virq;
		break;
	case EVTCHNSTAT_ipi:
		port.kind = SCAN_IPI;
		break;
	default:
		port.kind = SCAN_OTHER;
		port.irq = status->status;
		break;
	}
	return port;
}

static int ask_singly(struct hyper *hyper, uint32_t domid, uint32_t first,
		      struct scan_answer *answer)
{
	xc_evtchn_status_t status = { .dom = domid, .port = first };

	answer->error = xc_evtchn_status(hyper->control, &status) < 0 ? -errno : 0;
	if (!answer->error)
		answer->port = decode(&status);
	return 1;
}

static int ask(void *ctx, uint32_t domid, uint32_t first, uint32_t n, struct scan_answer *answers)
{
	struct hyper *hyper = ctx;
	struct call_page *page = hyper->page;

	if (hyper->singly)
		return ask_singly(hyper, domid, first, answers);
	for (uint32_t i = 0; i < n; i++) {
		page->status[i] = (xc_evtchn_status_t){ .dom = domid, .port = first + i };
		page->entries[i] = (multicall_entry_t){
			.op = __HYPERVISOR_event_channel_op,
			.args = { EVTCHNOP_status, (uintptr_t)&page->status[i] },
		};
	}
	if (xencall2(hyper->calls, __HYPERVISOR_multicall, (uintptr_t)page->entries, n) < 0 ||
	    (long)page->entries[0].result == -ENOSYS) {
		hyper->singly = true;
		return ask_singly(hyper, domid, first, answers);
	}
	for (uint32_t i = 0; i < n; i++) {
		answers[i].error = (int)(long)page->entries[i].result;
		if (!answers[i].error)
			answers[i].port = decode(&page->status[i]);
	}
	return n;
}

struct scan_source hyper_source(struct hyper *hyper)
{
	return (struct scan_source){ .status = ask, .ctx = hyper };
}
