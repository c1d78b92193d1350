/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for libxenforeignmemory: mappings of simxend's frame file, which munmap() undoes. Source:
 * xenforeignmemory.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>

#include "../wire.h"
#include "client.h"

#define PAGE_BYTES 4096

struct xenforeignmemory_handle {
	xentoollog_logger *logger; /* borrowed: the caller's */
	uint32_t restricted;	   /* domid, or DOMID_INVALID */
};

struct xenforeignmemory_resource_handle {
	void *address;
	size_t n_pages;
};

CLIENT_API xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
							  unsigned int open_flags)
{
	xenforeignmemory_handle *handle;

	(void)open_flags;
	if (client_connect() < 0) {
		client_say(logger, "xenforeignmemory", errno, "cannot reach simxend");
		return NULL;
	}
	handle = calloc(1, sizeof(*handle));
	if (handle) {
		handle->logger = logger;
		handle->restricted = DOMID_INVALID;
	}
	return handle;
}

CLIENT_API int xenforeignmemory_close(xenforeignmemory_handle *handle)
{
	free(handle);
	return 0;
}

static void give_up(void *address, size_t n, int error)
{
	const uint64_t args[7] = { (uintptr_t)address, n, 0 };

	munmap(address, n * PAGE_BYTES);
	client_call(WIRE_UNMAP, args);
	errno = error;
}

static int is_allowed(const xenforeignmemory_handle *handle, uint32_t dom)
{
	if (handle->restricted == DOMID_INVALID || handle->restricted == dom)
		return 1;
	errno = EPERM;
	return 0;
}

CLIENT_API void *xenforeignmemory_map2(xenforeignmemory_handle *handle, uint32_t dom, void *addr,
				       int prot, int flags, size_t pages, const xen_pfn_t arr[],
				       int err[])
{
	uint64_t *mfns = NULL;
	void *at = NULL;
	int64_t r;

	if (!pages) {
		errno = EINVAL;
		return NULL;
	}
	if (!is_allowed(handle, dom))
		return NULL;
	mfns = malloc(pages * sizeof(*mfns));
	if (mfns)
		at = client_reserve(addr, pages, flags);
	if (at) {
		const uint64_t args[7] = {
			(uintptr_t)at,	pages,		(prot & PROT_WRITE) != 0, dom,
			(uintptr_t)arr, (uintptr_t)err, (uintptr_t)mfns
		};

		r = client_call(WIRE_MAP_FOREIGN, args);
		if (!r && client_map_frames(at, mfns, pages, prot) < 0)
			r = -errno;
		if (r < 0) {
			give_up(at, pages, (int)-r);
			at = NULL;
		}
	}
	free(mfns);
	return at;
}

CLIENT_API void *xenforeignmemory_map(xenforeignmemory_handle *handle, uint32_t dom, int prot,
				      size_t pages, const xen_pfn_t arr[], int err[])
{
	return xenforeignmemory_map2(handle, dom, NULL, prot, 0, pages, arr, err);
}

CLIENT_API int xenforeignmemory_unmap(xenforeignmemory_handle *handle, void *addr, size_t pages)
{
	const uint64_t args[7] = { (uintptr_t)addr, pages, 0 };

	(void)handle;
	if (munmap(addr, pages * PAGE_BYTES) < 0)
		return -1;
	client_call(WIRE_UNMAP, args);
	return 0;
}

CLIENT_API int xenforeignmemory_restrict(xenforeignmemory_handle *handle, domid_t domid)
{
	if (!is_allowed(handle, domid))
		return -1;
	handle->restricted = domid;
	return 0;
}

CLIENT_API xenforeignmemory_resource_handle *
xenforeignmemory_map_resource(xenforeignmemory_handle *handle, domid_t domid, unsigned int type,
			      unsigned int id, unsigned long frame, unsigned long nr_frames,
			      void **paddr, int prot, int flags)
{
	xenforeignmemory_resource_handle *resource;
	uint64_t *mfns;
	void *at;
	int64_t r;

	if (!is_allowed(handle, domid))
		return NULL;
	resource = calloc(1, sizeof(*resource));
	mfns = calloc(nr_frames ? nr_frames : 1, sizeof(*mfns));
	/* No frames at all give a handle without a page, as the real library's. */
	at = resource && mfns && nr_frames ? client_reserve(*paddr, nr_frames, flags) : NULL;
	if (!resource || !mfns || (nr_frames && !at)) {
		free(mfns);
		free(resource);
		return NULL;
	}
	const uint64_t args[7] = {
		(uintptr_t)at, nr_frames, domid, type, id, frame, (uintptr_t)mfns
	};

	r = nr_frames ? client_call(WIRE_MAP_RESOURCE, args) : 0;
	if (!r && nr_frames && client_map_frames(at, mfns, nr_frames, prot) < 0)
		r = -errno;
	free(mfns);
	if (r < 0) {
		free(resource);
		give_up(at, nr_frames, (int)-r);
		return NULL;
	}
	resource->address = *paddr = at;
	resource->n_pages = nr_frames;
	return resource;
}

CLIENT_API int xenforeignmemory_unmap_resource(xenforeignmemory_handle *handle,
					       xenforeignmemory_resource_handle *fres)
{
	int r = fres->n_pages ? xenforeignmemory_unmap(handle, fres->address, fres->n_pages) : 0;

	free(fres);
	return r;
}

CLIENT_API int xenforeignmemory_resource_size(xenforeignmemory_handle *handle, domid_t domid,
					      unsigned int type, unsigned int id, size_t *size)
{
	struct xen_mem_acquire_resource_size {
		domid_t domid;
		uint16_t type;
		uint32_t id;
		uint32_t nr_frames;
		uint32_t pad;
		uint64_t frame;
		uint64_t frame_list;
	} query = { .domid = domid, .type = (uint16_t)type, .id = id };
	const uint64_t args[7] = { __HYPERVISOR_memory_op, 28 /* XENMEM_acquire_resource */,
				   (uintptr_t)&query };
	int64_t r;

	if (!is_allowed(handle, domid))
		return -1;
	r = client_call(WIRE_HYPERCALL, args);
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	*size = (size_t)query.nr_frames * PAGE_BYTES;
	return 0;
}
