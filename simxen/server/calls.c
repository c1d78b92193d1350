/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of dom0's kernel as the libraries use them: /dev/xen/evtchn, /dev/xen/gntdev and the
 * mapping part of /dev/xen/privcmd. Each call has a name for the fault plan, like hypercalls.
 *
 * Mapping is in two steps: the client reserves address space and names it here; we record the
 * mapping and give machine frames; the client maps them. So there is no moment at which it has a
 * page that we do not know of.
 */
#include "calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xengnttab.h>

#include "cleanup.h"
#include "core/domain.h"
#include "core/evtchndev.h"
#include "core/grant.h"
#include "core/host.h"
#include "core/hypercall.h"
#include "core/interface.h"
#include "core/mapping.h"
#include "core/memory.h"
#include "core/resource.h"
#include "evtchnfd.h"
#include "process.h"
#include "server.h"
#include "wire.h"

#define PAGES_MAX  (1u << 22)
#define GRANTS_MAX (1u << 16) /* as gntdev's own limit */
#define USER_END   (1ull << 47)

static const char *const evtchn_names[] = {
	[WIRE_BIND_INTERDOMAIN] = "evtchn.bind_interdomain",
	[WIRE_BIND_UNBOUND] = "evtchn.bind_unbound_port",
	[WIRE_BIND_VIRQ] = "evtchn.bind_virq",
	[WIRE_UNBIND] = "evtchn.unbind",
	[WIRE_RESTRICT] = "evtchn.restrict",
};

/*
 * A daemon that was killed and started again binds what its predecessor held: if the loop has not
 * seen yet that the old handle is closed, the port that is in the way is closed here.
 */
static bool clear_way(struct server *server, uint32_t call, const uint64_t args[7])
{
	struct domain *dom0 = host_domain(server->host, 0), *remote;
	const struct evtchn *theirs = NULL;
	uint32_t port = 0;

	if (call == WIRE_BIND_VIRQ && args[1] < EVTCHN_VIRQS)
		port = dom0->evtchn.virq_port[args[1]];
	remote = call == WIRE_BIND_INTERDOMAIN ? hypercall_domain(server->host, (uint32_t)args[1])
					       : NULL;
	if (remote)
		theirs = evtchn_get(remote, (uint32_t)args[2]);
	if (theirs && theirs->state == EVTCHN_INTERDOMAIN && !theirs->remote_domid)
		port = theirs->remote_port;
	if (!port || !server->area->owners[port])
		return false;
	evtchnfd_check(server, server->area->owners[port]);
	return !server->area->owners[port];
}

static int bind(struct evtchndev_handle *handle, uint32_t call, const uint64_t args[7],
		uint32_t *port)
{
	switch (call) {
	case WIRE_BIND_INTERDOMAIN:
		return evtchndev_bind_interdomain(handle, (uint32_t)args[1], (uint32_t)args[2],
						  port);
	case WIRE_BIND_UNBOUND:
		return evtchndev_bind_unbound(handle, (uint32_t)args[1], port);
	default:
		return evtchndev_bind_virq(handle, (uint32_t)args[1], port);
	}
}

static int64_t evtchn_call(struct process *process, uint32_t call, const uint64_t args[7])
{
	struct server *server = process->server;
	struct evtchndev_handle *handle;
	uint32_t port = 0;
	int r = hypercall_fault(server->host, evtchn_names[call]);

	if (r < 0)
		return r;
	handle = evtchnfd_get(server, (uint32_t)args[0]);
	if (!handle)
		return -EBADF;
	if (call == WIRE_UNBIND)
		return evtchndev_unbind(handle, (uint32_t)args[1]);
	if (call == WIRE_RESTRICT)
		return evtchndev_restrict(handle, (uint32_t)args[1]);
	r = bind(handle, call, args, &port);
	if ((r == -EEXIST || r == -EINVAL) && clear_way(server, call, args))
		r = bind(handle, call, args, &port);
	return r < 0 ? r : (int64_t)port;
}

/* Can a client have so many pages there? */
static bool is_range(uint64_t address, uint64_t n, uint64_t n_max)
{
	return n && n <= n_max && !(address % MEMORY_PAGE_BYTES) && address < USER_END &&
	       n <= (USER_END - address) / MEMORY_PAGE_BYTES;
}

/* Frames to machine frames with an error for each; the first error is returned. */
static int look_up_frames(struct host *host, uint32_t domid, const uint64_t *frames, uint64_t n,
			  uint64_t *mfns, int *errors)
{
	struct domain *domain = hypercall_domain(host, domid);
	int first = 0;

	for (uint64_t i = 0; i < n; i++) {
		mfns[i] = UINT64_MAX;
		if (domain)
			errors[i] = domain_frame_for(domain, frames[i], &mfns[i]);
		else
			/* Xen's pseudo-domains exist, but own none of this. */
			errors[i] = domid >= DOMID_FIRST_RESERVED && domid != DOMID_INVALID
					    ? -EBUSY
					    : -ESRCH;
		if (!first)
			first = errors[i];
	}
	return first;
}

