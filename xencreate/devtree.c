/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libxl's note repeats of the back half is written by the same function. */
#include "devtree.h"

#include <inttypes.h>
#include <stdio.h>

#include "device.h"
#include "guestcfg.h"
#include "plan.h"
#include "writer.h"

#define MTU_DEFAULT 1500

/* One device: its three folders. */
struct folders {
	const struct device *device;
	const uint8_t *mac; /* of a vif */
	bool pv;
	char front[DEVTREE_PATH_MAX];
	char back[DEVTREE_PATH_MAX];
	char note[DEVTREE_PATH_MAX];
};

void devtree_backend(char path[DEVTREE_PATH_MAX], uint32_t domid, const struct device *device)
{
	snprintf(path, DEVTREE_PATH_MAX, "/local/domain/0/backend/%s/%" PRIu32 "/%" PRIu32,
		 device_kind_name(device->kind), domid, device->devid);
}

static void maybe(struct writer *w, const char *folder, const char *name, const char *value)
{
	if (value)
		writer_node(w, folder, name, value);
}

static void vif_back(struct writer *w, const struct folders *folders, const char *to)
{
	const struct device *vif = folders->device;
	char text[48];

	writer_node(w, to, "script", vif->script);
	maybe(w, to, "vifname", vif->ifname);
	device_mac_text(text, folders->mac);
	writer_node(w, to, "mac", text);
	maybe(w, to, "ip", vif->ip);
	maybe(w, to, "gatewaydev", vif->gatewaydev);
	snprintf(text, sizeof(text), "%" PRIu64 ",%" PRIu32, vif->rate_bytes,
		 vif->rate_interval_us);
	if (vif->rate_interval_us)
		writer_node(w, to, "rate", text);
	if (vif->mtu && vif->mtu != MTU_DEFAULT)
		writer_number(w, to, "mtu", vif->mtu);
	maybe(w, to, "vlan", vif->vlan);
	writer_node(w, to, "bridge", vif->bridge);
	writer_number(w, to, "handle", vif->devid);
	writer_node(w, to, "type", "vif");
	/* The backend connects when the script has written something here. */
	writer_node(w, to, "hotplug-status", "");
}

static void vbd_back(struct writer *w, const struct folders *folders, const char *to)
{
	const struct device *vbd = folders->device;

	writer_node(w, to, "params", vbd->path);
	writer_node(w, to, "script", vbd->script);
	writer_node(w, to, "removable", vbd->removable ? "1" : "0");
	writer_node(w, to, "bootable", "1");
	writer_node(w, to, "dev", vbd->vdev);
	writer_node(w, to, "type", "phy");
	writer_node(w, to, "mode", vbd->writable ? "w" : "r");
	writer_node(w, to, "device-type", "disk");
	if (vbd->direct_io_safe)
		writer_node(w, to, "direct-io-safe", "1");
	writer_node(w, to, "discard-enable", vbd->discard ? "1" : "0");
	writer_node(w, to, "specification", "xen");
}

static void back(struct writer *w, const struct folders *folders, const char *to)
{
	writer_number(w, to, "frontend-id", w->domid);
	writer_node(w, to, "online", "1");
	if (folders->device->kind == DEVICE_VIF)
		vif_back(w, folders, to);
	else
		vbd_back(w, folders, to);
}

static void note(struct writer *w, const struct folders *folders)
{
	writer_node(w, folders->note, "frontend", folders->front);
	writer_node(w, folders->note, "backend", folders->back);
	back(w, folders, folders->note);
	writer_node(w, folders->note, "state", "1");
}

static void vif_front(struct writer *w, const struct folders *folders)
{
	const struct device *vif = folders->device;
	char mac[18], mtu[DEVTREE_PATH_MAX + 8];

	writer_number(w, folders->front, "handle", vif->devid);
	device_mac_text(mac, folders->mac);
	writer_node(w, folders->front, "mac", mac);
	/* Domain 0's own: a guest cannot change it. */
	snprintf(mtu, sizeof(mtu), "%s/mtu", folders->front);
	writer_folder_ro(w, mtu);
	writer_number(w, folders->front, "mtu", vif->mtu ? vif->mtu : MTU_DEFAULT);
}

static void vbd_front(struct writer *w, const struct folders *folders)
{
	writer_number(w, folders->front, "virtual-device", folders->device->devid);
	writer_node(w, folders->front, "device-type", "disk");
	if (folders->pv)
		writer_node(w, folders->front, "protocol", "x86_64-abi");
}

static void front(struct writer *w, const struct folders *folders)
{
	writer_folder_front(w, folders->front);
	writer_node(w, folders->front, "backend", folders->back);
	writer_node(w, folders->front, "backend-id", "0");
	writer_node(w, folders->front, "trusted", folders->device->trusted ? "1" : "0");
	if (folders->device->kind == DEVICE_VIF)
		vif_front(w, folders);
	else
		vbd_front(w, folders);
	writer_node(w, folders->front, "state", "1");
}

static void write_one(struct writer *w, const struct folders *folders)
{
	note(w, folders);
	front(w, folders);
	writer_remove(w, folders->back);
	writer_folder_ro(w, folders->back);
	writer_node(w, folders->back, "frontend", folders->front);
	back(w, folders, folders->back);
	writer_node(w, folders->back, "state", "1");
}

void devtree_write(struct writer *w, const struct plan_domain *plan)
{
	const struct device_list *devices = &plan->config->devices;

	for (size_t i = 0; i < devices->n; i++) {
		const struct device *device = &devices->all[i];
		struct folders folders = {
			.device = device,
			.mac = i < devices->n_vifs ? plan->macs[i] : NULL,
			.pv = plan->config->type == GUESTCFG_PV,
		};
		const char *kind = device_kind_name(device->kind);

		snprintf(folders.front, sizeof(folders.front), "%.40s/device/%s/%" PRIu32, w->home,
			 kind, device->devid);
		snprintf(folders.note, sizeof(folders.note), "%.40s/device/%s/%" PRIu32, w->libxl,
			 kind, device->devid);
		devtree_backend(folders.back, w->domid, device);
		write_one(w, &folders);
	}
}
