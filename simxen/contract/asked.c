/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs ask of a host before they do anything: versions, CPUs, lists, its console. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#include <xen/physdev.h>

static void versions(struct contract *c)
{
	static const struct {
		const char *name;
		int cmd;
	} texts[] = { { "extraversion", XENVER_extraversion },
		      { "capabilities", XENVER_capabilities },
		      { "changeset", XENVER_changeset } };
	char buf[1024];

	section(c, "versions");
	answer(c, "version", xc_version(c->xch, XENVER_version, NULL));
	answer(c, "pagesize", xc_version(c->xch, XENVER_pagesize, NULL));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(buf, 0, sizeof(buf));
		answer(c, texts[i].name, xc_version(c->xch, texts[i].cmd, buf));
		say(c, texts[i].name, "\"%s\"", buf);
	}
	answer_ok(c, "build id",
		  xc_version(c->xch, XENVER_build_id, &(xen_build_id_t){ .len = 0 }));
}

static void cpus(struct contract *c)
{
	xc_physinfo_t info;
	unsigned int n = 0, n_nodes = 0;
	xc_cputopo_t topology[8];
	xc_meminfo_t memory[4];
	uint32_t distance[16];

	memset(&info, 0, sizeof(info));
	section(c, "CPUs");
	answer(c, "physinfo", xc_physinfo(c->xch, &info));
	say(c, "physinfo", "%u CPUs, %u threads a core, %u nodes, highest CPU %u", info.nr_cpus,
	    info.threads_per_core, info.nr_nodes, info.max_cpu_id);
	answer(c, "how many in the topology", xc_cputopoinfo(c->xch, &n, NULL));
	say(c, "how many in the topology", "%u", n);
	n = 8;
	answer(c, "topology", xc_cputopoinfo(c->xch, &n, topology));
	for (unsigned int i = 0; i < n; i++)
		say(c, "topology", "node %u", topology[i].node);
	n = 1;
	answer(c, "topology of one", xc_cputopoinfo(c->xch, &n, topology));
	say(c, "topology of one", "%u", n);
	answer(c, "how many nodes", xc_numainfo(c->xch, &n_nodes, NULL, NULL));
	say(c, "how many nodes", "%u", n_nodes);
	n_nodes = 1;
	answer(c, "nodes", xc_numainfo(c->xch, &n_nodes, memory, distance));
	say(c, "nodes", "%u, distance %u", n_nodes, distance[0]);
}

static void devices(struct contract *c)
{
	physdev_pci_device_t device = { .seg = 0x7000, .bus = 0xfe, .devfn = 0xff };
	uint32_t node = 7;

	section(c, "devices");
	answer(c, "a device that is not there", xc_pcitopoinfo(c->xch, 1, &device, &node));
	say(c, "a device that is not there", "node 0x%x", node);
	answer(c, "none", xc_pcitopoinfo(c->xch, 0, &device, &node));
}

static void dom0(struct contract *c)
{
	xc_domaininfo_t info[4];
	xc_vcpuinfo_t vcpu;
	unsigned int width = 0;

	section(c, "dom0");
	answer(c, "list from 0", xc_domain_getinfolist(c->xch, 0, 1, info));
	say(c, "it", "domain %u, flags 0x%x, online %u", info[0].domain, info[0].flags,
	    info[0].nr_online_vcpus);
	answer(c, "vcpu 0", xc_vcpu_getinfo(c->xch, 0, 0, &vcpu));
	say(c, "vcpu 0", "online %d blocked %d running %d", vcpu.online, vcpu.blocked,
	    vcpu.running);
	answer(c, "vcpu 5", xc_vcpu_getinfo(c->xch, 0, 5, &vcpu));
	answer(c, "width", xc_domain_get_guest_width(c->xch, 0, &width));
	say(c, "width", "%u", width);
	answer(c, "width of nobody", xc_domain_get_guest_width(c->xch, 999, &width));
	answer(c, "list, one of many", xc_domain_getinfolist(c->xch, 0, 4, info) > 0 ? 0 : -1);
	answer(c, "list from 0x7ff0", xc_domain_getinfolist(c->xch, 0x7ff0, 4, info));
}

static void console(struct contract *c)
{
	static char buf[65536];
	unsigned int n = sizeof(buf), index = 0, end;

	section(c, "console ring");
	answer(c, "read", xc_readconsolering(c->xch, buf, &n, 0, 1, &index));
	end = index;
	say(c, "read", "%s", n ? "something" : "nothing");
	n = 16;
	answer(c, "read on", xc_readconsolering(c->xch, buf, &n, 0, 1, &index));
	say(c, "read on", "%u bytes, index %s", n, index == end ? "as before" : "another");
	index = end - 5;
	n = sizeof(buf);
	answer(c, "the last 5", xc_readconsolering(c->xch, buf, &n, 0, 1, &index));
	say(c, "the last 5", "%u bytes, index %s", n, index == end ? "as before" : "another");
	index = end - 10;
	n = 4;
	answer(c, "4 of the last 10", xc_readconsolering(c->xch, buf, &n, 0, 1, &index));
	say(c, "4 of the last 10", "%u bytes, index %d", n, (int)(index - end));
	n = 16;
	answer(c, "not incremental", xc_readconsolering(c->xch, buf, &n, 0, 0, &index));
	say(c, "not incremental", "%u bytes", n);
}

/* What libxenctrl does with each memory operation: one call of several, each with its own result.
 */
static void multicalls(struct contract *c)
{
	struct multicall_entry *calls = xencall_alloc_buffer(c->call, 4 * sizeof(*calls));

	section(c, "calls of several");
	memset(calls, 0, 4 * sizeof(*calls));
	calls[0].op = __HYPERVISOR_xen_version;
	calls[0].args[0] = XENVER_pagesize;
	calls[1].op = __HYPERVISOR_memory_op;
	calls[1].args[0] = 50;
	calls[2].op = 61;
	calls[3].op = __HYPERVISOR_xen_version;
	calls[3].args[0] = XENVER_version;
	answer(c, "four", xencall2(c->call, __HYPERVISOR_multicall, (uintptr_t)calls, 4));
	for (int i = 0; i < 4; i++)
		say(c, "its result", "%ld", (long)calls[i].result);
	answer(c, "none", xencall2(c->call, __HYPERVISOR_multicall, (uintptr_t)calls, 0));
	answer(c, "one of nowhere", xencall2(c->call, __HYPERVISOR_multicall, 0, 1));
	xencall_free_buffer(c->call, calls);
}

void contract_asked(struct contract *c)
{
	versions(c);
	cpus(c);
	devices(c);
	dom0(c);
	console(c);
	multicalls(c);
}
