/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of "disk": libxlutil reads it; what the kernel's backend cannot serve is refused. */
#include <ctype.h>
#include <errno.h>
#include <libxlutil.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "device.h"

/* "a" is 0, "z" 25, "aa" 26. Returns the place behind the letters, or NULL if there are none. */
static const char *letters(const char *at, unsigned long max, unsigned long *out)
{
	unsigned long value = 0;
	const char *start = at;

	for (; *at >= 'a' && *at <= 'z'; at++) {
		value = value * 26 + (unsigned long)(*at - 'a') + 1;
		if (value > max + 1)
			return NULL;
	}
	*out = value - 1;
	return at == start ? NULL : at;
}

/* PREFIX, letters, maybe a partition. */
static bool match(const char *vdev, const char *prefix, unsigned long disk_max,
		  unsigned long partition_max, unsigned long *disk, unsigned long *partition)
{
	const char *at;
	char *end;

	*partition = 0;
	if (strncmp(vdev, prefix, strlen(prefix)))
		return false;
	at = letters(vdev + strlen(prefix), disk_max, disk);
	if (!at)
		return false;
	if (!*at)
		return true;
	if (!isdigit((unsigned char)*at) || *at == '0')
		return false;
	*partition = strtoul(at, &end, 10);
	return !*end && *partition <= partition_max;
}

static uint32_t xvd(unsigned long disk, unsigned long partition)
{
	if (disk <= 15 && partition <= 15)
		return (uint32_t)(202UL << 8 | disk << 4 | partition);
	return (uint32_t)(1UL << 28 | disk << 8 | partition);
}

int device_number_disk(uint32_t *devid, const char *vdev)
{
	unsigned long disk, partition = 0;
	char end = '\0', *rest;
	int n;

	if (match(vdev, "xvd", (1UL << 20) - 1, 255, &disk, &partition)) {
		*devid = xvd(disk, partition);
		return 0;
	}
	n = sscanf(vdev, "d%7lup%3lu%c", &disk, &partition, &end);
	if (n == 2 || (sscanf(vdev, "d%7lu%c", &disk, &end) == 1 && (partition = 0, true))) {
		if (disk >= 1UL << 20 || partition > 255)
			return -EINVAL;
		*devid = xvd(disk, partition);
		return 0;
	}
	if (match(vdev, "hd", 3, 63, &disk, &partition)) {
		*devid = (uint32_t)((disk < 2 ? 3UL : 22UL) << 8 | (disk & 1) << 6 | partition);
		return 0;
	}
	if (match(vdev, "sd", 15, 15, &disk, &partition)) {
		*devid = (uint32_t)(8UL << 8 | disk << 4 | partition);
		return 0;
	}
	disk = strtoul(vdev, &rest, 0);
	if (!*vdev || *rest || disk > 0x7fffffff)
		return -EINVAL;
	*devid = (uint32_t)disk;
	return 0;
}

/* Can the kernel's backend serve it? libxl asks the same questions in the same order. */
static int check(const libxl_device_disk *disk, const char **why)
{
	struct stat st;

	*why = "only disks that domain 0's kernel serves are handled by xencreate";
	if (disk->backend_domname || disk->is_cdrom || disk->format != LIBXL_DISK_FORMAT_RAW ||
	    libxl_defbool_val(disk->colo_enable))
		return -EOPNOTSUPP;
	if (disk->backend != LIBXL_DISK_BACKEND_UNKNOWN && disk->backend != LIBXL_DISK_BACKEND_PHY)
		return -EOPNOTSUPP;
	if (disk->specification != LIBXL_DISK_SPECIFICATION_UNKNOWN &&
	    disk->specification != LIBXL_DISK_SPECIFICATION_XEN)
		return -EOPNOTSUPP;
	*why = "no disk is named (vdev) or nothing to take it from";
	if (!disk->vdev || !disk->pdev_path)
		return -EINVAL;
	if (disk->script)
		return 0;
	if (stat(disk->pdev_path, &st) < 0) {
		*why = "what it is taken from is not there";
		return -errno;
	}
	*why = "it is taken from neither a block device nor a file";
	return S_ISBLK(st.st_mode) || S_ISREG(st.st_mode) ? 0 : -EOPNOTSUPP;
}

static int describe(struct device *device, const libxl_device_disk *disk)
{
	const char *script = disk->script ? disk->script : "block";

	*device = (struct device){
		.kind = DEVICE_VBD,
		.trusted = libxl_defbool_is_default(disk->trusted) ||
			   libxl_defbool_val(disk->trusted),
		.writable = disk->readwrite,
		.removable = disk->removable,
		.direct_io_safe = disk->direct_io_safe,
		.discard = libxl_defbool_is_default(disk->discard_enable)
				   ? !!disk->readwrite
				   : libxl_defbool_val(disk->discard_enable),
		.own_script = !!disk->script,
		.path = strdup(disk->pdev_path),
		.vdev = strdup(disk->vdev),
	};
	if (*script == '/')
		device->script = strdup(script);
	else if (asprintf(&device->script, DEVICE_SCRIPTS "/%s", script) < 0)
		device->script = NULL;
	return device->path && device->vdev && device->script ? 0 : -ENOMEM;
}

static int add(struct device_list *list, const libxl_device_disk *disk, const char **why)
{
	uint32_t devid = 0;
	struct device *all;
	int r = check(disk, why);

	if (r < 0)
		return r;
	*why = "no such virtual disk is known";
	r = device_number_disk(&devid, disk->vdev);
	if (r < 0)
		return r;
	*why = "this virtual disk is taken";
	for (size_t i = list->n_vifs; i < list->n; i++)
		if (list->all[i].devid == devid)
			return -EINVAL;
	all = reallocarray(list->all, list->n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	list->all = all;
	r = describe(&all[list->n++], disk);
	all[list->n - 1].devid = devid;
	return r;
}

int device_add_disk(struct device_list *list, const char *text, const char **why)
{
	XLU_Config *cfg = xlu_cfg_init(stderr, "disk");
	libxl_device_disk disk;
	int r;

	*why = "not enough memory";
	if (!cfg)
		return -ENOMEM;
	libxl_device_disk_init(&disk);
	libxl_defbool_set(&disk.colo_enable, false);
	r = xlu_disk_parse(cfg, 1, &text, &disk);
	xlu_cfg_destroy(cfg);
	*why = "not understood";
	r = r ? -EINVAL : add(list, &disk, why);
	libxl_device_disk_dispose(&disk);
	return r;
}
