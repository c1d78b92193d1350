/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <string.h>

void guest_deinit(struct guest *guest)
{
	for (size_t i = 0; i < guest->n_devices; i++) {
		free(guest->devices[i].backend);
		free(guest->devices[i].bridge);
	}
	free(guest->devices);
	free(guest->source);
	free(guest->name);
	memset(guest, 0, sizeof(*guest));
}

int guest_add_device(struct guest *guest, enum guest_device_kind kind, const char *backend,
		     const char *bridge, uint32_t n)
{
	struct guest_device *devices =
		reallocarray(guest->devices, guest->n_devices + 1, sizeof(*devices));
	struct guest_device device = { .kind = kind, .n = n };

	if (!devices)
		return -ENOMEM;
	guest->devices = devices;
	if (backend)
		device.backend = strdup(backend);
	if (bridge)
		device.bridge = strdup(bridge);
	if ((backend && !device.backend) || (bridge && !device.bridge)) {
		free(device.backend);
		free(device.bridge);
		return -ENOMEM;
	}
	devices[guest->n_devices++] = device;
	return 0;
}

const char *guest_device_name(enum guest_device_kind kind)
{
	static const char *const names[GUEST_N_DEVICE_KINDS] = {
		[GUEST_DISK] = "disk",	     [GUEST_DISK_QEMU] = "disk (qemu)",
		[GUEST_NIC] = "vif",	     [GUEST_VFB] = "vfb",
		[GUEST_VKB] = "vkb",	     [GUEST_VDISPL] = "vdispl",
		[GUEST_VSND] = "vsnd",	     [GUEST_P9] = "9pfs",
		[GUEST_PVCALLS] = "pvcalls", [GUEST_CHANNEL] = "channel",
		[GUEST_USBCTRL] = "usbctrl", [GUEST_VTPM] = "vtpm",
		[GUEST_PCI] = "pci",
	};

	return names[kind];
}
