/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for libxenevtchn: the handle's descriptor is a stream socket to simxend that reads and
 * writes as /dev/xen/evtchn does. Source: xenevtchn.h.
 *
 * xenstored opens /proc/xen/xsd_kva and /proc/xen/xsd_port itself, and nothing can be mounted where
 * procfs has no directory; so this library, which xenstored is linked with ahead of libc, also
 * answers open() for paths under /proc/xen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xentoollog.h>

#include "../wire.h"
#include "client.h"

struct xenevtchn_handle {
	xentoollog_logger *logger; /* borrowed: the caller's */
	int fd;
	uint32_t number;
};

static xenevtchn_handle *handle_new(struct xentoollog_logger *logger, int fd, uint32_t number)
{
	xenevtchn_handle *handle = calloc(1, sizeof(*handle));

	if (handle)
		*handle = (xenevtchn_handle){ .logger = logger, .fd = fd, .number = number };
	return handle;
}

CLIENT_API xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	xenevtchn_handle *handle;
	uint32_t number;
	int fd;

	if (flags & ~XENEVTCHN_NO_CLOEXEC) {
		errno = EINVAL;
		return NULL;
	}
	fd = client_open_evtchn(!(flags & XENEVTCHN_NO_CLOEXEC), &number);
	if (fd < 0) {
		client_say(logger, "xenevtchn", errno, "cannot open a handle at simxend");
		return NULL;
	}
	handle = handle_new(logger, fd, number);
	if (!handle)
		close(fd);
	return handle;
}

CLIENT_API xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd,
					      unsigned int open_flags)
{
	struct stat st;

	if (open_flags) {
		errno = EINVAL;
		return NULL;
	}
	/* The inode of the socket is the handle's number, in whatever process it arrives. */
	if (fstat(fd, &st) < 0 || client_connect() < 0)
		return NULL;
	return handle_new(logger, fd, (uint32_t)st.st_ino);
}

CLIENT_API int xenevtchn_close(xenevtchn_handle *handle)
{
	uint64_t args[7] = { 0 };
	int r;

	if (!handle)
		return 0;
	args[0] = handle->number;
	r = close(handle->fd);
	client_call(WIRE_CLOSED,
		    args); /* as with the device, the ports are closed when we return */
	free(handle);
	return r;
}

CLIENT_API int xenevtchn_fd(xenevtchn_handle *handle)
{
	return handle->fd;
}

static int call(uint32_t what, const xenevtchn_handle *handle, uint64_t a, uint64_t b)
{
	const uint64_t args[7] = { handle->number, a, b };
	int64_t result = client_call(what, args);

	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	return (int)result;
}

static int write_word(const xenevtchn_handle *handle, uint32_t word)
{
	ssize_t n;

	do {
		n = send(handle->fd, &word, sizeof(word), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(word) ? 0 : -1;
}

CLIENT_API int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
	if (client_owner(port) != handle->number) {
		errno = ENOTCONN;
		return -1;
	}
	return write_word(handle, port | WIRE_NOTIFY);
}

CLIENT_API xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *handle,
								 uint32_t domid)
{
	return call(WIRE_BIND_UNBOUND, handle, domid, 0);
}

CLIENT_API xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle,
								uint32_t domid,
								evtchn_port_t remote_port)
{
	return call(WIRE_BIND_INTERDOMAIN, handle, domid, remote_port);
}

CLIENT_API xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *handle,
							 unsigned int virq)
{
	return call(WIRE_BIND_VIRQ, handle, virq, 0);
}

CLIENT_API int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port)
{
	return call(WIRE_UNBIND, handle, port, 0);
}

CLIENT_API xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle)
{
	evtchn_port_t port;
	ssize_t n;

	do {
		n = read(handle->fd, &port, sizeof(port));
	} while (n < 0 && errno == EINTR);
	if (n == sizeof(port))
		return (int)port;
	if (n >= 0)
		errno = EIO; /* simxend is gone */
	return -1;
}

CLIENT_API int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port)
{
	return write_word(handle, port & ~WIRE_NOTIFY);
}

CLIENT_API int xenevtchn_restrict(xenevtchn_handle *handle, domid_t domid)
{
	return call(WIRE_RESTRICT, handle, domid, 0);
}

typedef int open_fn(const char *path, int flags, ...);

static int open_instead(const char *name, const char *path, int flags, mode_t mode)
{
	open_fn *next = (open_fn *)dlsym(RTLD_NEXT, name);
	char buf[PATH_MAX];

	if (client_proc_path(path, buf, sizeof(buf)))
		path = buf;
	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	return next(path, flags, mode);
}

#define OPEN_MODE(flags)                               \
	__extension__({                                \
		mode_t mode_ = 0;                      \
		if ((flags) & (O_CREAT | O_TMPFILE)) { \
			va_list ap_;                   \
			va_start(ap_, flags);          \
			mode_ = va_arg(ap_, mode_t);   \
			va_end(ap_);                   \
		}                                      \
		mode_;                                 \
	})

#undef open
#undef open64

CLIENT_API int open(const char *path, int flags, ...)
{
	return open_instead("open", path, flags, OPEN_MODE(flags));
}

CLIENT_API int open64(const char *path, int flags, ...)
{
	return open_instead("open64", path, flags, OPEN_MODE(flags));
}
