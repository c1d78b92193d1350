/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Foreign memory: which frames of whom can be mapped, and what pages without a frame do. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

#define RW (PROT_READ | PROT_WRITE)

/* Touches a page in this process; which signal came of it. */
static volatile sig_atomic_t caught;
static void catch (int sig)
{
	caught = sig;
	_exit(sig);
}

/* In a child that maps by itself, because it inherits nothing. */
static void say_touch(struct contract *c, const char *probe, uint32_t d, xen_pfn_t frame, int prot,
		      bool write)
{
	int status, err;
	pid_t pid = fork();

	if (!pid) {
		xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
		volatile char *p = xenforeignmemory_map(fmem, d, prot, 1, &frame, &err);

		signal(SIGSEGV, catch);
		signal(SIGBUS, catch);
		if (!p)
			_exit(99);
		if (write)
			*p = 1;
		else
			(void)*p;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say(c, probe, "signal %d", WEXITSTATUS(status));
}

static void map_one(struct contract *c, const char *probe, uint32_t d, xen_pfn_t frame)
{
	int err = 1;
	void *p = xenforeignmemory_map(c->fmem, d, RW, 1, &frame, &err);

	say(c, probe, "%s, %s", p ? "mapped" : strerrorname_np(errno),
	    err ? strerrorname_np(-err) : "ok");
	if (p)
		munmap(p, 4096);
	p = xenforeignmemory_map(c->fmem, d, RW, 1, &frame, NULL);
	say(c, probe, "without err: %s", p ? "mapped" : strerrorname_np(errno));
	if (p)
		munmap(p, 4096);
}

static void mixed(struct contract *c, uint32_t d, const xen_pfn_t *mfns)
{
	const xen_pfn_t three[] = { mfns[0], 0, mfns[1] };
	int err[3] = { 1, 1, 1 };
	char *p = xenforeignmemory_map(c->fmem, d, RW, 3, three, err);

	say(c, "good, Xen's, good", "%s, %d %d %d", p ? "mapped" : "not mapped", err[0], err[1],
	    err[2]);
	if (!p)
		return;
	strcpy(p, "here");
	say(c, "the good ones can be used", "%s", p[8192] == 0 ? "yes" : "no");
	munmap(p, 3 * 4096);
	answer_pointer(c, "no pages", xenforeignmemory_map(c->fmem, d, RW, 0, three, err));
}

static void resources(struct contract *c, uint32_t d)
{
	static const struct {
		const char *probe;
		unsigned int type, id;
		unsigned long frame, n;
	} tries[] = {
		{ "grant table, frame 0", XENMEM_resource_grant_table, 0, 0, 1 },
		{ "grant table, frame 3", XENMEM_resource_grant_table, 0, 3, 1 },
		{ "grant table, frame 4 (beyond)", XENMEM_resource_grant_table, 0, 4, 1 },
		{ "grant status of version 1", XENMEM_resource_grant_table, 1, 0, 1 },
		{ "grant table, id 2", XENMEM_resource_grant_table, 2, 0, 1 },
		{ "type 9", 9, 0, 0, 1 },
		{ "ioreq server of PV", XENMEM_resource_ioreq_server, 0, 0, 1 },
	};
	xenforeignmemory_resource_handle *r;
	size_t size = 0;
	void *p;

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		p = NULL;
		r = xenforeignmemory_map_resource(c->fmem, (domid_t)d, tries[i].type, tries[i].id,
						  tries[i].frame, tries[i].n, &p, RW, 0);
		answer_pointer(c, tries[i].probe, r);
		if (r)
			xenforeignmemory_unmap_resource(c->fmem, r);
	}
	p = NULL;
	r = xenforeignmemory_map_resource(c->fmem, 999, XENMEM_resource_grant_table, 0, 0, 1, &p,
					  RW, 0);
	answer_pointer(c, "grant table of nobody", r);
	answer(c, "size of the grant table",
	       xenforeignmemory_resource_size(c->fmem, (domid_t)d, XENMEM_resource_grant_table, 0,
					      &size));
	say(c, "size of the grant table", "%zu", size);
	answer(c, "size for nobody",
	       xenforeignmemory_resource_size(c->fmem, 999, XENMEM_resource_grant_table, 0, &size));
}

void contract_foreign(struct contract *c)
{
	uint32_t d = create(c, 16), e = create(c, 16);
	xen_pfn_t mfns[2] = { 0, 1 };
	struct xen_domctl op = { .cmd = 0 };
	char *p;

	section(c, "foreign memory");
	answer(c, "populate", xc_domain_populate_physmap(c->xch, d, 2, 0, 0, mfns));
	domctl(c, XEN_DOMCTL_getdomaininfo, d, &op);
	map_one(c, "its page", d, mfns[0]);
	map_one(c, "its shared_info", d, op.u.getdomaininfo.shared_info_frame);
	map_one(c, "nobody's", 999, mfns[0]);
	map_one(c, "Xen's", d, 0);
	map_one(c, "no frame at all", d, ~0ul);
	map_one(c, "another's", e, mfns[0]);
	map_one(c, "as DOMID_IO", 0x7ff1, mfns[0]);
	map_one(c, "as DOMID_XEN", 0x7ff2, mfns[0]);
	mixed(c, d, mfns);
	p = xenforeignmemory_map(c->fmem, d, PROT_WRITE, 1, mfns, NULL);
	answer_pointer(c, "its page, to write only", p);
	memset(p, 0, 4096);
	answer(c, "unmap", xenforeignmemory_unmap(c->fmem, p, 1));
	say_touch(c, "read a page that is there", d, mfns[0], RW, false);
	say_touch(c, "read a page that is not there", d, 0, RW, false);
	say_touch(c, "write to a page mapped to read", d, mfns[0], PROT_READ, true);
	resources(c, d);
	xc_domain_destroy(c->xch, d);
	xc_domain_destroy(c->xch, e);
	wait_gone(c, "it", d);
	wait_gone(c, "the other", e);
}
