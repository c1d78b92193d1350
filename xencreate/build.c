/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenguest's steps, in the order that it wants. The kernel's bytes are only borrowed by the
 * library: all workers share them. The third domain of a config, and all after it, are cast.
 *
 * A PVH guest gets no ACPI tables: a Linux kernel has to be told acpi=off, smaller ones need none.
 */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "cleanup.h"
#include "guestcfg.h"
#include "image.h"
#include "mould.h"
#include "shell.h"

#define PAGE_SIZE_BYTES 4096
#define GIB		(UINT64_C(1) << 30)
/* Below 4 GiB a PVH guest has no memory from here on: the local APIC, the special pages. */
#define HOLE_START    UINT64_C(0xfee00000)
#define E820_RAM      1
#define E820_RESERVED 2

#define MOULDS_MAX 16 /* each is up to 2 MiB, and two descriptors */

/* A config, and what has been learnt of it. */
struct known {
	const struct guestcfg *config; /* borrowed: see build_moulds_new() */
	unsigned int n_built;	       /* by the library */
	struct mould *mould;	       /* owned; NULL: none yet, or none can be had */
};

struct build_moulds {
	struct xentoollog_logger *logger; /* borrowed: see build_moulds_new() */
	struct known all[MOULDS_MAX];
	unsigned int n;
};

typedef struct xc_dom_image *dom_handle;

static void dom_release(dom_handle dom)
{
	if (dom)
		xc_dom_release(dom);
}
DEFINE_CLEANUP(dom_handle, dom_release)

static int set_images(struct xc_dom_image *dom, const struct guestcfg *config)
{
	int r = xc_dom_kernel_mem(dom, config->kernel->data, config->kernel->size);

	if (r || !config->ramdisk)
		return r;
	return xc_dom_module_mem(dom, config->ramdisk->data, config->ramdisk->size, NULL);
}

static int parse_image(struct xc_dom_image *dom, const struct guestcfg *config)
{
	(void)config;
	return xc_dom_parse_image(dom);
}

static uint64_t below_hole(uint64_t size)
{
	return size > HOLE_START ? HOLE_START : size;
}

static uint64_t above_hole(uint64_t size)
{
	return size > HOLE_START ? 4 * GIB + size - HOLE_START : 0;
}

/* Source: xenguest.h, "HVM specific fields". */
static int lay_out_memory(struct xc_dom_image *dom, const struct guestcfg *config)
{
	uint64_t size = config->memory_mib << 20;

	if (config->type == GUESTCFG_PVH) {
		dom->target_pages = size / PAGE_SIZE_BYTES;
		dom->lowmem_end = below_hole(size);
		dom->highmem_end = above_hole(size);
		dom->mmio_start = HOLE_START;
		dom->mmio_size = 4 * GIB - HOLE_START;
	}
	return xc_dom_mem_init(dom, (unsigned int)config->memory_mib);
}

static int get_memory(struct xc_dom_image *dom, const struct guestcfg *config)
{
	(void)config;
	return xc_dom_boot_mem_init(dom);
}

static int set_memory_map(xc_interface *xch, uint32_t domid, const struct guestcfg *config)
{
	uint64_t size = config->maxmem_mib << 20,
		 special = X86_HVM_NR_SPECIAL_PAGES * PAGE_SIZE_BYTES;
	struct e820entry map[] = {
		{ 0, below_hole(size), E820_RAM },
		{ (uint64_t)X86_HVM_END_SPECIAL_REGION * PAGE_SIZE_BYTES - special, special,
		  E820_RESERVED },
		{ 4 * GIB, above_hole(size) ? above_hole(size) - 4 * GIB : 0, E820_RAM },
	};

	if (config->type != GUESTCFG_PVH)
		return 0;
	return xc_domain_set_memory_map(xch, domid, map, above_hole(size) ? 3 : 2);
}

static int tell_memory_map(struct xc_dom_image *dom, const struct guestcfg *config)
{
	return set_memory_map(dom->xch, dom->guest_domid, config);
}

static int load_image(struct xc_dom_image *dom, const struct guestcfg *config)
{
	(void)config;
	return xc_dom_build_image(dom);
}

static int set_up_vcpu(struct xc_dom_image *dom, const struct guestcfg *config)
{
	(void)config;
	return xc_dom_boot_image(dom);
}

static int seed_grants(struct xc_dom_image *dom, const struct guestcfg *config)
{
	(void)config;
	return xc_dom_gnttab_init(dom);
}

static const struct {
	const char *what;
	int (*call)(struct xc_dom_image *dom, const struct guestcfg *config);
} steps[] = {
	{ "taking the kernel", set_images },	       { "understanding the kernel", parse_image },
	{ "laying out memory", lay_out_memory },       { "getting memory", get_memory },
	{ "setting the memory map", tell_memory_map }, { "loading the kernel", load_image },
	{ "setting up the first vCPU", set_up_vcpu },  { "seeding the grant table", seed_grants },
};

