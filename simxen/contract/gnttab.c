/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant tables: written as a builder does it, mapped as daemons do it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

/* What a child dies of when it touches @p: 0, or a signal. */
static int touch(volatile char *p, bool write)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		if (write)
			*p = 1;
		else
			(void)*p;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void seed(struct contract *c, uint32_t d, const xen_pfn_t *mfns)
{
	void *page = NULL;
	xenforeignmemory_resource_handle *r = xenforeignmemory_map_resource(
		c->fmem, (domid_t)d, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &page, PROT_READ | PROT_WRITE, 0);
	grant_entry_v1_t *entries = page;

	answer_pointer(c, "map the table", r);
	if (!r)
		return;
	entries[0] = (grant_entry_v1_t){ GTF_permit_access, 0, (uint32_t)mfns[0] };
	entries[1] = (grant_entry_v1_t){ GTF_permit_access, 0, (uint32_t)mfns[1] };
	entries[2] = (grant_entry_v1_t){ GTF_permit_access | GTF_readonly, 0, (uint32_t)mfns[1] };
	entries[3] = (grant_entry_v1_t){ GTF_permit_access, 5, (uint32_t)mfns[1] };
	entries[4] = (grant_entry_v1_t){ GTF_permit_access, 0, 1 };
	answer(c, "unmap the table", xenforeignmemory_unmap_resource(c->fmem, r));
}

static void one_page(struct contract *c, uint32_t d)
{
	uint32_t both[] = { 0, 1 }, bad[] = { 0, 100 };
	char *p, *q;

	answer_pointer(c, "map of nobody",
		       xengnttab_map_grant_ref(c->gnttab, 999, 1, PROT_READ | PROT_WRITE));
	answer_pointer(c, "map an empty entry",
		       xengnttab_map_grant_ref(c->gnttab, d, 9, PROT_READ | PROT_WRITE));
	answer_pointer(c, "map beyond the table",
		       xengnttab_map_grant_ref(c->gnttab, d, 100000, PROT_READ | PROT_WRITE));
	answer_pointer(c, "map a read-only one for writing",
		       xengnttab_map_grant_ref(c->gnttab, d, 2, PROT_READ | PROT_WRITE));
	answer_pointer(c, "map one for another",
		       xengnttab_map_grant_ref(c->gnttab, d, 3, PROT_READ | PROT_WRITE));
	answer_pointer(c, "map one of a strange frame",
		       xengnttab_map_grant_ref(c->gnttab, d, 4, PROT_READ | PROT_WRITE));
	p = answer_pointer(c, "map 1",
			   xengnttab_map_grant_ref(c->gnttab, d, 1, PROT_READ | PROT_WRITE));
	q = answer_pointer(c, "map 1 again, to read",
			   xengnttab_map_grant_ref(c->gnttab, d, 1, PROT_READ));
	if (p && q) {
		strcpy(p, "alias");
		say(c, "both are one page", "%s", strcmp(q, "alias") ? "no" : "yes");
		say(c, "a child reads", "signal %d", touch(p, false));
	}
	answer(c, "unmap", xengnttab_unmap(c->gnttab, p, 1));
	answer(c, "unmap again", xengnttab_unmap(c->gnttab, p, 1));
	answer(c, "unmap the other", xengnttab_unmap(c->gnttab, q, 1));
	answer(c, "unmap NULL", xengnttab_unmap(c->gnttab, NULL, 1));
	answer(c, "unmap elsewhere", xengnttab_unmap(c->gnttab, (void *)0x1000, 1));
	answer(c, "unmap nothing", xengnttab_unmap(c->gnttab, (void *)0x1000, 0));
	p = answer_pointer(c, "map two",
			   xengnttab_map_domain_grant_refs(c->gnttab, 2, d, both,
							   PROT_READ | PROT_WRITE));
	answer(c, "unmap one of two", xengnttab_unmap(c->gnttab, p, 1));
	answer(c, "unmap two", xengnttab_unmap(c->gnttab, p, 2));
	answer_pointer(c, "map a good and a bad one",
		       xengnttab_map_domain_grant_refs(c->gnttab, 2, d, bad, PROT_READ));
	answer(c, "set_max_grants", xengnttab_set_max_grants(c->gnttab, 10));
}

static xengnttab_grant_copy_segment_t from_guest(uint32_t d, uint32_t ref, uint16_t offset,
						 uint16_t len, void *to)
{
	xengnttab_grant_copy_segment_t s = { .flags = GNTCOPY_source_gref, .len = len };

	s.source.foreign.domid = (uint16_t)d;
	s.source.foreign.ref = ref;
	s.source.foreign.offset = offset;
	s.dest.virt = to;
	return s;
}