static int64_t map_foreign(struct process *process, const uint64_t args[7])
{
	struct host *host = process->server->host;
	struct caller *caller = &process->caller;
	uint64_t n = args[1];
	CLEANUP(free) uint64_t *frames = NULL;
	CLEANUP(free) uint64_t *mfns = NULL;
	CLEANUP(free) int *errors = NULL;
	struct domain *domain;
	int r = hypercall_fault(host, "foreignmemory.map");

	if (r < 0)
		return r;
	if (!is_range(args[0], n, PAGES_MAX))
		return -EINVAL;
	frames = malloc(n * sizeof(*frames));
	mfns = malloc(n * sizeof(*mfns));
	errors = malloc(n * sizeof(*errors));
	if (!frames || !mfns || !errors)
		return -ENOMEM;
	if (caller->read(caller, frames, args[4], n * sizeof(*frames)) < 0)
		return -EFAULT;
	r = look_up_frames(host, (uint32_t)args[3], frames, n, mfns, errors);
	if (r < 0 && !args[5])
		return r;
	if (args[5] && caller->write(caller, args[5], errors, n * sizeof(*errors)) < 0)
		return -EFAULT;
	if (caller->write(caller, args[6], mfns, n * sizeof(*mfns)) < 0)
		return -EFAULT;
	mapping_begin(&process->mapper, args[0], n);
	domain = hypercall_domain(host, (uint32_t)args[3]);
	return domain ? mapping_add(&process->mapper, domain, args[0], n, mfns, NULL, args[2]) : 0;
}

