/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EVTCHNOP_status for one port is a system call and a hypercall. A multicall takes hundreds of them
 * through both at once, which makes a full table many times cheaper than the loop that the
 * interface suggests. Where multicalls are refused (nothing known does so), ports are asked for one
 * by one through libxenctrl.
 */
#include "config.h"

#include "hyper.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <xencall.h>
#include <xenctrl.h>

#include "census.h"

struct hyper {
	xc_interface *control;	/* owned */
	xencall_handle *calls;	/* owned */
	struct call_page *page; /* owned: memory the hypervisor reads and writes */
	bool singly;		/* multicalls are refused */
};

/* In hypercall-safe memory. */
struct call_page {
	multicall_entry_t entries[SCAN_BATCH_MAX];
	union {
		xc_evtchn_status_t status[SCAN_BATCH_MAX];
		struct evtchn_alloc_unbound alloc[CAPPROOF_BATCH];
		struct evtchn_set_priority priority;
		struct evtchn_reset reset;
	};
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

/*
 * Makes the first @n event-channel operations of the page at once, each with the argument that
 * stands behind it. Return: false if multicalls are refused; no operation has been made then.
 */
static bool call_all(struct hyper *hyper, uint32_t op, void *arguments, size_t size, uint32_t n)
{
	struct call_page *page = hyper->page;

	for (uint32_t i = 0; i < n; i++)
		page->entries[i] = (multicall_entry_t){
			.op = __HYPERVISOR_event_channel_op,
			.args = { op, (uintptr_t)arguments + i * size },
		};
	if (xencall2(hyper->calls, __HYPERVISOR_multicall, (uintptr_t)page->entries, n) < 0 ||
	    (long)page->entries[0].result == -ENOSYS)
		hyper->singly = true;
	return !hyper->singly;
}

static int ask(void *ctx, uint32_t domid, uint32_t first, uint32_t n, struct scan_answer *answers)
{
	struct hyper *hyper = ctx;
	struct call_page *page = hyper->page;

	for (uint32_t i = 0; i < n && !hyper->singly; i++)
		page->status[i] = (xc_evtchn_status_t){ .dom = domid, .port = first + i };
	if (hyper->singly ||
	    !call_all(hyper, EVTCHNOP_status, page->status, sizeof(page->status[0]), n))
		return ask_singly(hyper, domid, first, answers);
	for (uint32_t i = 0; i < n; i++) {
		answers[i].error = (int)(long)page->entries[i].result;
		if (!answers[i].error)
			answers[i].port = decode(&page->status[i]);
	}
	return n;
}

static int take(void *ctx, uint32_t domid, uint32_t n, int64_t *ports)
{
	struct hyper *hyper = ctx;
	struct call_page *page = hyper->page;

	for (uint32_t i = 0; i < n && !hyper->singly; i++)
		page->alloc[i] = (struct evtchn_alloc_unbound){ .dom = domid, .remote_dom = 0 };
	if (hyper->singly ||
	    !call_all(hyper, EVTCHNOP_alloc_unbound, page->alloc, sizeof(page->alloc[0]), n)) {
		ports[0] = xc_evtchn_alloc_unbound(hyper->control, domid, 0);
		ports[0] = ports[0] < 0 ? -errno : ports[0];
		return 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		long result = (long)page->entries[i].result;

		ports[i] = result < 0 ? result : (int64_t)page->alloc[i].port;
	}
	return n;
}

static int give_back(void *ctx, uint32_t domid)
{
	struct hyper *hyper = ctx;

	hyper->page->reset = (struct evtchn_reset){ .dom = domid };
	return xencall2(hyper->calls, __HYPERVISOR_event_channel_op, EVTCHNOP_reset,
			(uintptr_t)&hyper->page->reset) < 0
		       ? -errno
		       : 0;
}

struct capproof_taker hyper_taker(struct hyper *hyper)
{
	return (struct capproof_taker){ .take = take, .give_back = give_back, .ctx = hyper };
}

struct scan_source hyper_source(struct hyper *hyper)
{
	return (struct scan_source){ .status = ask, .ctx = hyper };
}

/* Domains listed per question. */
#define LIST_MAX 1024

static void take_info(struct hyper *hyper, struct census_domain *domain,
		      const xc_domaininfo_t *info)
{
	unsigned int width;

	domain->domid = info->domain;
	memcpy(domain->handle, info->handle, sizeof(domain->handle));
	domain->type = info->flags & XEN_DOMINF_hvm_guest ? DOMTYPE_HVM : DOMTYPE_PV;
	domain->dying = info->flags & XEN_DOMINF_dying;
	domain->paused = info->flags & XEN_DOMINF_paused;
	domain->shutdown = info->flags & XEN_DOMINF_shutdown;
	domain->is_store = info->flags & XEN_DOMINF_xs_domain;
	domain->n_vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1;
	domain->memory_kib = info->tot_pages * (XC_PAGE_SIZE / 1024);
	/* Of an HVM domain it would be what the processor can, not what the kernel does. */
	if (domain->type == DOMTYPE_PV &&
	    xc_domain_get_guest_width(hyper->control, info->domain, &width) == 0)
		domain->evidence.word = width * 8;
}

int hyper_domains(struct hyper *hyper, struct census *census)
{
	CLEANUP(free) xc_domaininfo_t *infos = NULL;
	size_t n = 0;
	int got;

	do {
		xc_domaininfo_t *more = reallocarray(infos, n + LIST_MAX, sizeof(*infos));

		if (!more)
			return -ENOMEM;
		infos = more;
		got = xc_domain_getinfolist(hyper->control, n ? infos[n - 1].domain + 1 : 0,
					    LIST_MAX, infos + n);
		if (got < 0)
			return -errno;
		n += got;
	} while (got == LIST_MAX);
	if (census_set_domains(census, n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		take_info(hyper, &census->domains[i], &infos[i]);
	return 0;
}

int hyper_told(struct hyper *hyper, struct abi_evidence *evidence)
{
	struct evtchn_set_priority *argument = &hyper->page->priority;

	*argument = (struct evtchn_set_priority){ .port = 0, .priority = UINT32_MAX };
	if (xencall2(hyper->calls, __HYPERVISOR_event_channel_op, EVTCHNOP_set_priority,
		     (uintptr_t)argument) == 0)
		return -EPROTO;
	switch (errno) {
	case ENOSYS: /* nothing that sets priorities */
		evidence->told = ABI_TOLD_2L;
		return 0;
	case EINVAL: /* such a priority */
	case EACCES: /* such a port */
		evidence->told = ABI_TOLD_FIFO;
		return 0;
	default:
		return -errno;
	}
}

int hyper_memory(struct hyper *hyper, uint64_t *free_kib, uint64_t *total_kib)
{
	xc_physinfo_t info = { 0 };

	if (xc_physinfo(hyper->control, &info) < 0)
		return -errno;
	/* What waits to be scrubbed is as good as free. */
	*free_kib = (info.free_pages + info.scrub_pages - info.outstanding_pages) *
		    (XC_PAGE_SIZE / 1024);
	*total_kib = info.total_pages * (XC_PAGE_SIZE / 1024);
	return 0;
}

int hyper_parameter(struct hyper *hyper, const char *name, uint64_t *value)
{
	xen_commandline_t line = "";
	size_t len = strlen(name);

	if (xc_version(hyper->control, XENVER_commandline, &line) < 0)
		return -errno;
	line[sizeof(line) - 1] = '\0';
	for (char *rest = NULL, *word = strtok_r(line, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		if (strncmp(word, name, len) != 0 || word[len] != '=')
			continue;
		*value = strtoull(word + len + 1, NULL, 0);
		return 0;
	}
	return -ENOENT;
}

int hyper_pause(struct hyper *hyper, uint32_t domid)
{
	return xc_domain_pause(hyper->control, domid) < 0 ? -errno : 0;
}

int hyper_set_cap(struct hyper *hyper, uint32_t domid, uint32_t max_port)
{
#if HAVE_XC_DOMAIN_SET_MAX_EVTCHN
	return xc_domain_set_max_evtchn(hyper->control, domid, max_port) < 0 ? -errno : 0;
#else
	(void)hyper, (void)domid, (void)max_port;
	return -EOPNOTSUPP;
#endif
}
