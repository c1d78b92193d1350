/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration of a domain asks for, as far as it costs something that runs out. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "domtype.h"

enum guest_device_kind {
	GUEST_DISK,	 /* served by the backend's kernel */
	GUEST_DISK_QEMU, /* served by a process */
	GUEST_NIC,
	GUEST_VFB,
	GUEST_VKB,
	GUEST_VDISPL,
	GUEST_VSND,
	GUEST_P9,
	GUEST_PVCALLS,
	GUEST_CHANNEL,
	GUEST_USBCTRL,
	GUEST_VTPM,
	GUEST_PCI,
	GUEST_N_DEVICE_KINDS,
};

struct guest_device {
	enum guest_device_kind kind;
	char *backend; /* owned: name or number of the domain that serves it; NULL: domain 0 */
	char *bridge;  /* owned; NICs: NULL: none, the script does something else with it */
	uint32_t n;    /* connectors of a display, streams of a sound card; else 1 */
	bool cdrom;
};

struct guest {
	char *source; /* owned: the file */
	char *name;   /* owned */
	enum domtype type;
	uint32_t n_vcpus;     /* at start */
	uint32_t n_max_vcpus; /* ever */
	uint64_t memory_kib;
	uint64_t max_memory_kib;
	uint64_t shadow_kib; /* paging pool; given or computed as libxl does */
	uint64_t video_kib;
	uint64_t stubdom_kib;  /* 0: no stubdomain */
	bool stubdom_graphics; /* the stubdomain has a display to show */
	uint32_t n_serial;
	bool driver_domain;
	uint32_t asked_cap; /* max_event_channels; 0: not given */
	unsigned int asked_cap_line;
	int64_t max_grant_frames;     /* -1: the host's default */
	uint32_t max_grant_version;   /* 0: the host's default */
	struct guest_device *devices; /* owned */
	size_t n_devices;
};

void guest_deinit(struct guest *guest);

/**
 * guest_add_device() - add one of @kind
 * @backend, @bridge: copied; NULL as in struct guest_device
 *
 * Return: 0 or -ENOMEM.
 */
int guest_add_device(struct guest *guest, enum guest_device_kind kind, const char *backend,
		     const char *bridge, uint32_t n);

/** guest_device_name() - "disk", "vif", "vkb", … as in xl.cfg. */
const char *guest_device_name(enum guest_device_kind kind);

#endif