/* One record for each domain of which there are grants in the request. */
static int record_grants(struct process *process, const uint64_t args[7], const uint32_t *domids,
			 const uint32_t *refs, const uint64_t *mfns)
{
	struct host *host = process->server->host;
	uint64_t n = args[1];
	CLEANUP(free) uint64_t *part = malloc(n * sizeof(*part));

	if (!part)
		return -ENOMEM;
	mapping_begin(&process->mapper, args[0], n);
	for (uint64_t i = 0; i < n; i++) {
		bool seen = false;
		int r;

		for (uint64_t j = 0; j < i && !seen; j++)
			seen = domids[j] == domids[i];
		if (seen)
			continue;
		for (uint64_t j = 0; j < n; j++)
			part[j] = domids[j] == domids[i] ? mfns[j] : UINT64_MAX;
		r = mapping_add(&process->mapper, host_domain(host, (uint16_t)domids[i]), args[0],
				n, part, refs, args[2]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Domains are named by their own numbers from then on. Return: so many of the grants are in use
 * now; fewer than asked for: the next one is not to be had. */
static uint64_t begin_grants(struct host *host, const uint64_t args[7], uint32_t *domids,
			     const uint32_t *refs, uint64_t *mfns)
{
	uint64_t i;

	for (i = 0; i < args[1]; i++) {
		struct domain *domain = hypercall_domain(host, domids[args[5] ? i : 0]);

		if (!domain || grant_begin(domain, refs[i], 0, args[2], &mfns[i]) < 0)
			break;
		domids[i] = domain->id;
	}
	return i;
}

static int64_t map_grant(struct process *process, const uint64_t args[7])
{
	struct host *host = process->server->host;
	struct caller *caller = &process->caller;
	uint64_t n = args[1], n_domids = args[5] ? n : 1, n_begun;
	CLEANUP(free) uint32_t *domids = NULL;
	CLEANUP(free) uint32_t *refs = NULL;
	CLEANUP(free) uint64_t *mfns = NULL;
	int r = hypercall_fault(host, "gntdev.map");

	if (r < 0)
		return r;
	if (!is_range(args[0], n, GRANTS_MAX))
		return -EINVAL;
	domids = malloc(n * sizeof(*domids));
	refs = malloc(n * sizeof(*refs));
	mfns = malloc(n * sizeof(*mfns));
	if (!domids || !refs || !mfns)
		return -ENOMEM;
	if (caller->read(caller, domids, args[3], n_domids * sizeof(*domids)) < 0 ||
	    caller->read(caller, refs, args[4], n * sizeof(*refs)) < 0)
		return -EFAULT;
	n_begun = begin_grants(host, args, domids, refs, mfns);
	r = n_begun == n ? caller->write(caller, args[6], mfns, n * sizeof(*mfns)) : -EINVAL;
	if (!r)
		return record_grants(process, args, domids, refs, mfns);
	while (n_begun-- > 0) {
		struct domain *domain = host_domain(host, (uint16_t)domids[n_begun]);

		if (!mapping_has_ref(domain, refs[n_begun], args[2]))
			grant_end(domain, refs[n_begun], args[2]);
	}
	return r;
}

static int64_t map_resource(struct process *process, const uint64_t args[7])
{
	struct host *host = process->server->host;
	struct caller *caller = &process->caller;
	uint64_t n = args[1];
	uint32_t domid = (uint32_t)args[2], type = (uint32_t)(args[3] & 0xffff);
	CLEANUP(free) uint64_t *mfns = NULL;
	int r = hypercall_fault(host, "foreignmemory.map_resource");

	if (r < 0)
		return r;
	if (!is_range(args[0], n, PAGES_MAX))
		return -EINVAL;
	mfns = malloc(n * sizeof(*mfns));
	if (!mfns)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		r = resource_frame(host, domid, type, (uint32_t)args[4], args[5] + i, &mfns[i]);
		if (r < 0)
			return r;
	}
	if (caller->write(caller, args[6], mfns, n * sizeof(*mfns)) < 0)
		return -EFAULT;
	mapping_begin(&process->mapper, args[0], n);
	return mapping_add(&process->mapper, hypercall_domain(host, domid), args[0], n, mfns, NULL,
			   true);
}

/* One end of a grant copy: memory of the caller, or a granted page. */
static int16_t copy_part(struct process *process, const union xengnttab_copy_ptr *part, bool is_ref,
			 bool write, uint16_t len, char *buf)
{
	struct host *host = process->server->host;
	struct caller *caller = &process->caller;
	struct domain *domain;
	uint64_t mfn;
	char *page;

	if (!is_ref) {
		uint64_t at = (uintptr_t)part->virt;
		int r = write ? caller->write(caller, at, buf, len)
			      : caller->read(caller, buf, at, len);

		return r < 0 ? GNTST_bad_virt_addr : GNTST_okay;
	}
	domain = hypercall_domain(host, part->foreign.domid);
	if (!domain)
		return GNTST_bad_domain;
	if (grant_begin(domain, part->foreign.ref, 0, write, &mfn) < 0)
		return GNTST_general_error;
	page = (char *)memory_frame(host->memory, mfn) + part->foreign.offset;
	if (write)
		memcpy(page, buf, len);
	else
		memcpy(buf, page, len);
	grant_end(domain, part->foreign.ref, write);
	return GNTST_okay;
}

/* dom0's kernel wants a grant on one side at least, and no page exceeded. */
static bool may_copy(const xengnttab_grant_copy_segment_t *seg)
{
	uint32_t room = MEMORY_PAGE_BYTES;

	if (!(seg->flags & (GNTCOPY_source_gref | GNTCOPY_dest_gref)))
		return false;
	if ((seg->flags & GNTCOPY_source_gref) &&
	    seg->source.foreign.offset + (uint32_t)seg->len > room)
		return false;
	return !(seg->flags & GNTCOPY_dest_gref) ||
	       seg->dest.foreign.offset + (uint32_t)seg->len <= room;
}

static int64_t copy_grant(struct process *process, const uint64_t args[7])
{
	struct caller *caller = &process->caller;
	int r = hypercall_fault(process->server->host, "gntdev.copy");

	for (uint64_t i = 0; !r && i < args[0] && i < PAGES_MAX; i++) {
		uint64_t at = args[1] + i * sizeof(xengnttab_grant_copy_segment_t);
		xengnttab_grant_copy_segment_t seg;
		char buf[MEMORY_PAGE_BYTES];

		if (caller->read(caller, &seg, at, sizeof(seg)) < 0)
			return -EFAULT;
		if (!may_copy(&seg))
			return -EINVAL;
		seg.status = copy_part(process, &seg.source, seg.flags & GNTCOPY_source_gref, false,
				       seg.len, buf);
		if (seg.status == GNTST_okay)
			seg.status = copy_part(process, &seg.dest, seg.flags & GNTCOPY_dest_gref,
					       true, seg.len, buf);
		if (caller->write(caller, at, &seg, sizeof(seg)) < 0)
			return -EFAULT;
	}
	return r;
}

int64_t calls_do(struct process *process, uint32_t call, const uint64_t args[7])
{
	switch (call) {
	case WIRE_HYPERCALL:
		return hypercall(process->server->host, &process->caller, args[0], args + 1);
	case WIRE_MAP_FOREIGN:
		return map_foreign(process, args);
	case WIRE_MAP_GRANT:
		return map_grant(process, args);
	case WIRE_MAP_RESOURCE:
		return map_resource(process, args);
	case WIRE_UNMAP:
		return mapping_remove(&process->mapper, args[0], args[1], args[2]);
	case WIRE_CLOSED:
		evtchnfd_check(process->server, (uint32_t)args[0]);
		return 0;
	case WIRE_COPY_GRANT:
		return copy_grant(process, args);
	case WIRE_BIND_INTERDOMAIN:
	case WIRE_BIND_UNBOUND:
	case WIRE_BIND_VIRQ:
	case WIRE_UNBIND:
	case WIRE_RESTRICT:
		return evtchn_call(process, call, args);
	default:
		return -ENOSYS;
	}
}
