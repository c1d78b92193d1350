/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for libxengnttab: granted pages are mappings of simxend's frame file. Sharing pages of
 * dom0 (gntshr) and DMA buffers are not simulated. Source: xengnttab.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xengnttab.h>
#include <xentoollog.h>

#include "../wire.h"
#include "client.h"

#define PAGE_BYTES 4096

struct xengntdev_handle {
	xentoollog_logger *logger; /* borrowed: the caller's */
};

static struct xengntdev_handle *handle_new(struct xentoollog_logger *logger, const char *name)
{
	struct xengntdev_handle *handle;

	if (client_connect() < 0) {
		client_say(logger, name, errno, "cannot reach simxend");
		return NULL;
	}
	handle = calloc(1, sizeof(*handle));
	if (handle)
		handle->logger = logger;
	return handle;
}

CLIENT_API xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger,
					    unsigned int open_flags)
{
	(void)open_flags;
	return handle_new(logger, "gnttab");
}

CLIENT_API int xengnttab_close(xengnttab_handle *handle)
{
	free(handle);
	return 0;
}

CLIENT_API int xengnttab_fd(xengnttab_handle *handle)
{
	(void)handle;
	return client_fd();
}

CLIENT_API int xengnttab_set_max_grants(xengnttab_handle *handle, uint32_t nr_grants)
{
	(void)handle, (void)nr_grants; /* current kernels ignore it too */
	return 0;
}

/* @stride: 1: a domid for each reference; 0: one for all */
static void *map(const xengnttab_handle *handle, uint32_t count, const uint32_t *domids,
		 uint32_t stride, const uint32_t *refs, int prot)
{
	uint64_t *mfns = count ? malloc(count * sizeof(*mfns)) : NULL;
	void *at = mfns ? client_reserve(NULL, count, 0) : NULL;
	int64_t r;

	if (at) {
		const uint64_t args[7] = {
			(uintptr_t)at,	 count,	 (prot & PROT_WRITE) != 0, (uintptr_t)domids,
			(uintptr_t)refs, stride, (uintptr_t)mfns
		};

		r = client_call(WIRE_MAP_GRANT, args);
		if (!r && client_map_frames(at, mfns, count, prot) < 0)
			r = -errno;
		if (r < 0) {
			munmap(at, count * PAGE_BYTES);
			at = NULL;
			errno = (int)-r;
			client_say(handle->logger, "gnttab", errno, "mmap failed");
			errno = (int)-r;
		}
	} else if (!count) {
		errno = EINVAL;
	}
	free(mfns);
	return at;
}

CLIENT_API void *xengnttab_map_grant_refs(xengnttab_handle *handle, uint32_t count,
					  uint32_t *domids, uint32_t *refs, int prot)
{
	return map(handle, count, domids, 1, refs, prot);
}

CLIENT_API void *xengnttab_map_domain_grant_refs(xengnttab_handle *handle, uint32_t count,
						 uint32_t domid, uint32_t *refs, int prot)
{
	return map(handle, count, &domid, 0, refs, prot);
}

CLIENT_API void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref,
					 int prot)
{
	return map(handle, 1, &domid, 0, &ref, prot);
}

CLIENT_API void *xengnttab_map_grant_ref_notify(xengnttab_handle *handle, uint32_t domid,
						uint32_t ref, int prot, uint32_t notify_offset,
						evtchn_port_t notify_port)
{
	if (notify_offset != UINT32_MAX || notify_port != UINT32_MAX) {
		errno = ENOSYS; /* the notification at unmap is not simulated */
		return NULL;
	}
	return map(handle, 1, &domid, 0, &ref, prot);
}

static int call(uint32_t what, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[7] = { a, b, c };
	int64_t r = client_call(what, args);

	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return 0;
}

CLIENT_API int xengnttab_unmap(xengnttab_handle *handle, void *start_address, uint32_t count)
{
	(void)handle;
	if (!start_address || !count) {
		errno = EINVAL;
		return -1;
	}
	/* simxend knows whether it is a mapping of that length; only then it is undone. */
	if (call(WIRE_UNMAP, (uintptr_t)start_address, count, 1) < 0)
		return -1;
	return munmap(start_address, count * (size_t)PAGE_BYTES);
}

CLIENT_API int xengnttab_grant_copy(xengnttab_handle *handle, uint32_t count,
				    xengnttab_grant_copy_segment_t *segs)
{
	(void)handle;
	return call(WIRE_COPY_GRANT, count, (uintptr_t)segs, 0);
}

static int not_simulated(void)
{
	errno = ENOSYS;
	return -1;
}

CLIENT_API int xengnttab_dmabuf_exp_from_refs(xengnttab_handle *handle, uint32_t domid,
					      uint32_t flags, uint32_t count, const uint32_t *refs,
					      uint32_t *fd)
{
	(void)handle, (void)domid, (void)flags, (void)count, (void)refs, (void)fd;
	return not_simulated();
}

CLIENT_API int xengnttab_dmabuf_exp_wait_released(xengnttab_handle *handle, uint32_t fd,
						  uint32_t wait_to_ms)
{
	(void)handle, (void)fd, (void)wait_to_ms;
	return not_simulated();
}

CLIENT_API int xengnttab_dmabuf_imp_to_refs(xengnttab_handle *handle, uint32_t domid, uint32_t fd,
					    uint32_t count, uint32_t *refs)
{
	(void)handle, (void)domid, (void)fd, (void)count, (void)refs;
	return not_simulated();
}

CLIENT_API int xengnttab_dmabuf_imp_release(xengnttab_handle *handle, uint32_t fd)
{
	(void)handle, (void)fd;
	return not_simulated();
}

CLIENT_API xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger,
					    unsigned int open_flags)
{
	(void)open_flags;
	return handle_new(logger, "gntshr");
}

CLIENT_API int xengntshr_close(xengntshr_handle *handle)
{
	free(handle);
	return 0;
}

CLIENT_API int xengntshr_fd(xengntshr_handle *handle)
{
	(void)handle;
	return client_fd();
}

CLIENT_API void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count,
				       uint32_t *refs, int writable)
{
	(void)handle, (void)domid, (void)count, (void)refs, (void)writable;
	not_simulated();
	return NULL;
}

CLIENT_API void *xengntshr_share_page_notify(xengntshr_handle *handle, uint32_t domid,
					     uint32_t *ref, int writable, uint32_t notify_offset,
					     evtchn_port_t notify_port)
{
	(void)handle, (void)domid, (void)ref, (void)writable, (void)notify_offset,
		(void)notify_port;
	not_simulated();
	return NULL;
}

CLIENT_API int xengntshr_unshare(xengntshr_handle *handle, void *start_address, uint32_t count)
{
	(void)handle, (void)start_address, (void)count;
	return not_simulated();
}
