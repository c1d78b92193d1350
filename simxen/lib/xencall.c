/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands for libxencall: hypercalls become calls to simxend. Source: xencall.h. */
#include <errno.h>
#include <stdlib.h>
#include <xencall.h>
#include <xentoollog.h>

#include "../wire.h"
#include "client.h"

#define PAGE_BYTES 4096

struct xencall_handle {
	xentoollog_logger *logger; /* borrowed: the caller's */
};

CLIENT_API xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned int open_flags)
{
	xencall_handle *handle;

	(void)open_flags; /* non-reentrant use is allowed, not needed */
	if (client_connect() < 0) {
		client_say(logger, "xencall", errno, "cannot reach simxend");
		return NULL;
	}
	handle = calloc(1, sizeof(*handle));
	if (handle)
		handle->logger = logger;
	return handle;
}

CLIENT_API int xencall_close(xencall_handle *handle)
{
	free(handle);
	return 0;
}

CLIENT_API int xencall_fd(xencall_handle *handle)
{
	(void)handle;
	return client_fd();
}

static long call(unsigned int op, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	const uint64_t args[7] = { op, a1, a2, a3, a4, a5 };
	int64_t result = client_call(WIRE_HYPERCALL, args);

	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	return (long)result;
}

CLIENT_API int xencall0(xencall_handle *handle, unsigned int op)
{
	(void)handle;
	return (int)call(op, 0, 0, 0, 0, 0);
}

CLIENT_API int xencall1(xencall_handle *handle, unsigned int op, uint64_t arg1)
{
	(void)handle;
	return (int)call(op, arg1, 0, 0, 0, 0);
}

CLIENT_API int xencall2(xencall_handle *handle, unsigned int op, uint64_t arg1, uint64_t arg2)
{
	(void)handle;
	return (int)call(op, arg1, arg2, 0, 0, 0);
}

CLIENT_API int xencall3(xencall_handle *handle, unsigned int op, uint64_t arg1, uint64_t arg2,
			uint64_t arg3)
{
	(void)handle;
	return (int)call(op, arg1, arg2, arg3, 0, 0);
}

CLIENT_API int xencall4(xencall_handle *handle, unsigned int op, uint64_t arg1, uint64_t arg2,
			uint64_t arg3, uint64_t arg4)
{
	(void)handle;
	return (int)call(op, arg1, arg2, arg3, arg4, 0);
}

CLIENT_API int xencall5(xencall_handle *handle, unsigned int op, uint64_t arg1, uint64_t arg2,
			uint64_t arg3, uint64_t arg4, uint64_t arg5)
{
	(void)handle;
	return (int)call(op, arg1, arg2, arg3, arg4, arg5);
}

CLIENT_API long xencall2L(xencall_handle *handle, unsigned int op, uint64_t arg1, uint64_t arg2)
{
	(void)handle;
	return call(op, arg1, arg2, 0, 0, 0);
}

CLIENT_API void *xencall_alloc_buffer_pages(xencall_handle *handle, size_t nr_pages)
{
	(void)handle;
	return client_alloc_pages(nr_pages);
}

CLIENT_API void xencall_free_buffer_pages(xencall_handle *handle, void *p, size_t nr_pages)
{
	(void)handle;
	if (p)
		client_free_pages(p, nr_pages);
}

/* Whole pages with their number in front, as the real library has it. */
struct buffer_header {
	size_t n_pages;
} __attribute__((aligned(16)));

CLIENT_API void *xencall_alloc_buffer(xencall_handle *handle, size_t size)
{
	size_t n_pages = (size + sizeof(struct buffer_header) + PAGE_BYTES - 1) / PAGE_BYTES;
	struct buffer_header *header = xencall_alloc_buffer_pages(handle, n_pages);

	if (!header)
		return NULL;
	header->n_pages = n_pages;
	return header + 1;
}

CLIENT_API void xencall_free_buffer(xencall_handle *handle, void *p)
{
	struct buffer_header *header = p;

	if (p)
		xencall_free_buffer_pages(handle, header - 1, header[-1].n_pages);
}

CLIENT_API int xencall_buffers_never_fault(xencall_handle *handle)
{
	(void)handle;
	return 1;
}
