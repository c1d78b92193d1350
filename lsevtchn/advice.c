/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
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

/* A setting and what it would have to be, or only its name if it is large enough. */
static int about_setting(char **text, const char *setting, const char *where, uint64_t value,
			 bool fits)
{
	if (fits)
		return asprintf(text, "raise %s%s", setting, where);
	return asprintf(text, "%s=%" PRIu64 "%s", setting, value, where);
}

int advice_make(char **text, const struct capacity_limit *limit, uint64_t requested)
{
	uint64_t needed = limit->used + limit->pending + limit->reserve + requested;
	bool fits = needed <= limit->limit;
	int n;

	switch (limit->resource) {
	case DEMAND_PORTS:
		n = about_ports(text, limit);
		break;
	case DEMAND_DOMIDS:
		n = asprintf(text, "nothing: the hypervisor has no more numbers");
		break;
	case DEMAND_MEMORY:
		n = fits ? asprintf(text, "smaller memory=, or less for domain 0 (dom0_mem)")
			 : asprintf(text,
				    "free %" PRIu64
				    " MiB: smaller memory=, or less for domain 0 (dom0_mem)",
				    (needed - limit->limit) / 1024 + 1);
		break;
	case DEMAND_MAPTRACK:
	case DEMAND_MAPTRACK_BUSY:
		n = about_setting(text, "gnttab_max_maptrack_frames",
				  " on the hypervisor's command line",
				  needed / MAPTRACK_A_FRAME + 1, fits);
		break;
	case DEMAND_PTYS:
		n = about_setting(text, "sysctl kernel.pty.max", "", needed + 1, fits);
		break;
	case DEMAND_CONSOLE_FDS:
		n = about_setting(text, "LimitNOFILE", " for xenconsoled", needed, fits);
		break;
	case DEMAND_STORE_FDS:
		n = about_setting(text, "LimitNOFILE", " for xenstored", needed, fits);
		break;
	case DEMAND_BRIDGE_PORTS:
		n = asprintf(text, "put some on another bridge, or route them (script=vif-route)");
		break;
	case DEMAND_TASKS:
		n = about_setting(text, "sysctl kernel.pid_max and kernel.threads-max",
				  "; xl create -e leaves no process behind", needed, fits);
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
