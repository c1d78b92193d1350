/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenguest's own loaders do the unpacking: a trial parse leaves the ELF file in
 * dom->kernel_blob, whatever the file was. That is copied once; building from it then finds nothing
 * to unpack.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "guestcfg.h"
#include "log.h"

struct image_set {
	struct image **images; /* owned, each at an address that stays */
	size_t n_images;
};

static void image_free(struct image *image)
{
	if (!image)
		return;
	free(image->path);
	free(image->data);
	free(image);
}
DEFINE_CLEANUP(struct image *, image_free)

static int read_file(struct image *image)
{
	CLEANUP(close_fd) int fd = open(image->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return -ENOEXEC;
	image->data = malloc((size_t)st.st_size);
	if (!image->data)
		return -ENOMEM;
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, (char *)image->data + n, (size_t)st.st_size - n);

		if (got < 0)
			return -errno;
		if (!got)
			return -EIO; /* it shrank while we read */
		n += (size_t)got;
	}
	image->size = n;
	return 0;
}

static int keep_unpacked(struct image *image, const struct xc_dom_image *dom)
{
	void *data;

	if (dom->kernel_blob == image->data)
		return 0;
	data = malloc(dom->kernel_size);
	if (!data)
		return -ENOMEM;
	memcpy(data, dom->kernel_blob, dom->kernel_size);
	free(image->data);
	image->data = data;
	image->size = dom->kernel_size;
	return 0;
}

static int unpack_kernel(struct image *image, enum guestcfg_type type, xc_interface *xch)
{
	struct xc_dom_image *dom = xc_dom_allocate(xch, "", NULL);
	int r = -ENOEXEC;

	if (!dom)
		return -ENOMEM;
	dom->container_type = type == GUESTCFG_PVH ? XC_DOM_HVM_CONTAINER : XC_DOM_PV_CONTAINER;
	/* The last one asks Xen for its version and capabilities only: no domain is touched. */
	if (!xc_dom_kernel_mem(dom, image->data, image->size) &&
	    !xc_dom_boot_xen_init(dom, xch, 0) && !xc_dom_parse_image(dom))
		r = keep_unpacked(image, dom);
	xc_dom_release(dom);
	return r;
}

static const struct image *find(const struct image_set *set, const char *path)
{
	for (size_t i = 0; i < set->n_images; i++)
		if (!strcmp(set->images[i]->path, path))
			return set->images[i];
	return NULL;
}

static int add(struct image_set *set, const char *path, const struct guestcfg *kernel_of,
	       xc_interface *xch, const struct image **out)
{
	CLEANUP(image_free) struct image *image = NULL;
	struct image **images;
	int r;

	*out = find(set, path);
	if (*out)
		return 0;
	images = reallocarray(set->images, set->n_images + 1, sizeof(*images));
	if (!images)
		return -ENOMEM;
	set->images = images;
	image = calloc(1, sizeof(*image));
	if (!image)
		return -ENOMEM;
	image->path = strdup(path);
	if (!image->path)
		return -ENOMEM;
	r = read_file(image);
	if (!r && kernel_of)
		r = unpack_kernel(image, kernel_of->type, xch);
	if (r < 0)
		return r;
	*out = images[set->n_images++] = STEAL(image);
	return 0;
}

static int load_config(struct image_set *set, struct guestcfg *config, xc_interface *xch,
		       struct log *log)
{
	int r = add(set, config->kernel_path, config, xch, &config->kernel);

	if (r < 0) {
		log_error(log, "%s: kernel %s: %s", config->path, config->kernel_path,
			  r == -ENOEXEC ? "not a kernel that Xen can start as such a guest"
					: strerror(-r));
		return r;
	}
	if (!config->ramdisk_path)
		return 0;
	r = add(set, config->ramdisk_path, NULL, xch, &config->ramdisk);
	if (r < 0)
		log_error(log, "%s: ramdisk %s: %s", config->path, config->ramdisk_path,
			  strerror(-r));
	return r;
}

int image_set_load(struct image_set **out, struct guestcfg **configs, size_t n_configs,
		   struct xc_interface_core *xch, struct log *log)
{
	CLEANUP(image_set_free) struct image_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	for (size_t i = 0; i < n_configs; i++) {
		int r = configs[i]->handed ? 0 : load_config(set, configs[i], xch, log);

		if (r < 0)
			return r;
	}
	*out = STEAL(set);
	return 0;
}

void image_set_free(struct image_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n_images; i++)
		image_free(set->images[i]);
	free(set->images);
	free(set);
}