static void describe(struct xc_dom_image *dom, const struct build_request *request)
{
	dom->container_type = request->config->type == GUESTCFG_PVH ? XC_DOM_HVM_CONTAINER
								    : XC_DOM_PV_CONTAINER;
	dom->flags = 0;
	dom->xenstore_evtchn = request->shell->store_port;
	dom->console_evtchn = request->shell->console_port;
	dom->xenstore_domid = request->store_domid;
	dom->console_domid = request->console_domid;
	dom->max_vcpus = request->config->max_vcpus;
}

/* The library gives -1 and an errno, or a positive errno, or only -1. */
static int failure(xc_interface *xch, int r, const char *what, char *message, size_t message_size)
{
	int error = r > 0 ? r : errno;
	const xc_error *last = xc_get_last_error(xch);

	if (last && last->message[0])
		snprintf(message, message_size, "%s: %s", what, last->message);
	else
		snprintf(message, message_size, "%s: %s", what, error ? strerror(error) : "failed");
	return error ? -error : -EIO;
}

static int build(dom_handle *out, const struct build_request *request, char *message,
		 size_t message_size)
{
	xc_interface *xch = request->xch;
	CLEANUP(dom_release) dom_handle dom = xc_dom_allocate(xch, request->config->cmdline, NULL);
	int r;

	if (!dom)
		return -ENOMEM;
	describe(dom, request);
	xc_clear_last_error(xch);
	errno = 0;
	r = xc_dom_boot_xen_init(dom, xch, request->shell->domid);
	if (r)
		return failure(xch, r, "asking Xen what it can", message, message_size);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		errno = 0;
		r = steps[i].call(dom, request->config);
		if (r)
			return failure(xch, r, steps[i].what, message, message_size);
	}
	*out = STEAL(dom);
	return 0;
}

int build_moulds_new(struct build_moulds **out, struct xentoollog_logger *logger)
{
	struct build_moulds *moulds = calloc(1, sizeof(*moulds));

	if (!moulds)
		return -ENOMEM;
	moulds->logger = logger;
	*out = moulds;
	return 0;
}

void build_moulds_free(struct build_moulds *moulds)
{
	if (!moulds)
		return;
	for (unsigned int i = 0; i < moulds->n; i++)
		mould_free(moulds->all[i].mould);
	free(moulds);
}

unsigned int build_moulds_count(const struct build_moulds *moulds)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < moulds->n; i++)
		n += !!moulds->all[i].mould;
	return n;
}

unsigned int build_moulds_count_whole(const struct build_moulds *moulds)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < moulds->n; i++)
		n += moulds->all[i].mould && mould_is_whole(moulds->all[i].mould);
	return n;
}

/* What is known of this config; NULL: nothing, and nothing will be. */
static struct known *find(struct build_moulds *moulds, const struct guestcfg *config)
{
	struct known *known;

	if (!moulds)
		return NULL;
	for (unsigned int i = 0; i < moulds->n; i++)
		if (moulds->all[i].config == config)
			return &moulds->all[i];
	if (moulds->n == MOULDS_MAX)
		return NULL;
	known = &moulds->all[moulds->n++];
	*known = (struct known){ .config = config };
	return known;
}

/* Who is built for the second time will be built often: one alone does not pay for a mould. If it
 * cannot be had, the library is asked each time. */
static void learn(struct build_moulds *moulds, struct known *known, dom_handle *dom)
{
	if (++known->n_built == 2 && !mould_take(&known->mould, *dom, moulds->logger))
		*dom = NULL;
}

static int cast(struct mould *mould, struct build_result *result,
		const struct build_request *request, char *message, size_t message_size)
{
	const char *what = "setting the memory map";
	int r = set_memory_map(request->xch, request->shell->domid, request->config) < 0 ? -errno
											 : 0;

	if (!r)
		r = mould_cast(mould, result, request->shell, &what);
	if (r < 0)
		snprintf(message, message_size, "%s: %s", what, strerror(-r));
	return r;
}

int build_domain(struct build_result *result, const struct build_request *request,
		 struct build_moulds *moulds, char *message, size_t message_size)
{
	struct known *known = find(moulds, request->config);
	CLEANUP(dom_release) dom_handle dom = NULL;
	int r;

	if (known && known->mould)
		return cast(known->mould, result, request, message, message_size);
	r = build(&dom, request, message, message_size);
	if (r < 0)
		return r;
	result->store_frame = xc_dom_p2m(dom, dom->xenstore_pfn);
	result->console_frame = xc_dom_p2m(dom, dom->console_pfn);
	if (known)
		learn(moulds, known, &dom);
	return 0;
}
