/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How domains end, and what VIRQ_DOM_EXC says of it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract.h"

/* Events until half a second passed without one: 0, or "some" (two that meet become one). */
static int n_events(struct contract *c)
{
	struct pollfd p = { .fd = xenevtchn_fd(c->evtchn), .events = POLLIN };
	int n = 0, port;

	while (poll(&p, 1, 300) == 1) {
		port = xenevtchn_pending(c->evtchn);
		n++;
		xenevtchn_unmask(c->evtchn, (evtchn_port_t)port);
	}
	return n;
}

static void say_events(struct contract *c, const char *probe)
{
	int n = n_events(c);

	say(c, probe, "%s", n ? "told" : "not told");
}

static void shutdowns(struct contract *c)
{
	uint32_t d = create(c, 16);
	struct xen_domctl op = { .cmd = 0 };

	xc_domain_max_vcpus(c->xch, d, 1);
	n_events(c);
	answer(c, "shut down, poweroff", xc_domain_shutdown(c->xch, (int)d, SHUTDOWN_poweroff));
	say_events(c, "shut down");
	say_info(c, "info", d);
	answer(c, "shut down again, reboot", xc_domain_shutdown(c->xch, (int)d, SHUTDOWN_reboot));
	say_events(c, "shut down again");
	say_info(c, "info", d);
	answer(c, "resume", domctl(c, XEN_DOMCTL_resumedomain, d, &op));
	answer(c, "unpause", xc_domain_unpause(c->xch, d));
	answer(c, "unpause again", xc_domain_unpause(c->xch, d));
	say_info(c, "info", d);
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	say_events(c, "destroyed");
	wait_gone(c, "it", d);
}

static void zombie(struct contract *c)
{
	uint32_t d = create(c, 16);
	xen_pfn_t mfns[3] = { 0, 1, 2 };
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 1,
						     .max_evtchn_port = 1023,
						     .max_grant_frames = 4,
						     .grant_opts = 1 } };
	xc_vcpuinfo_t vcpu;
	void *r, *none = NULL;
	char *p, *q;

	xc_domain_max_vcpus(c->xch, d, 1);
	xc_domain_populate_physmap(c->xch, d, 3, 0, 0, mfns);
	xc_evtchn_alloc_unbound(c->xch, d, 0);
	p = xenforeignmemory_map(c->fmem, d, PROT_READ | PROT_WRITE, 2, mfns, NULL);
	strcpy(p, "still here");
	n_events(c);
	answer(c, "destroy while two pages are mapped", xc_domain_destroy(c->xch, d));
	say_events(c, "destroyed");
	say_info(c, "info", d);
	say(c, "its page", "%s", p);
	answer(c, "destroy again", xc_domain_destroy(c->xch, d));
	answer(c, "pause", xc_domain_pause(c->xch, d));
	answer(c, "unpause", xc_domain_unpause(c->xch, d));
	answer(c, "set its limit", xc_domain_setmaxmem(c->xch, d, 64));
	answer(c, "vcpu info", xc_vcpu_getinfo(c->xch, d, 0, &vcpu));
	answer(c, "alloc_unbound", xc_evtchn_alloc_unbound(c->xch, d, 0));
	say_port(c, "its port", d, 1);
	answer(c, "bind it", xenevtchn_bind_interdomain(c->evtchn, d, 1));
	answer_pointer(c, "map a grant", xengnttab_map_grant_ref(c->gnttab, d, 1, PROT_READ));
	r = xenforeignmemory_map_resource(c->fmem, (domid_t)d, XENMEM_resource_grant_table, 0, 0, 1,
					  &none, PROT_READ, 0);
	answer_pointer(c, "map its grant table", r);
	q = xenforeignmemory_map(c->fmem, d, PROT_READ, 1, mfns, NULL);
	answer_pointer(c, "map its page again", q);
	answer(c, "create with its number", domctl(c, XEN_DOMCTL_createdomain, d, &op));
	munmap(p, 2 * 4096);
	usleep(700000);
	say_events(c, "one of two unmapped");
	say_info(c, "info", d);
	munmap(q, 4096);
	wait_gone(c, "all unmapped", d);
	say_events(c, "all unmapped");
	answer(c, "destroy once more", xc_domain_destroy(c->xch, d));
}

static void peers(struct contract *c)
{
	uint32_t d = create(c, 16);
	int port;

	xc_domain_max_vcpus(c->xch, d, 1);
	xc_evtchn_alloc_unbound(c->xch, d, 0);
	port = xenevtchn_bind_interdomain(c->evtchn, d, 1);
	n_events(c);
	xc_domain_destroy(c->xch, d);
	wait_gone(c, "a domain whose port is bound", d);
	say_events(c, "it went");
	say_port(c, "our end", 0, (uint32_t)port);
	answer(c, "notify it", xenevtchn_notify(c->evtchn, (evtchn_port_t)port));
	answer(c, "unbind it", xenevtchn_unbind(c->evtchn, (evtchn_port_t)port));
}

void contract_death(struct contract *c)
{
	section(c, "death");
	usleep(300000); /* what died before is told a moment after it has left the list */
	answer_ok(c, "bind VIRQ_DOM_EXC", xenevtchn_bind_virq(c->evtchn, VIRQ_DOM_EXC));
	say_events(c, "binding it");
	say_events(c, "nothing happened");
	create(c, 4);
	say_events(c, "a creation");
	shutdowns(c);
	zombie(c);
	peers(c);
	xenevtchn_close(c->evtchn);
	c->evtchn = xenevtchn_open(NULL, 0);
}
