/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library to preload into a program that talks to Xen: every hypercall, mapping, fork and
 * operation on files and sockets is a step, and one of them fails, or is the last thing that its
 * process does. What the stand-ins for Xen's libraries do on their own account is no step: only
 * what the program and libxenctrl ask of them.
 */
#include "steps.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The real function behind ours. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define HERE	   __builtin_return_address(0)

static struct steps *map_steps(void)
{
	static struct steps *steps; /* set once, before there is a second thread */
	const char *path = getenv(STEPS_VARIABLE);
	int fd;

	if (steps || !path)
		return steps;
	fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	steps = mmap(NULL, sizeof(*steps), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (steps == MAP_FAILED)
		steps = NULL;
	return steps;
}

static bool on_own_account(const void *caller)
{
	static const char *const libraries[] = { "libxencall", "libxenevtchn", "libxengnttab",
						 "libxenforeignmemory", "libsimxen" };
	const char *slash;
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname)
		return true;
	slash = strrchr(info.dli_fname, '/');
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (slash && !strncmp(slash + 1, libraries[i], strlen(libraries[i])))
			return true;
	return false;
}

/* Takes a step; true: it fails, errno says how. */
static bool step(const char *name, const void *caller)
{
	struct steps *steps = map_steps();

	if (!steps || on_own_account(caller) ||
	    __atomic_add_fetch(&steps->n_taken, 1, __ATOMIC_SEQ_CST) != steps->target)
		return false;
	snprintf(steps->name, sizeof(steps->name), "%s", name);
	if (steps->action == STEPS_KILL)
		kill(getpid(), SIGKILL);
	errno = steps->error;
	return steps->action == STEPS_FAIL;
}

/* --- Xen --- */

int xencall0(void *handle, unsigned int op);
int xencall0(void *handle, unsigned int op)
{
	return step("hypercall", HERE) ? -1 : REAL(xencall0)(handle, op);
}

#define XENCALL(n, params, args)                                      \
	int xencall##n params;                                        \
	int xencall##n params                                         \
	{                                                             \
		char name[32];                                        \
		snprintf(name, sizeof(name), "hypercall %u", op);     \
		return step(name, HERE) ? -1 : REAL(xencall##n) args; \
	}

XENCALL(1, (void *handle, unsigned int op, uint64_t a), (handle, op, a))
XENCALL(2, (void *handle, unsigned int op, uint64_t a, uint64_t b), (handle, op, a, b))
XENCALL(3, (void *handle, unsigned int op, uint64_t a, uint64_t b, uint64_t c),
	(handle, op, a, b, c))
XENCALL(4, (void *handle, unsigned int op, uint64_t a, uint64_t b, uint64_t c, uint64_t d),
	(handle, op, a, b, c, d))

void *xencall_alloc_buffer(void *handle, size_t size);
void *xencall_alloc_buffer(void *handle, size_t size)
{
	return step("hypercall buffer", HERE) ? NULL : REAL(xencall_alloc_buffer)(handle, size);
}

void *xenforeignmemory_map(void *handle, uint32_t domid, int prot, size_t n, const void *frames,
			   int *errors);
void *xenforeignmemory_map(void *handle, uint32_t domid, int prot, size_t n, const void *frames,
			   int *errors)
{
	return step("foreign map", HERE)
		       ? NULL
		       : REAL(xenforeignmemory_map)(handle, domid, prot, n, frames, errors);
}

void *xenforeignmemory_map_resource(void *handle, uint32_t domid, unsigned int type,
				    unsigned int id, unsigned long frame, unsigned long n,
				    void **address, int prot, int flags);
void *xenforeignmemory_map_resource(void *handle, uint32_t domid, unsigned int type,
				    unsigned int id, unsigned long frame, unsigned long n,
				    void **address, int prot, int flags)
{
	return step("map resource", HERE)
		       ? NULL
		       : REAL(xenforeignmemory_map_resource)(handle, domid, type, id, frame, n,
							     address, prot, flags);
}

/* --- processes, files, sockets --- */

pid_t fork(void)
{
	return step("fork", HERE) ? -1 : REAL(fork)();
}

int pidfd_open(pid_t pid, unsigned int flags)
{
	return step("pidfd_open", HERE) ? -1 : REAL(pidfd_open)(pid, flags);
}

int memfd_create(const char *name, unsigned int flags)
{
	return step("memfd_create", HERE) ? -1 : REAL(memfd_create)(name, flags);
}

static mode_t mode_of(int flags, va_list list)
{
	return flags & O_CREAT ? va_arg(list, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	return step("open", HERE) ? -1 : REAL(open)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	return step("fopen", HERE) ? NULL : REAL(fopen)(path, mode);
}

FILE *open_memstream(char **text, size_t *size)
{
	return step("open_memstream", HERE) ? NULL : REAL(open_memstream)(text, size);
}

ssize_t write(int fd, const void *data, size_t size)
{
	return step("write", HERE) ? -1 : REAL(write)(fd, data, size);
}

ssize_t read(int fd, void *data, size_t size)
{
	return step("read", HERE) ? -1 : REAL(read)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
	return step("writev", HERE) ? -1 : REAL(writev)(fd, iov, n);
}

ssize_t readv(int fd, const struct iovec *iov, int n)
{
	return step("readv", HERE) ? -1 : REAL(readv)(fd, iov, n);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	return step("send", HERE) ? -1 : REAL(send)(fd, data, size, flags);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	return step("recv", HERE) ? -1 : REAL(recv)(fd, data, size, flags);
}

int socket(int domain, int type, int protocol)
{
	return step("socket", HERE) ? -1 : REAL(socket)(domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return step("socketpair", HERE) ? -1 : REAL(socketpair)(domain, type, protocol, fds);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	return step("connect", HERE) ? -1 : REAL(connect)(fd, address, size);
}

int mkdir(const char *path, mode_t mode)
{
	return step("mkdir", HERE) ? -1 : REAL(mkdir)(path, mode);
}

int unlink(const char *path)
{
	return step("unlink", HERE) ? -1 : REAL(unlink)(path);
}

int rename(const char *from, const char *to)
{
	return step("rename", HERE) ? -1 : REAL(rename)(from, to);
}

int flock(int fd, int operation);
int flock(int fd, int operation)
{
	return step("flock", HERE) ? -1 : REAL(flock)(fd, operation);
}
