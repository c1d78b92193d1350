/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See contract.h. usage: contract [KERNEL]: with the test guest's image, guests are built and run
 * too. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract.h"

#define GONE_TENTHS 50

void section(struct contract *c, const char *name)
{
	c->section = name;
}

void say(struct contract *c, const char *probe, const char *fmt, ...)
{
	va_list ap;

	printf("%s: %s: ", c->section, probe);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

int answer(struct contract *c, const char *probe, int r)
{
	if (r < 0)
		say(c, probe, "%s", strerrorname_np(errno));
	else
		say(c, probe, "%d", r);
	return r;
}

int answer_ok(struct contract *c, const char *probe, int r)
{
	say(c, probe, "%s", r < 0 ? strerrorname_np(errno) : "ok");
	return r;
}

void *answer_pointer(struct contract *c, const char *probe, void *p)
{
	say(c, probe, "%s", p ? "mapped" : strerrorname_np(errno));
	return p;
}

int domctl(struct contract *c, uint32_t cmd, uint32_t domid, struct xen_domctl *op)
{
	struct xen_domctl *copy = xencall_alloc_buffer(c->call, sizeof(*copy));
	int r, saved;

	*copy = *op;
	copy->cmd = cmd;
	copy->domain = (domid_t)domid;
	copy->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	r = xencall1(c->call, __HYPERVISOR_domctl, (uintptr_t)copy);
	saved = errno;
	*op = *copy;
	xencall_free_buffer(c->call, copy);
	errno = saved;
	return r;
}

uint32_t create(struct contract *c, uint32_t max_pages)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 1,
						     .max_evtchn_port = 1023,
						     .max_grant_frames = 4,
						     .grant_opts = XEN_DOMCTL_GRANT_version(1) } };

	if (domctl(c, XEN_DOMCTL_createdomain, 0, &op) < 0 ||
	    xc_domain_setmaxmem(c->xch, op.domain, max_pages * 4) < 0) {
		fprintf(stderr, "contract: cannot create a domain: %s\n", strerror(errno));
		exit(1);
	}
	return op.domain;
}

void say_info(struct contract *c, const char *probe, uint32_t domid)
{
	struct xen_domctl op = { .cmd = 0 };
	const struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;

	if (domctl(c, XEN_DOMCTL_getdomaininfo, domid, &op) < 0) {
		say(c, probe, "%s", strerrorname_np(errno));
		return;
	}
	say(c, probe, "domain %s flags 0x%08x tot %lu max %lu online %u max_vcpu %d pool %u",
	    op.domain == domid ? "that" : "another", info->flags, info->tot_pages, info->max_pages,
	    info->nr_online_vcpus, (int)info->max_vcpu_id, info->cpupool);
}

void say_port(struct contract *c, const char *probe, uint32_t domid, uint32_t port)
{
	static const char *const names[] = { "closed", "unbound", "interdomain",
					     "pirq",   "virq",	  "ipi" };
	xc_evtchn_status_t s = { .dom = (domid_t)domid, .port = port };

	if (xc_evtchn_status(c->xch, &s) < 0) {
		say(c, probe, "%s", strerrorname_np(errno));
		return;
	}
	switch (s.status) {
	case EVTCHNSTAT_unbound:
		say(c, probe, "unbound for %s", s.u.unbound.dom ? "another" : "dom0");
		break;
	case EVTCHNSTAT_interdomain:
		say(c, probe, "interdomain with %s", s.u.interdomain.dom ? "another" : "dom0");
		break;
	case EVTCHNSTAT_virq:
		say(c, probe, "virq %u", s.u.virq);
		break;
	default:
		say(c, probe, "%s", s.status < 6 ? names[s.status] : "?");
	}
}

void wait_gone(struct contract *c, const char *probe, uint32_t domid)
{
	const struct timespec tenth = { .tv_nsec = 100000000 };
	xc_domaininfo_t info;

	for (int i = 0; i < GONE_TENTHS; i++) {
		if (xc_domain_getinfolist(c->xch, domid, 1, &info) != 1 || info.domain != domid) {
			say(c, probe, "gone");
			return;
		}
		nanosleep(&tenth, NULL);
	}
	say(c, probe, "still there, %lu pages", info.tot_pages);
}

int main(int argc, char **argv)
{
	struct contract c = { .kernel = argc > 1 ? argv[1] : NULL };

	c.xch = xc_interface_open(NULL, NULL, 0);
	c.call = xencall_open(NULL, 0);
	c.evtchn = xenevtchn_open(NULL, 0);
	c.gnttab = xengnttab_open(NULL, 0);
	c.fmem = xenforeignmemory_open(NULL, 0);
	if (!c.xch || !c.call || !c.evtchn || !c.gnttab || !c.fmem) {
		fprintf(stderr, "contract: this is no Xen host: %s\n", strerror(errno));
		return 1;
	}
	contract_refusals(&c);
	contract_asked(&c);
	contract_create(&c);
	contract_domain(&c);
	contract_placement(&c);
	contract_memory(&c);
	contract_evtchn(&c);
	contract_ports(&c);
	contract_handle(&c);
	contract_gnttab(&c);
	contract_foreign(&c);
	contract_death(&c);
	contract_hvm(&c);
	if (c.kernel)
		contract_built(&c);
	xenforeignmemory_close(c.fmem);
	xengnttab_close(c.gnttab);
	xenevtchn_close(c.evtchn);
	xencall_close(c.call);
	xc_interface_close(c.xch);
	return 0;
}
