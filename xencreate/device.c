/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vifs and disks have in common: names, addresses, their end. */
#include "device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[N_DEVICE_KINDS] = {
	[DEVICE_VIF] = "vif",
	[DEVICE_VBD] = "vbd",
};

const char *device_kind_name(enum device_kind kind)
{
	return kinds[kind];
}

int device_kind_of(enum device_kind *kind, const char *name)
{
	for (unsigned int i = 0; i < N_DEVICE_KINDS; i++) {
		if (strcmp(kinds[i], name))
			continue;
		*kind = (enum device_kind)i;
		return 0;
	}
	return -ENOENT;
}

void device_mac_text(char text[18], const uint8_t mac[DEVICE_MAC_LEN])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

int device_mac_parse(uint8_t mac[DEVICE_MAC_LEN], const char *text)
{
	uint8_t read[DEVICE_MAC_LEN];

	for (int i = 0; i < DEVICE_MAC_LEN; i++) {
		char *end;
		unsigned long value = strtoul(text, &end, 16);

		if (!isxdigit((unsigned char)*text) || value > 255 || end - text > 2 ||
		    *end != (i == DEVICE_MAC_LEN - 1 ? '\0' : ':'))
			return -EINVAL;
		read[i] = (uint8_t)value;
		text = end + 1;
	}
	memcpy(mac, read, sizeof(read));
	return 0;
}

void device_list_deinit(struct device_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct device *device = &list->all[i];
		char *const texts[] = { device->script, device->bridge,	    device->ifname,
					device->ip,	device->gatewaydev, device->vlan,
					device->model,	device->path,	    device->vdev };

		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			free(texts[j]);
	}
	free(list->all);
	*list = (struct device_list){ 0 };
}
