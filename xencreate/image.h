/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels and ramdisks of a batch, each read and unpacked once, before the workers are forked, and
 * shared by all. */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>

#include "cleanup.h"

struct guestcfg;
struct image_set;
struct log;
struct xc_interface_core;

struct image {
	char *path; /* owned */
	void *data; /* owned */
	size_t size;
};

/**
 * image_set_load() - read what the configs name, and point them to it
 * @out:     owned by the caller; outlives the configs' use
 * @configs: config->kernel and config->ramdisk are set
 *
 * A compressed kernel (gzip, or a bzImage of any kind that libxenguest knows) is unpacked here and
 * never again.
 *
 * Return: 0, -ENOMEM, -ENOEXEC (no kernel that Xen can load, said in @log), or what opening a file
 * says (likewise).
 */
int image_set_load(struct image_set **out, struct guestcfg **configs, size_t n_configs,
		   struct xc_interface_core *xch, struct log *log);
void image_set_free(struct image_set *set);
DEFINE_CLEANUP(struct image_set *, image_set_free)

#endif