static xengnttab_grant_copy_segment_t to_guest(uint32_t d, uint32_t ref, uint16_t offset,
					       uint16_t len, void *from)
{
	xengnttab_grant_copy_segment_t s = { .flags = GNTCOPY_dest_gref, .len = len };

	s.dest.foreign.domid = (uint16_t)d;
	s.dest.foreign.ref = ref;
	s.dest.foreign.offset = offset;
	s.source.virt = from;
	return s;
}

static void copy(struct contract *c, const char *probe, xengnttab_grant_copy_segment_t *s,
		 uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		s[i].status = 77;
	if (answer(c, probe, xengnttab_grant_copy(c->gnttab, n, s)) < 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		say(c, probe, "status %d", s[i].status);
}

/* Without mapping: memory of ours to a granted page and back. */
static void copies(struct contract *c, uint32_t d)
{
	static char buf[4096], back[4096];
	xengnttab_grant_copy_segment_t s[2];

	strcpy(buf, "a line");
	s[0] = to_guest(d, 0, 100, 7, buf);
	copy(c, "copy to a page", s, 1);
	s[0] = from_guest(d, 0, 100, 7, back);
	copy(c, "copy from it", s, 1);
	say(c, "what came back", "%s", back);
	s[0] = to_guest(d, 2, 0, 7, buf);
	copy(c, "copy to one to be read only", s, 1);
	s[0] = from_guest(d, 2, 0, 7, back);
	copy(c, "copy from one to be read only", s, 1);
	s[0] = from_guest(d, 9, 0, 7, back);
	copy(c, "copy from an empty entry", s, 1);
	s[0] = from_guest(d, 3, 0, 7, back);
	copy(c, "copy from another's", s, 1);
	s[0] = from_guest(999, 0, 0, 7, back);
	copy(c, "copy from nobody's", s, 1);
	s[0] = from_guest(d, 0, 4090, 7, back);
	copy(c, "copy over the end of the page", s, 1);
	s[0] = from_guest(d, 0, 0, 0, back);
	copy(c, "copy nothing", s, 1);
	s[0] = from_guest(d, 9, 0, 7, back);
	s[1] = from_guest(d, 0, 100, 7, back);
	copy(c, "a bad and a good one", s, 2);
}

/* One mapping of pages of two domains. */
static void two_domains(struct contract *c, uint32_t d, uint32_t e)
{
	uint32_t domids[] = { d, e }, refs[] = { 0, 0 };
	char *p = xengnttab_map_grant_refs(c->gnttab, 2, domids, refs, PROT_READ | PROT_WRITE);

	answer_pointer(c, "map pages of two domains", p);
	if (!p)
		return;
	strcpy(p, "first");
	strcpy(p + 4096, "second");
	answer(c, "unmap the first alone", xengnttab_unmap(c->gnttab, p, 1));
	answer(c, "unmap both", xengnttab_unmap(c->gnttab, p, 2));
	p = xengnttab_map_grant_ref(c->gnttab, e, 0, PROT_READ);
	say(c, "the second's page", "%s", p ? p : "not mapped");
	if (p)
		xengnttab_unmap(c->gnttab, p, 1);
}

void contract_gnttab(struct contract *c)
{
	uint32_t d = create(c, 16), e;
	xen_pfn_t mfns[2] = { 0, 1 }, others[2] = { 0, 1 };
	struct gnttab_query_size size = { .dom = 999 };
	int version;

	section(c, "grants");
	answer(c, "populate", xc_domain_populate_physmap(c->xch, d, 2, 0, 0, mfns));
	answer(c, "query size of nobody", xc_gnttab_query_size(c->xch, &size));
	say(c, "query size of nobody", "status %d", size.status);
	size = (struct gnttab_query_size){ .dom = (domid_t)d };
	answer(c, "query size", xc_gnttab_query_size(c->xch, &size));
	say(c, "query size", "status %d, %u of %u", size.status, size.nr_frames,
	    size.max_nr_frames);
	version = xc_gnttab_get_version(c->xch, 999);
	say(c, "version of nobody", "%s", version < 0 ? strerrorname_np(errno) : "there");
	answer(c, "version", xc_gnttab_get_version(c->xch, (int)d));
	seed(c, d, mfns);
	one_page(c, d);
	copies(c, d);
	e = create(c, 16);
	xc_domain_populate_physmap(c->xch, e, 2, 0, 0, others);
	seed(c, e, others);
	two_domains(c, d, e);
	answer(c, "destroy", xc_domain_destroy(c->xch, d));
	wait_gone(c, "it", d);
	answer(c, "destroy the other", xc_domain_destroy(c->xch, e));
	wait_gone(c, "the other", e);
}
