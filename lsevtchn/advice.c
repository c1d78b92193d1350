/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "abi.h"
#include "capacity.h"

#define MAPTRACK_A_FRAME 256

static int about_ports(char **text, const struct capacity_limit *limit)
{
	uint32_t fifo = abi_ports(ABI_FIFO) - 1;

	if (limit->limit >= fifo)
		return asprintf(text, "serve some devices from another domain (backend=)");
	if (limit->maybe >= fifo)
		return asprintf(text,
				"find out whether it speaks FIFO (%" PRIu32
				" channels): its kernel's log says so",
				fifo);
	if (!limit->where)
		return asprintf(
			text,
			"give it a kernel that speaks FIFO (Linux 3.14 or later without xen.fifo_events=0): "
			"%" PRIu32 " channels; or serve devices from another domain (backend=)",
			fifo);
	return asprintf(
		text, "create it with a larger max_event_channels, and a kernel that speaks FIFO");
}

int advice_make(char **text, const struct capacity_limit *limit, uint64_t requested)
{
	uint64_t needed = limit->used + limit->pending + limit->reserve + requested;
	int n;

	switch (limit->resource) {
	case DEMAND_PORTS:
		n = about_ports(text, limit);
		break;
	case DEMAND_DOMIDS:
		n = asprintf(text, "nothing: the hypervisor has no more numbers");
		break;
	case DEMAND_MEMORY:
		n = asprintf(text,
			     "free %" PRIu64
			     " MiB: smaller memory=, or less for domain 0 (dom0_mem)",
			     (needed > limit->limit ? needed - limit->limit : 0) / 1024 + 1);
		break;
	case DEMAND_MAPTRACK:
	case DEMAND_MAPTRACK_BUSY:
		n = asprintf(text,
			     "gnttab_max_maptrack_frames=%" PRIu64
			     " on the hypervisor's command line",
			     needed / MAPTRACK_A_FRAME + 1);
		break;
	case DEMAND_PTYS:
		n = asprintf(text, "sysctl kernel.pty.max=%" PRIu64, needed + 1);
		break;
	case DEMAND_CONSOLE_FDS:
		n = asprintf(text, "LimitNOFILE=%" PRIu64 " for xenconsoled", needed);
		break;
	case DEMAND_STORE_FDS:
		n = asprintf(text, "LimitNOFILE=%" PRIu64 " for xenstored", needed);
		break;
	case DEMAND_BRIDGE_PORTS:
		n = asprintf(text, "put some on another bridge, or route them (script=vif-route)");
		break;
	case DEMAND_TASKS:
		n = asprintf(text,
			     "sysctl kernel.pid_max=%" PRIu64 " kernel.threads-max=%" PRIu64
			     "; xl create -e leaves no process behind",
			     needed, needed);
		break;
	default:
		n = asprintf(text, "ask for less");
		break;
	}
	if (n < 0) {
		*text = NULL;
		return -ENOMEM;
	}
	return 0;
}
