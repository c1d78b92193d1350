/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hotplug scripts: what connects a backend that the kernel has made with the rest of the host. */
#ifndef HOTPLUG_H
#define HOTPLUG_H

#include <stdint.h>

#include "device.h"
#include "scripts.h"

struct hotplug_request {
	enum device_kind kind;
	uint32_t domid, devid;
	const char *script;	/* as it stands in the store */
	const char *gatewaydev; /* of a vif; or NULL */
	bool add;		/* else it goes */
	scripts_done_fn *done;
	void *ctx;
};

/**
 * hotplug_run() - start a device's script
 *
 * With the arguments and the environment that libxl gives it, and its limit of 40 seconds.
 * Return: 0 or -ENOMEM. Source: docs/misc/block-scripts.txt, xl-network-configuration(5); libxl,
 * LIBXL_HOTPLUG_TIMEOUT.
 */
int hotplug_run(struct scripts *scripts, const struct hotplug_request *request);

#endif
