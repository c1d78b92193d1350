/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one xl.cfg asks for, as far as guests without a device model go. Anything else is xl's, or
 * refused by name. */
#ifndef GUESTCFG_H
#define GUESTCFG_H

#include <stdbool.h>
#include <stdint.h>

#include "actions.h"
#include "cleanup.h"
#include "cpus.h"
#include "device.h"

struct image;
struct log;

enum guestcfg_type {
	GUESTCFG_PV,
	GUESTCFG_PVH,
	GUESTCFG_HVM, /* only handed to xl */
};

/* "cpus" and "cpus_soft". */
struct guestcfg_cpus {
	struct cpus *sets; /* owned */
	uint32_t n;	   /* 0: the config says nothing */
	bool for_all; /* one set for all vCPUs; else each has its own, and those beyond @n none */
};

struct guestcfg {
	char *path; /* owned, like all strings here */
	char *name; /* never NULL: the file's name stands in for it */
	enum guestcfg_type type;
	bool handed;	     /* xl makes it: of what follows, what is not known here is missing */
	char *kernel_path;   /* NULL only if @handed */
	char *ramdisk_path;  /* or NULL */
	char *cmdline;	     /* never NULL */
	char *userdata_form; /* what libxl keeps of it on disk: userdata.h */
	uint64_t memory_mib;
	uint64_t maxmem_mib;
	uint32_t vcpus;
	uint32_t max_vcpus;
	uint32_t asked_event_channels; /* highest port, inclusive; 0: the config says nothing */
	int32_t max_grant_frames;      /* -1: Xen's default, as for the next */
	int32_t max_maptrack_frames;
	uint32_t grant_version;
	struct guestcfg_cpus cpus, cpus_soft;
	struct device_list devices;
	struct actions actions;
	uint32_t pool; /* the CPU pool's number */
	bool has_uuid;
	uint8_t uuid[16];
	const struct image
		*kernel; /* borrowed from the images, which are freed after the configs */
	const struct image *ramdisk; /* likewise; NULL if there is none */
};

/**
 * guestcfg_read() - read an xl.cfg
 * @out:       owned by the caller
 * @hand_over: what xl understands and we do not is no error; the config is xl's then
 *
 * What is wrong is said in @log: which setting, and why.
 *
 * Return: 0, -ENOMEM, -EINVAL (not understood, or not possible), -EOPNOTSUPP (a setting that we do
 * not handle), or what opening the file says. Source: xl.cfg(5).
 */
int guestcfg_read(struct guestcfg **out, const char *path, bool hand_over, struct log *log);

/** guestcfg_parse() - the same from memory; @path is what errors call it. */
int guestcfg_parse(struct guestcfg **out, const char *path, const char *text, bool hand_over,
		   struct log *log);

void guestcfg_free(struct guestcfg *config);
DEFINE_CLEANUP(struct guestcfg *, guestcfg_free)

/** guestcfg_type_name() - "pv", "pvh" or "hvm", as in xl.cfg and in the store. */
const char *guestcfg_type_name(enum guestcfg_type type);

/**
 * guestcfg_uuid() - read a UUID in its usual form
 * Return: 0 or -EINVAL.
 */
int guestcfg_uuid(uint8_t uuid[16], const char *text);

#endif
