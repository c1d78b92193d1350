/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest built by libxenguest from the test kernel, without a store: what builder and guest leave.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#include "contract.h"

#include <xenguest.h> /* wants xenctrl.h before it */

static int build(struct contract *c, uint32_t d, struct xc_dom_image *dom)
{
	dom->container_type = XC_DOM_PV_CONTAINER;
	dom->xenstore_evtchn = (evtchn_port_t)xc_evtchn_alloc_unbound(c->xch, d, 0);
	dom->console_evtchn = (evtchn_port_t)xc_evtchn_alloc_unbound(c->xch, d, 0);
	dom->flags = 0;
	dom->max_vcpus = 1;
	return xc_dom_kernel_file(dom, c->kernel) ?:
	       xc_dom_boot_xen_init(dom, c->xch, d) ?:
	       xc_dom_parse_image(dom) ?:
	       xc_dom_mem_init(dom, 4) ?:
	       xc_dom_boot_mem_init(dom) ?:
	       xc_dom_build_image(dom) ?:
	       xc_dom_boot_image(dom) ?:
	       xc_dom_gnttab_init(dom);
}

static void say_context(struct contract *c, uint32_t d)
{
	vcpu_guest_context_any_t any;
	vcpu_guest_context_x86_64_t *v = &any.x64;
	unsigned long cr3;

	answer(c, "vcpu context", xc_vcpu_getcontext(c->xch, d, 0, &any));
	say(c, "vcpu context", "flags 0x%lx rflags 0x%lx cs 0x%x ss 0x%x cr0 0x%lx cr4 0x%lx",
	    v->flags, v->user_regs.rflags, v->user_regs.cs, v->user_regs.ss, v->ctrlreg[0],
	    v->ctrlreg[4]);
	answer(c, "set it again", xc_vcpu_setcontext(c->xch, d, 0, &any));
	cr3 = v->ctrlreg[3];
	v->ctrlreg[3] = 0xdead000;
	answer(c, "set another page table", xc_vcpu_setcontext(c->xch, d, 0, &any));
	v->ctrlreg[3] = cr3;
	answer(c, "set vcpu 1", xc_vcpu_setcontext(c->xch, d, 1, &any));
}

static void say_rings(struct contract *c, const char *probe,
		      const struct xenstore_domain_interface *store,
		      const struct xencons_interface *console)
{
	say(c, probe, "store %u %u %u %u, console %u %u %u %s", store->req_cons, store->req_prod,
	    store->rsp_cons, store->rsp_prod, console->in_cons, console->in_prod, console->out_cons,
	    console->out_prod ? "written" : "empty");
}

static void run(struct contract *c, uint32_t d)
{
	struct xenstore_domain_interface *store =
		xengnttab_map_grant_ref(c->gnttab, d, 1, PROT_READ | PROT_WRITE);
	struct xencons_interface *console =
		xengnttab_map_grant_ref(c->gnttab, d, 0, PROT_READ | PROT_WRITE);

	answer_pointer(c, "map grant 1 (store)", store);
	answer_pointer(c, "map grant 0 (console)", console);
	if (!store || !console)
		return;
	say_rings(c, "rings before it runs", store, console);
	answer(c, "unpause", xc_domain_unpause(c->xch, d));
	usleep(1000000);
	say_rings(c, "rings after a second", store, console);
	say_info(c, "idle", d);
	answer(c, "pause", xc_domain_pause(c->xch, d));
	say_info(c, "paused", d);
	answer(c, "max_vcpus", xc_domain_max_vcpus(c->xch, d, 1));
	answer(c, "crash it", xc_domain_shutdown(c->xch, (int)d, SHUTDOWN_crash));
	say_info(c, "crashed", d);
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	usleep(300000);
	say_info(c, "destroyed, two grants mapped", d);
	answer(c, "unmap one", xengnttab_unmap(c->gnttab, store, 1));
	usleep(300000);
	say_info(c, "one grant mapped", d);
	answer(c, "unmap the other", xengnttab_unmap(c->gnttab, console, 1));
	wait_gone(c, "it", d);
}

void contract_built(struct contract *c)
{
	uint32_t d = create(c, 1280);
	struct xc_dom_image *dom = xc_dom_allocate(c->xch, "contract", NULL);

	section(c, "a built guest");
	answer(c, "max_vcpus", xc_domain_max_vcpus(c->xch, d, 1));
	answer(c, "build", build(c, d, dom));
	say(c, "ports", "%u %u", dom->xenstore_evtchn, dom->console_evtchn);
	xc_dom_release(dom);
	say_info(c, "info", d);
	say_context(c, d);
	run(c, d);
}
