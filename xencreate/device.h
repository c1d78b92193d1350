/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual network interfaces and disks that a config asks for, as far as domain 0's kernel
 * serves them. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct xlconf;

#define DEVICE_SCRIPTS \
	"/etc/xen/scripts" /* where a script without a slash in front is looked for */
#define DEVICE_MAC_LEN 6

enum device_kind {
	DEVICE_VIF,
	DEVICE_VBD,
	N_DEVICE_KINDS,
};

struct device {
	enum device_kind kind;
	uint32_t devid;
	char *script;	 /* owned, like all strings here: with its folder */
	bool own_script; /* named by the config, or by the host's xl.conf */
	bool trusted;
	/* vif; a string that the config does not give is NULL */
	bool has_mac;
	uint8_t mac[DEVICE_MAC_LEN];
	char *bridge;	 /* never NULL */
	bool own_bridge; /* named, as the script */
	char *ifname, *ip, *gatewaydev, *vlan, *model;
	uint64_t rate_bytes; /* per interval; 0: no limit */
	uint32_t rate_interval_us;
	uint32_t mtu; /* 0: the default */
	/* vbd */
	char *path; /* of a block device or a raw file, or what the script makes of it */
	char *vdev;
	bool writable, removable, direct_io_safe, discard;
};

struct device_list {
	struct device *all; /* owned: vifs first */
	size_t n, n_vifs;
};

/**
 * device_add_vif() - understand one entry of "vif"
 * @defaults: what xl.conf says
 * @why:      out, on error: a static text
 *
 * Return: 0, -ENOMEM, -EINVAL, -EOPNOTSUPP (this needs somebody else: an emulated card, a driver
 * domain). Source: xl-network-configuration(5).
 */
int device_add_vif(struct device_list *list, const char *text, const struct xlconf *defaults,
		   const char **why);

/**
 * device_add_disk() - understand one entry of "disk"
 *
 * A raw image or a block device, served by the kernel: if a script is named, or the path is one of
 * these. Return: as above, or what looking at the path says. Source: xl-disk-configuration(5).
 */
int device_add_disk(struct device_list *list, const char *text, const char **why);

/**
 * device_number_disk() - the number of a virtual disk by its name
 * @vdev: xvda2, sdb, hdc1, d2p3, or a number
 *
 * Return: 0 or -EINVAL. Source: docs/man/xen-vbd-interface.7.
 */
int device_number_disk(uint32_t *devid, const char *vdev);

/** device_kind_name() - "vif" or "vbd": their folder in the store */
const char *device_kind_name(enum device_kind kind);
/** device_kind_of() - the other way round. Return: 0 or -ENOENT. */
int device_kind_of(enum device_kind *kind, const char *name);

/** device_mac_text() - 18 bytes with the NUL */
void device_mac_text(char text[18], const uint8_t mac[DEVICE_MAC_LEN]);
/** device_mac_parse() - six hexadecimal numbers with colons. Return: 0 or -EINVAL. */
int device_mac_parse(uint8_t mac[DEVICE_MAC_LEN], const char *text);

void device_list_deinit(struct device_list *list);

#endif
