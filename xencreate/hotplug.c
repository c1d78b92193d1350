/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two command lines and an environment. */
#include "hotplug.h"

#include <inttypes.h>
#include <stdio.h>

#define TIMEOUT_MS   40000
#define PATH_MAX_LEN 400

int hotplug_run(struct scripts *scripts, const struct hotplug_request *request)
{
	bool vif = request->kind == DEVICE_VIF;
	char script[PATH_MAX_LEN], type[32], path[64], device[48], netdev[64];
	const char *const env[] = {
		script, type, path, "XENBUS_BASE_PATH=backend", vif ? device : NULL, netdev, NULL,
	};
	const char *const argv[] = {
		request->script,
		vif ? (request->add ? "online" : "offline") : (request->add ? "add" : "remove"),
		vif ? "type_if=vif" : NULL,
		NULL,
	};
	const struct scripts_request run = {
		.argv = argv,
		.env = env,
		.timeout_ms = TIMEOUT_MS,
		.done = request->done,
		.ctx = request->ctx,
	};

	snprintf(script, sizeof(script), "script=%s", request->script);
	snprintf(type, sizeof(type), "XENBUS_TYPE=%s", device_kind_name(request->kind));
	snprintf(path, sizeof(path), "XENBUS_PATH=backend/%s/%" PRIu32 "/%" PRIu32,
		 device_kind_name(request->kind), request->domid, request->devid);
	snprintf(device, sizeof(device), "vif=vif%" PRIu32 ".%" PRIu32, request->domid,
		 request->devid);
	snprintf(netdev, sizeof(netdev), "netdev=%s",
		 request->gatewaydev ? request->gatewaydev : "");
	return scripts_run(scripts, &run);
}
